/** Bindings, variables, secrets and dates of the platform's Workers, as they should be. */
import type { Unstable_RawConfig } from 'wrangler'
import { nextCommand } from '#shared/lib/next-command.ts'
import { linkedServers, secretNames, type DeployedBinding } from '../deploy/account.ts'
import { platformConfig } from '../deploy/config.ts'
import { PLATFORM_ROLES, PLATFORM_WORKERS, workerName, type PlatformRole } from '../deploy/names.ts'
import { readRequiredSecrets } from '../deploy/required-secrets.ts'
import type { Patient } from './finding.ts'

export function checkBindings(patient: Patient): void {
  for (const role of PLATFORM_ROLES) {
    const worker = patient.state.platform[role]
    if (!worker) continue
    checkSecrets(patient, role)
    const config = expectedConfig(patient, role)
    const name = config.name ?? role
    compare(patient, name, expectedBindings(config), deployedBindings(worker.bindings))
    const date = worker.compatibility_date
    if (date !== undefined && date !== config.compatibility_date) {
      const what = `runs with compatibility date ${date}, this release with ${config.compatibility_date}.`
      patient.findings.problem(name, what, patient.deploy)
    }
  }
}

function checkSecrets({ settings, state, findings, deploy }: Patient, role: PlatformRole): void {
  const has = secretNames(state.platform[role])
  const missing = readRequiredSecrets(role).filter((name) => !has.has(name))
  const worker = workerName(PLATFORM_WORKERS[role], settings.env)
  if (missing.length > 0)
    findings.problem(worker, `lacks the secrets ${missing.join(', ')}.`, deploy)
  else findings.ok(worker, 'has its secrets')
  const oidc = settings.vars['oauth']?.['OIDC_ISSUER']
  if (role === 'oauth' && oidc && !has.has('OIDC_CLIENT_SECRET')) {
    findings.note(
      worker,
      'signs people in as a public client: it has no OIDC_CLIENT_SECRET.',
      `If your provider gave one: ${nextCommand(settings.env, 'secret', 'oauth', 'put', 'OIDC_CLIENT_SECRET')}`,
    )
  }
}

function expectedConfig({ settings, state, servers }: Patient, role: PlatformRole) {
  const linked = linkedServers(state)
  const context = {
    settings,
    servers: [...new Set([...servers, ...linked])],
    linked,
    exists: (worker: string) => state.workers.has(worker),
  }
  return platformConfig(role, context, state.catalogKvId ?? '').config
}

/** `name` → what it leads to. */
type Targets = ReadonlyMap<string, string>

function expectedBindings(config: Unstable_RawConfig): Targets {
  const own = config.name ?? ''
  return new Map([
    ...Object.entries(config.vars ?? {}).map(([name, value]) => [name, value as string] as const),
    ...(config.services ?? []).map(({ binding, service }) => [binding, service] as const),
    ...(config.durable_objects?.bindings ?? []).map(
      ({ name, class_name, script_name }) => [name, `${script_name ?? own}/${class_name}`] as const,
    ),
    ...(config.kv_namespaces ?? []).map(
      (kv: { binding: string; id?: string }) => [kv.binding, kv.id ?? ''] as const,
    ),
    ...(config.dispatch_namespaces ?? []).map(
      ({ binding, namespace }) => [binding, namespace ?? ''] as const,
    ),
  ])
}

function deployedBindings(bindings: readonly DeployedBinding[]): Targets {
  return new Map(
    bindings.flatMap((binding) => {
      const target = targetOf(binding)
      return target === undefined ? [] : [[binding.name, target] as const]
    }),
  )
}

/** `undefined` for kinds that are not compared: secrets above all. */
function targetOf(binding: DeployedBinding): string | undefined {
  const member = (name: string): string => binding[name] as string
  switch (binding.type) {
    case 'plain_text':
      return member('text')
    case 'service':
      return member('service')
    case 'kv_namespace':
      return member('namespace_id')
    case 'dispatch_namespace':
      return member('namespace')
    case 'durable_object_namespace':
      return `${binding['script_name'] ? member('script_name') : ''}/${member('class_name')}`
    default:
      return undefined
  }
}

function compare(
  { findings, deploy }: Patient,
  worker: string,
  expected: Targets,
  deployed: Targets,
): void {
  /** Objects of its own may be written with or without the Worker's name. */
  const same = (a: string | undefined, b: string): boolean =>
    a === b || a === b.replace(`${worker}/`, '/')
  const wrong = [...expected].filter(([name, target]) => !same(deployed.get(name), target))
  const extra = [...deployed.keys()].filter((name) => !expected.has(name))
  if (wrong.length === 0 && extra.length === 0) return findings.ok(worker, 'bound as it should be')
  const lines = [
    ...wrong.map(
      ([name, target]) =>
        `${name} should be ${target || 'empty'}, is ${deployed.get(name) ?? 'missing'}`,
    ),
    ...extra.map((name) => `${name} should not be there`),
  ]
  findings.problem(worker, lines.join('; '), deploy)
}
