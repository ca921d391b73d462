/**
 * The decision header of one call, with a request capability where the target's
 * code uses PLATFORM (shared/identity/capability.ts). No I/O; a call that uses nothing
 * of it costs a look into a Map.
 */
import {
  CAPABILITY_RENEW_SECONDS,
  mintCapability,
  type Capability,
} from '../identity/capability.ts'
import { createLruCache } from '../lib/lru-cache.ts'
import { encodeDecision } from '../contracts/inner-wire.ts'
import type { Caller } from './authenticate.ts'
import type { ModernCall } from './call.ts'
import type { ServerRecord } from '../../workers/router/catalog/catalog-view.ts'
import { CAPABILITY_CACHE_ENTRIES } from './limits.ts'
import type { Platform } from '../../workers/router/config.ts'

type Decided = Pick<ModernCall, 'method' | 'name' | 'task'>

/** The text for DECISION_HEADER. */
export function decisionFor(
  platform: Platform,
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
    const { issuer } = platform
    const capability = { server: server.name, tenant, subject, clientId, method, name, issuer }
    return withCapability(platform, server, call, capability, nowSeconds)
  }
  if (call.task) return textOf(server, call)
  // Kept for tools, whose names are the record's own; URIs are the callers' to choose.
  let text = server.decisions.get(name)
  if (text === undefined) server.decisions.set(name, (text = textOf(server, call)))
  return text
}

async function withCapability(
  platform: Platform,
  server: ServerRecord,
  call: Decided,
  capability: Capability,
  nowSeconds: number,
): Promise<string> {
  return textOf(server, call, await capabilityFor(platform, capability, nowSeconds))
}

/** Texts already made, by what they say. */
const made = createLruCache<{ text: string; renewAtSeconds: number }>(CAPABILITY_CACHE_ENTRIES)

/** The capability for one caller and target: the same text for some minutes. */
export async function capabilityFor(
  platform: Platform,
  capability: Capability,
  nowSeconds: number,
): Promise<string> {
  const key = JSON.stringify(capability)
  const kept = made.get(key)
  if (kept && kept.renewAtSeconds > nowSeconds) return kept.text
  const text = await mintCapability(await platform.capabilityKeys(), capability, nowSeconds)
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
