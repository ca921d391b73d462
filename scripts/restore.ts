/** `npm run restore <file>`: brings back what a backup holds and the platform has lost; see `--help`. */
import { resolve } from 'node:path'
import type { BackupPage, BackupRecord, BackupSection } from '#shared/catalog/backup-contract.ts'
import type { Restored } from '#shared/contracts/identity.ts'
import { Contents } from './backup/contents.ts'
import { readHeader, readPages, type BackupHeader } from './backup/file.ts'
import { backupKeys, type BackupKey } from './backup/key.ts'
import { backupPlatform, type BackupPlatform } from './backup/platform.ts'
import { parseCommand } from './command-line.ts'
import { nextCommand } from '#shared/lib/next-command.ts'
import { confirm, YES_OPTION } from './deploy/confirm.ts'
import { shown } from './root.ts'
import { runScript, Stop } from './stop.ts'

const COMMAND = 'npm run restore'

const HELP = `npm run restore <file> [-- --env <name>] [-- --check] [-- --yes]

Brings back what the file holds and the platform has lost. The whole file is checked
before anything is written. What is there counts: nothing newer is overwritten, what was
revoked or ended since stays so, and switches that operators made since the loss hold.

It may be interrupted and repeated: the second time changes nothing.

  --check         reads the whole file and says what it holds; asks no platform
  --env <name>    an environment that was deployed (default: production), or dev
  --url <origin>  the authorization server, where it is not where the environment says
  --keys <file>   the key file of the day of the backup, where the keys have changed since
  --yes           does not ask
  --json          what was done, for programs

Ends with 0 when all of it was restored and is in force, with 1 when it was not,
with 2 when it may not ask.`

/** What forbids comes first: nothing is there without its revocations. */
const ORDER: readonly BackupSection[] = [
  'forbidden',
  'api-keys',
  'catalog',
  'grants',
  'connections',
]
/** A request to the platform: far below what it takes, and done in a second or two. */
const BATCH_MAX_CHARS = 1024 * 1024
const BATCH_MAX_RECORDS = 200

await runScript(async () => {
  const { values, positionals } = parseCommand(COMMAND, {
    allowPositionals: true,
    options: {
      env: { type: 'string', default: 'production' },
      url: { type: 'string' },
      keys: { type: 'string' },
      check: { type: 'boolean', default: false },
      ...YES_OPTION,
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) return console.log(HELP)
  const [named, ...more] = positionals
  if (named === undefined || more.length > 0) {
    throw new Stop(COMMAND, 'Name one file.', `See: ${COMMAND} -- --help`)
  }
  const { env, url, json } = values
  const file = resolve(named)
  const header = readHeader(file)
  const key = await keyOf(file, header, env, values.keys)
  const contents = new Contents()
  for (const page of pagesOf(file, key)) contents.add(page)
  console.error(describe(file, header, contents))
  if (values.check) {
    return console.log(json ? JSON.stringify({ ...header, records: contents }) : '✓ It is whole.')
  }
  const platform = await backupPlatform(env, url, header.id)
  refuseForeign(file, header, platform)
  const question = {
    command: nextCommand(values, 'restore', named),
    consequence: `What ${header.issuer} has lost comes back as it was at ${timeOf(header)}; what was revoked since and lost with it counts again.`,
    name: env,
  }
  await confirm(question, values.yes)
  const { written, kept, warnings, isInForce } = await restore(platform, () => pagesOf(file, key))
  const status = nextCommand(values, 'catalog', 'status')
  if (!isInForce) warnings.push(`The catalog is stored, and not in force yet. See: ${status}`)
  if (warnings.length > 0) process.exitCode = 1
  if (json) return console.log(JSON.stringify({ id: header.id, written, kept, warnings }))
  for (const warning of warnings) console.log(`  ! ${warning}`)
  console.log(`✓ Restored ${written} records; of ${kept} what is there counts.`)
})

function* pagesOf(file: string, key: BackupKey): Generator<BackupPage> {
  for (const page of readPages(file, key)) if (page !== null) yield page as BackupPage
}

async function restore(
  platform: BackupPlatform,
  pages: () => Iterable<BackupPage>,
): Promise<Restored & { warnings: string[]; isInForce: boolean }> {
  let [written, kept] = [0, 0]
  let isInForce = true
  const warnings: string[] = []
  const add = (done: Restored): void => {
    written += done.written
    kept += done.kept
  }
  for (const [index, section] of ORDER.entries()) {
    console.error(`  [${index + 1}/${ORDER.length}] ${section} …`)
    for (const page of pages()) {
      if (page.section !== section) continue
      for (const batch of batchesOf(page.records)) add(await platform.write(batch))
    }
    if (section !== 'catalog') continue
    const done = await platform.finish()
    add(done)
    warnings.push(...done.warnings)
    isInForce = done.isInForce
  }
  return { written, kept, warnings, isInForce }
}

function* batchesOf(records: readonly BackupRecord[]): Generator<readonly BackupRecord[]> {
  let batch: BackupRecord[] = []
  let chars = 0
  for (const record of records) {
    const length = JSON.stringify(record).length
    const isFull = batch.length >= BATCH_MAX_RECORDS || chars + length > BATCH_MAX_CHARS
    if (isFull && batch.length > 0) {
      yield batch
      batch = []
      chars = 0
    }
    batch.push(record)
    chars += length
  }
  if (batch.length > 0) yield batch
}

async function keyOf(
  file: string,
  { keyId, env: madeOf }: BackupHeader,
  env: string,
  keyFile: string | undefined,
): Promise<BackupKey> {
  const key = (await backupKeys(env, keyFile)).find(({ id }) => id === keyId)
  if (key) return key
  throw new Stop(
    shown(file),
    `It was made with other keys than ${keyFile ?? `those of "${env}" on this machine`}.`,
    madeOf === env
      ? 'Give the key file of the day of the backup: --keys <file>'
      : `It is of "${madeOf}". Run: ${nextCommand(madeOf, 'restore', shown(file))}`,
  )
}

/** Grants name the origin they are for: elsewhere they count for nothing. */
function refuseForeign(file: string, { issuer }: BackupHeader, platform: BackupPlatform): void {
  if (issuer === platform.issuer) return
  throw new Stop(
    shown(file),
    `It is of ${issuer}, and this platform is ${platform.issuer}.`,
    'Restore it where it was made. A catalog alone moves by export and import (docs/catalog.md).',
  )
}

function describe(file: string, header: BackupHeader, contents: Contents): string {
  const where = `${header.env}, ${header.issuer}, ${timeOf(header)}`
  return `${shown(file)}: ${where}\n  ${contents.toString()}`
}

function timeOf({ createdMs }: BackupHeader): string {
  return new Date(createdMs).toISOString()
}
