/**
 * The decision header of one call, with a request capability where the target's
 * code uses PLATFORM (shared/identity/capability.ts). No I/O; a call that uses nothing
 * of it costs a look into a Map.
 */
import {
  CAPABILITY_RENEW_SECONDS,
  mintCapability,
  type Capability,
} from '../../identity/capability.ts'
import { createLruCache } from '../../lib/lru-cache.ts'
import { encodeDecision } from '../../contracts/inner-wire.ts'
import type { Caller } from '../authenticate/caller.ts'
import type { ServerCall } from '../mcp-request.ts'
import type { ServerRecord, Gateway } from '../ports.ts'
import { CAPABILITY_CACHE_ENTRIES } from '../limits.ts'

type Decided = Pick<ServerCall, 'method' | 'name' | 'task'>

/** The text for DECISION_HEADER. */
export function decisionFor(
  gateway: Gateway,
  { principal }: Caller,
  server: ServerRecord,
  call: Decided,
  nowSeconds: number,
): string | Promise<string> {
  const { method, name } = call
  const isTool = method === 'tools/call' && name !== undefined
  if (!isTool) return textOf(server, call)
  if (server.compiled.tools.get(name)?.usesPlatform) {
    const { subject, tenant, clientId } = principal
    const { issuer } = gateway
    const capability = { server: server.name, tenant, subject, clientId, method, name, issuer }
    return withCapability(gateway, server, call, capability, nowSeconds)
  }
  if (call.task) return textOf(server, call)
  // Kept for tools, whose names are the record's own; URIs are the callers' to choose.
  let text = server.decisions.get(name)
  if (text === undefined) server.decisions.set(name, (text = textOf(server, call)))
  return text
}

async function withCapability(
  gateway: Gateway,
  server: ServerRecord,
  call: Decided,
  capability: Capability,
  nowSeconds: number,
): Promise<string> {
  return textOf(server, call, await capabilityFor(gateway, capability, nowSeconds))
}

/** Texts already made, by what they say. */
const made = createLruCache<{ text: string; renewAtSeconds: number }>(CAPABILITY_CACHE_ENTRIES)

/** The capability for one caller and target: the same text for some minutes. */
export async function capabilityFor(
  gateway: Gateway,
  capability: Capability,
  nowSeconds: number,
): Promise<string> {
  const key = JSON.stringify(capability)
  const kept = made.get(key)
  if (kept && kept.renewAtSeconds > nowSeconds) return kept.text
  const text = await mintCapability(await gateway.capabilityKeys(), capability, nowSeconds)
  made.set(key, { text, renewAtSeconds: nowSeconds + CAPABILITY_RENEW_SECONDS })
  return text
}

const textOf = (
  { compiled, seal }: ServerRecord,
  { method, name, task }: Decided,
  capability?: string,
): string =>
  encodeDecision({
    method,
    ...(name === undefined ? {} : { name }),
    digest: compiled.entry.digest,
    seal,
    ...(capability === undefined ? {} : { capability }),
    ...task,
  })
