/**
 * `node test/cloudflare-api/record.ts <file>`: deploys this checkout with all its
 * servers to an empty account and keeps what was uploaded. Run once for a release; the
 * upgrade test starts the next one from it.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listServers } from '../../scripts/gen/sources.ts'
import { ROOT } from '../../scripts/root.ts'
import { startCloudflareApi } from './api.ts'
import { saveRelease } from './release.ts'

const ORIGIN = 'http://localhost:1'
/** Its keys stay in .keys/ and mean nothing: whoever loads the file brings others. */
const ENV = 'production'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('Name the file to write')
const api = await startCloudflareApi()
const servers = listServers(join(ROOT, 'workers'))
const script = join(ROOT, 'scripts', 'deploy.ts')
const child = spawn(process.execPath, [script, ...servers, '--origin', ORIGIN], {
  cwd: ROOT,
  env: { ...process.env, ...api.env },
  stdio: 'inherit',
})
const code = await new Promise((resolve) => child.once('close', resolve))
if (code !== 0) throw new Error('The deploy failed')
const trust = readFileSync(join(ROOT, 'shared', `trust.${ENV}.json`), 'utf8')
const { anchors } = JSON.parse(trust) as { anchors: { x: string }[] }
saveRelease(api.account, file, ORIGIN, anchors[0]?.x ?? '')
await api.close()
