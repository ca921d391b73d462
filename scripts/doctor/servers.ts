/** Servers of the repository and servers that run: which are only one of both. */
import { nextCommand } from '#shared/lib/next-command.ts'
import { isDeployed, linkedServers } from '../deploy/account.ts'
import type { Patient } from './finding.ts'

/** Those the router reaches, as far as the account tells. */
export function runningServers({ settings, state, servers }: Patient): string[] {
  const here = servers.filter((name) => isDeployed(state, settings, name))
  const linked = linkedServers(state).filter((name) => isDeployed(state, settings, name))
  return [...new Set([...here, ...linked, ...(state.namespaceServers ?? [])])].sort()
}

export async function checkDeployedServers(patient: Patient): Promise<void> {
  const { settings, state, servers, findings } = patient
  const { env, leaveOut } = settings
  const linked = linkedServers(state)
  const running = runningServers(patient)
  for (const name of servers) {
    const deploy = `Run: ${nextCommand(env, 'deploy', name)}`
    if (!running.includes(name)) {
      if (!leaveOut.includes(name)) findings.note(name, 'is not deployed.', deploy)
    } else if (settings.servers.kind === 'bindings' && !linked.includes(name)) {
      findings.problem(name, 'runs, but the router is not bound to it.', deploy)
    } else findings.ok(name, `${settings.publicOrigin}/${name}/mcp`)
  }
  for (const name of running.filter((each) => !servers.includes(each))) {
    findings.note(
      name,
      'runs, and has no folder in this checkout.',
      `If it is needed no longer: ${nextCommand(env, 'remove', name)}`,
    )
  }
  const gone = linked.filter((name) => !isDeployed(state, settings, name))
  for (const name of gone) {
    findings.problem(
      name,
      'The router is bound to it, and it is gone.',
      `Run: ${nextCommand(env, 'remove', name)}`,
    )
  }
}
