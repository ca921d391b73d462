/**
 * The operator's side of a platform that runs: where its authorization server is,
 * and tokens for its admin endpoints, signed with a key of the installation.
 */
import type { JWK } from 'jose'
import { signOperatorToken } from '#shared/identity/operator.ts'
import { keyFilePath, readKeyFile } from '../deploy/key-file.ts'
import { readDeployedSettings } from '../deploy/settings.ts'
import { devSecrets } from '../dev-secrets.ts'
import { DEV } from '../gen/trust.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'

const DEV_ISSUER = 'http://localhost:8787'
const TIMEOUT_MS = 15_000

export interface Operator {
  /** Origin of the authorization server. */
  readonly issuer: string
  /**
   * A request to an admin endpoint of the authorization server.
   *
   * @param path `/oauth/…`; the token is for `audiencePath`, which it starts with
   * @throws Stop with what the platform said, or that it cannot be reached
   */
  request(method: string, path: string, body?: unknown): Promise<unknown>
}

/**
 * @param env `dev`, or an environment that was deployed
 * @param url the authorization server, where it is not where it usually is
 * @throws Stop when this machine has no keys of that platform
 */
export async function operatorOf(
  env: string,
  url: string | undefined,
  {
    audiencePath,
    scope,
    timeoutMs = TIMEOUT_MS,
  }: { audiencePath: string; scope: string; timeoutMs?: number },
): Promise<Operator> {
  const issuer =
    url ?? (env === DEV ? DEV_ISSUER : readDeployedSettings(env, 'say --env dev').issuer)
  const key = await tokenKeyOf(env)
  return {
    issuer,
    async request(method, path, body) {
      const audience = issuer + audiencePath
      const token = await signOperatorToken(key, { issuer, audience, scope })
      const answer = await fetch(issuer + path, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      }).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        throw new Stop(issuer, `It cannot be reached: ${reason}`, 'Is it running? Say where: --url')
      })
      return readAnswer(issuer, answer)
    },
  }
}

async function readAnswer(issuer: string, answer: Response): Promise<unknown> {
  const text = await answer.text()
  const said = parse(text) as { error_description?: unknown } | undefined
  if (answer.ok && said !== undefined) return said
  const reason = typeof said?.error_description === 'string' ? said.error_description : ''
  throw new Stop(issuer, reason || `It answered ${answer.status}.`, 'See `--help`.')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function tokenKeyOf(env: string): Promise<JWK & { kid: string }> {
  const kept = env === DEV ? await developmentKeys() : readKeyFile(env)?.keys.tokenKeys
  // A newer key may wait for its time (`nbf`), an older one have lost its private half.
  const keys = kept as readonly (JWK & { nbf?: number })[] | undefined
  const nowSeconds = Date.now() / 1000
  const key = keys?.find(({ d, nbf }) => d !== undefined && (nbf ?? 0) <= nowSeconds)
  if (key?.kid !== undefined) return { ...key, kid: key.kid }
  throw new Stop(
    shown(keyFilePath(env)),
    `There are no keys of "${env}" on this machine.`,
    'Run it where the platform was deployed from, or copy the key file here.',
  )
}

const developmentKeys = async (): Promise<JWK[]> =>
  JSON.parse((await devSecrets()).oauth.TOKEN_KEYS) as JWK[]
