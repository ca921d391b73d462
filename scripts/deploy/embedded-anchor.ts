/** Which trust anchor a deployed server was built with: read from its code, whoever deployed it. */
import type { JWK } from 'jose'
import { namespacePath } from './account.ts'
import type { Target } from './command.ts'
import { workerName } from './names.ts'

export async function embedsAnchor(
  { cloudflare, settings }: Pick<Target, 'cloudflare' | 'settings'>,
  server: string,
  anchor: JWK,
): Promise<boolean> {
  const { servers, env } = settings
  const code = await cloudflare.raw(
    servers.kind === 'namespace'
      ? `${namespacePath(servers.namespace)}/scripts/${server}/content`
      : `/workers/scripts/${workerName(server, env)}/content/v2`,
  )
  return code !== undefined && anchor.x !== undefined && code.includes(anchor.x)
}
