/** What clients see at the public origin, and whether it is this platform. */
import * as z from 'zod/mini'
import type { Patient } from './finding.ts'
import { runningServers } from './servers.ts'

const TIMEOUT_MS = 5000

export async function checkPublic(patient: Patient): Promise<void> {
  const { settings, findings, state, deploy } = patient
  if (!state.platform.router) return
  const { publicOrigin, issuer } = settings
  const unreachable = await failureOf(`${publicOrigin}/health`)
  if (unreachable !== undefined) {
    return findings.problem(
      publicOrigin,
      `does not answer: ${unreachable}.`,
      'A new domain takes minutes. Else see that its zone is in this account, or correct publicOrigin.',
    )
  }
  findings.ok(publicOrigin, 'answers')
  await compare(
    patient,
    `${issuer}/.well-known/oauth-authorization-server`,
    'issuer',
    issuer,
    deploy,
  )
  const [server] = runningServers(patient)
  if (server === undefined) return
  const resource = `${publicOrigin}/${server}/mcp`
  const url = `${publicOrigin}/.well-known/oauth-protected-resource/${server}/mcp`
  await compare(patient, url, 'resource', resource, deploy)
}

async function compare(
  { findings }: Patient,
  url: string,
  member: string,
  expected: string,
  remedy: string,
): Promise<void> {
  const value = (await metadata(url))?.[member]
  if (value === expected) return findings.ok(url, `names ${expected}`)
  const found = typeof value === 'string' ? value : 'nothing'
  findings.problem(url, `names ${found} as its ${member}, not ${expected}.`, remedy)
}

async function metadata(url: string): Promise<Record<string, unknown> | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return z.record(z.string(), z.unknown()).parse(await response.json())
  } catch {
    // Whatever is wrong, it is not our metadata.
    return undefined
  }
}

async function failureOf(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return response.ok ? undefined : `status ${response.status}`
  } catch (error) {
    const { message, cause } = error as Error
    return cause instanceof Error ? cause.message : message
  }
}
