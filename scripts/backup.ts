/** `npm run backup`: what the platform's objects hold and cannot be rebuilt, in one file; see `--help`. */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { nextCommand } from '#shared/lib/next-command.ts'
import type { BackupSection } from '#shared/catalog/backup-contract.ts'
import { adoptObjects } from './backup/adopt.ts'
import { Contents } from './backup/contents.ts'
import { BackupWriter } from './backup/file.ts'
import { backupKeys } from './backup/key.ts'
import { backupPlatform, type BackupPlatform } from './backup/platform.ts'
import { parseCommand } from './command-line.ts'
import { DEV } from './gen/trust.ts'
import { ROOT, shown } from './root.ts'
import { runScript, Stop } from './stop.ts'

const COMMAND = 'npm run backup'

const HELP = `npm run backup [-- --env <name>] [-- --out <file>]

Writes what the platform's objects hold and cannot be rebuilt into one encrypted file:
the catalog with its history and revisions, grants of people, API keys, linked accounts,
revocations. docs/backup.md lists what is in it and what is not.

Keep the folder .keys/ beside it, of the same day: without it nobody reads the file,
and no client could go on after a restore.

  --env <name>    an environment that was deployed (default: production), or dev
  --url <origin>  the authorization server, where it is not where the environment says
  --out <file>    default: .backups/<env>-<time>.backup
  --adopt         once, after an upgrade from a release that had no backups: also finds
                  objects made before it, by the list of Cloudflare's API
  --json          where it is and what it holds, for programs

Ends with 0 when the file is whole; with 1 there is no file.`

await runScript(async () => {
  const { values } = parseCommand(COMMAND, {
    options: {
      env: { type: 'string', default: 'production' },
      url: { type: 'string' },
      out: { type: 'string' },
      adopt: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) return console.log(HELP)
  const { env, url, json } = values
  const createdMs = Date.now()
  const file = values.out === undefined ? defaultFile(env, createdMs) : resolve(values.out)
  if (existsSync(file)) {
    throw new Stop(shown(file), 'There is such a file already.', 'Name another one: --out')
  }
  const id = randomUUID()
  const [key] = await backupKeys(env)
  const platform = await backupPlatform(env, url, id)
  if (!key) throw new TypeError('No key counts now')
  if (values.adopt) {
    if (env === DEV) throw new Stop(COMMAND, '--adopt is for a deployed platform.', 'Leave it out.')
    console.error(`  ${await adoptObjects(platform, env)} objects hold grants`)
  }
  mkdirSync(dirname(file), { recursive: true })
  const writer = new BackupWriter(file, { id, createdMs, env, issuer: platform.issuer }, key)
  const contents = await copy(platform, writer)
  if (json) return console.log(JSON.stringify({ file, id, records: contents }))
  console.log(`✓ ${shown(file)}: ${contents.toString()}`)
  const check = nextCommand(values, 'restore', shown(file), '--check')
  console.log(`  Keep .keys/ of today with it. Check it: ${check}`)
})

/** No file is left of a backup that was broken off. */
async function copy(platform: BackupPlatform, writer: BackupWriter): Promise<Contents> {
  const contents = new Contents()
  const stopped = (): never => {
    writer.abandon()
    console.error('\nIt stopped here; there is no file.')
    process.exit(130)
  }
  process.once('SIGINT', stopped)
  try {
    let section: BackupSection | undefined
    for (let cursor: string | undefined; ;) {
      const page = await platform.read(cursor)
      writer.add(page)
      contents.add(page)
      if (page.section !== section) console.error(`  ${page.section} …`)
      section = page.section
      cursor = page.cursor
      if (cursor === undefined) break
    }
    writer.finish()
    return contents
  } catch (error) {
    writer.abandon()
    throw error
  } finally {
    process.off('SIGINT', stopped)
  }
}

function defaultFile(env: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return join(ROOT, '.backups', `${env}-${time}.backup`)
}
