/**
 * Machine clients: one secret `MACHINE_<name>` each, put there by an operator's
 * command (`npm run machine`); there is no other way in, and without one client
 * credentials and introspection are off.
 *
 * A machine is its own subject (RFC 9068 §2.2), never a person's.
 */
import type { JWK } from 'jose'
import * as z from 'zod/mini'
import { isTenant } from '#shared/identity/identity.ts'
import { isServerName } from '#shared/protocol/names.ts'
import {
  MACHINE_CREDENTIALS_MAX,
  MACHINE_SCOPES_MAX,
  MACHINE_SERVERS_MAX,
  MACHINES_MAX,
} from '../limits.ts'

const PREFIX = 'MACHINE_'
const CLIENT_PREFIX = 'machine_'
const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/
/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/
const SHA256_HEX = /^[0-9a-f]{64}$/

const machineSchema = z.strictObject({
  /** Names of the servers it may ask tokens for, and introspect tokens of. */
  servers: z
    .array(z.string().check(z.refine(isServerName)))
    .check(z.minLength(1), z.maxLength(MACHINE_SERVERS_MAX)),
  /** The most it may be granted. */
  scopes: z._default(
    z.array(z.string().check(z.regex(SCOPE))).check(z.maxLength(MACHINE_SCOPES_MAX)),
    [],
  ),
  tenant: z._default(z.string().check(z.refine(isTenant)), 'default'),
  /** SHA-256 (hex) of its secret; two while it is being replaced. */
  secrets: z._default(
    z.array(z.string().check(z.regex(SHA256_HEX))).check(z.maxLength(MACHINE_CREDENTIALS_MAX)),
    [],
  ),
  /** Public keys of `private_key_jwt` (RFC 7523 §2.2). */
  keys: z._default(
    z
      .array(z.looseObject({ kty: z.enum(['EC', 'OKP', 'RSA']) }))
      .check(z.maxLength(MACHINE_CREDENTIALS_MAX)),
    [],
  ),
  /** A resource server: it may ask about tokens for its servers (RFC 7662). */
  introspects: z._default(z.boolean(), false),
  /** It gets no Bearer tokens (RFC 9449 §5.2). */
  dpop: z._default(z.boolean(), false),
})

/** What an operator writes. */
export type MachineSettings = z.input<typeof machineSchema>

export interface Machine extends Omit<z.output<typeof machineSchema>, 'keys'> {
  readonly clientId: string
  readonly keys: readonly JWK[]
}

export type Machines = ReadonlyMap<string, Machine>

/** Does a client id mean a machine, known or not? */
export const isMachineId = (clientId: string | undefined): boolean =>
  clientId?.startsWith(CLIENT_PREFIX) === true

/** @throws TypeError with the variable's name when it cannot be used */
export function readMachines(env: object): Machines {
  const machines = new Map<string, Machine>()
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || typeof text !== 'string' || text === '') continue
    const machine = read(variable, text)
    machines.set(machine.clientId, machine)
  }
  if (machines.size > MACHINES_MAX) throw new TypeError(`At most ${MACHINES_MAX} machines`)
  return machines
}

function read(variable: string, text: string): Machine {
  const name = variable.slice(PREFIX.length)
  const parsed = machineSchema.safeParse(tryJson(text))
  if (!NAME.test(name) || !parsed.success) {
    const why = parsed.success ? 'its name' : parsed.error.issues[0]?.path.join('.')
    throw new TypeError(`${variable} is no machine client (${why}); register it again`)
  }
  const { keys, ...rest } = parsed.data
  const leaked = keys.some((key) => 'd' in key)
  if (leaked) throw new TypeError(`${variable} holds a private key; the machine alone may have it`)
  return { ...rest, keys: keys as unknown as JWK[], clientId: CLIENT_PREFIX + name }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
