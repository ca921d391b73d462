/**
 * `/oauth/backup`: what `npm run backup` reads and `npm run restore` writes, page by
 * page. For holders of the key file alone, with a scope of its own; the entrypoint
 * Backup of the objects Worker does it, and notes both in the catalog's history.
 */
import { BACKUP_AUDIENCE_PATH, BACKUP_SCOPE } from '#shared/identity/operator.ts'
import type { Result } from '#shared/lib/result.ts'
import type { BackupFailure } from '#shared/catalog/backup-contract.ts'
import { NO_STORE, oauthError } from './answers.ts'
import { boundedText } from './bounded-text.ts'
import type { Exchange } from './exchange.ts'
import { BACKUP_ADOPTED_MAX, BACKUP_BODY_MAX_BYTES } from './limits.ts'
import { holdsKeyFile } from './operator.ts'

const ID = /^[0-9A-Za-z-]{8,64}$/
const OBJECT_ID = /^[0-9a-f]{64}$/

/** `GET ?id&cursor`; `POST ?id&do=write|finish|adopt` */
export async function manageBackup(request: Request, exchange: Exchange): Promise<Response> {
  const { backup } = exchange
  if (!(await holdsKeyFile(request, exchange, BACKUP_AUDIENCE_PATH, BACKUP_SCOPE))) {
    return oauthError(
      401,
      'invalid_token',
      'Use the commands backup and restore, with the keys of this platform',
    )
  }
  const { searchParams } = new URL(request.url)
  const id = searchParams.get('id') ?? ''
  if (!ID.test(id)) return oauthError(400, 'invalid_request', 'The id of the backup is missing')
  switch (`${request.method} ${searchParams.get('do') ?? ''}`) {
    case 'GET ':
      return outcome(await backup.read(id, searchParams.get('cursor') ?? undefined))
    case 'POST write':
      return withList(request, async (records) => outcome(await backup.write(id, records)))
    case 'POST finish':
      return outcome(await backup.finish(id))
    case 'POST adopt':
      return withList(request, async (ids) => {
        const known = ids.filter((one) => typeof one === 'string' && OBJECT_ID.test(one))
        if (known.length < ids.length || ids.length > BACKUP_ADOPTED_MAX) {
          return oauthError(400, 'invalid_request', 'These are not ids of objects')
        }
        return answer({ adopted: await backup.adopt(known as string[]) })
      })
    default:
      return oauthError(405, 'invalid_request', 'This is not done here')
  }
}

async function withList(
  request: Request,
  act: (list: unknown[]) => Promise<Response>,
): Promise<Response> {
  const text = await boundedText(request, BACKUP_BODY_MAX_BYTES)
  if (text === undefined) return oauthError(413, 'invalid_request', 'The page is too large')
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list)) return await act(list as unknown[])
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return oauthError(400, 'invalid_request', 'The body is not a list in JSON')
}

const outcome = (result: Result<unknown, BackupFailure>): Response =>
  result.ok
    ? answer(result.value)
    : oauthError(
        result.failure.reason === 'full' ? 409 : 400,
        result.failure.reason,
        result.failure.detail,
      )

const answer = (value: unknown): Response => Response.json(value, { headers: NO_STORE })
