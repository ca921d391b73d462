/** Which trust anchor a deployed server was built with: read from its code, whoever deployed it. */
import type { JWK } from 'jose'
import { serverPath } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import type { Target } from './command.ts'
import { trustedAnchors } from './key-file.ts'
import type { ServersForm } from './servers-form.ts'

export async function embedsAnchor(
  { cloudflare, settings }: Pick<Target, 'cloudflare' | 'settings'>,
  server: string,
  anchor: JWK,
): Promise<boolean> {
  const { servers, env } = settings
  return embeds(await codeOf(cloudflare, servers, env, server), anchor)
}

/**
 * Whether a Worker was built for this platform: it embeds one of the anchors this
 * environment trusts. A Worker of that name may belong to something else on the account.
 *
 * @param form the place to look in
 */
export async function isOurs(
  cloudflare: Cloudflare,
  form: ServersForm,
  env: string,
  server: string,
): Promise<boolean> {
  const code = await codeOf(cloudflare, form, env, server)
  return trustedAnchors(env).some((anchor) => embeds(code, anchor))
}

function codeOf(
  cloudflare: Cloudflare,
  form: ServersForm,
  env: string,
  server: string,
): Promise<string | undefined> {
  const content = form.kind === 'namespace' ? 'content' : 'content/v2'
  return cloudflare.raw(`${serverPath(form, env, server)}/${content}`)
}

const embeds = (code: string | undefined, { x }: JWK): boolean =>
  code !== undefined && x !== undefined && code.includes(x)
