/**
 * Client credentials (RFC 6749 §4.4): a machine asks for itself, for one of its
 * servers and at most its scopes. No refresh token: it can always ask again.
 */
import { dpopErrorOf } from '#shared/identity/dpop-failure.ts'
import type { VerifiedProof } from '#shared/identity/dpop-proof.ts'
import { claimProof } from '#shared/contracts/claim-proof.ts'
import { implies, reduceScopes } from '#shared/identity/scopes.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import { mintAccessToken } from '../token/access-tokens.ts'
import { NO_STORE, oauthError } from '../answers.ts'
import { accessTokenSeconds } from '../authorize/as-for-resource.ts'
import type { Exchange } from '../exchange.ts'
import { MACHINE_TOKEN_SECONDS } from '../limits.ts'
import { authenticateMachine, machineRefusal } from './machine-auth.ts'
import type { Machine } from './machines.ts'
import { resourceOf, serverNameOf } from '../authorize/resource.ts'
import { mayUse } from '../authorize/servers.ts'
import type { KnownServer, Person } from '../authorize/known-server.ts'
import { subjectOf } from '#shared/identity/subject.ts'

/** The issuer under which machines are known. */
const MACHINE_ISSUER = 'urn:mcp-edge:machine'

export async function machineToken(
  request: Request,
  form: URLSearchParams,
  proof: VerifiedProof | undefined,
  exchange: Exchange,
): Promise<Response> {
  const authenticated = await authenticateMachine(request, form, exchange)
  if (!authenticated.ok) return machineRefusal(request, authenticated.failure)
  const machine = authenticated.value
  const person: Person = {
    subject: await subjectOf(MACHINE_ISSUER, machine.clientId),
    tenant: machine.tenant,
  }
  const server = await serverFor(form, machine, person, exchange)
  if (!server) return oauthError(400, 'invalid_target', 'Name one of your servers as resource')
  const scope = scopeFor(form, machine)
  if (!scope.ok) return oauthError(400, 'invalid_scope', 'None of these scopes is yours')
  const refused = await refuseProof(proof, machine, server, exchange)
  if (refused) return refused
  return answer(machine, person, server, scope.value, proof, exchange)
}

async function answer(
  { clientId }: Machine,
  person: Person,
  { name, policy }: KnownServer,
  scope: string,
  proof: VerifiedProof | undefined,
  { settings }: Exchange,
): Promise<Response> {
  const lifetimeSeconds = Math.min(MACHINE_TOKEN_SECONDS, accessTokenSeconds(policy))
  const resource = resourceOf(settings.publicOrigin, name)
  const accessToken = await mintAccessToken(settings, {
    person,
    clientId,
    // Revoking one token of a machine leaves its others alone.
    grantId: crypto.randomUUID(),
    resource,
    scope,
    lifetimeSeconds,
    jkt: proof?.jkt,
  })
  const tokens = {
    access_token: accessToken,
    token_type: proof ? 'DPoP' : 'Bearer',
    expires_in: lifetimeSeconds,
    scope,
    resource,
  }
  return Response.json(tokens, { headers: NO_STORE })
}

/** RFC 8707: the one that is named, or the only one there is. */
async function serverFor(
  form: URLSearchParams,
  { servers }: Machine,
  person: Person,
  { settings, catalog, ctx }: Exchange,
): Promise<KnownServer | undefined> {
  const named = form.getAll('resource').map((url) => serverNameOf(settings.publicOrigin, url))
  const asked = named.length > 0 ? named : servers
  const [name, ...others] = asked
  if (name === undefined || others.length > 0 || !servers.includes(name)) return undefined
  const server = await catalog.find(name, ctx)
  return server && mayUse(person, server.policy) ? server : undefined
}

/** What is asked for, as far as the machine's scopes imply it; all of them when nothing is. */
function scopeFor(form: URLSearchParams, { scopes }: Machine): Result<string, { reason: 'none' }> {
  const asked = (form.get('scope') ?? '').split(' ').filter(Boolean)
  if (asked.length === 0) return ok(scopes.join(' '))
  const granted = asked.filter((scope) => scopes.some((held) => implies(held, scope)))
  return granted.length > 0 ? ok(reduceScopes(granted).join(' ')) : fail({ reason: 'none' })
}

async function refuseProof(
  proof: VerifiedProof | undefined,
  machine: Machine,
  { policy }: KnownServer,
  { replay }: Exchange,
): Promise<Response | undefined> {
  const refuse = (reason: 'no_proof' | 'replayed'): Response => {
    const { code, sentence } = dpopErrorOf({ reason })
    return oauthError(400, code, sentence)
  }
  if (!proof) return machine.dpop || policy.dpop === 'required' ? refuse('no_proof') : undefined
  return (await claimProof(replay, proof)) ? undefined : refuse('replayed')
}
