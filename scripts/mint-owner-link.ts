/** `npm run owner-link`: a sign-in link for a deployed platform; see `--help`. */
import { parseCommand } from './command-line.ts'
import { COMMON_OPTIONS, openTarget } from './deploy/command.ts'
import { PLATFORM_WORKERS, workerName } from './deploy/names.ts'
import { runWrangler } from './deploy/wrangler.ts'
import { mintOwnerLink } from './owner-link.ts'
import { runScript } from './stop.ts'

/** Long enough to open a link, short enough for one that was left lying about. */
const LIFETIME_SECONDS = 600

const HELP = `npm run owner-link [-- --env <name>]

Prints a link that signs its holder in as the owner: once, within ${LIFETIME_SECONDS / 60} minutes. Any
earlier link stops working. \`npm run dev\` prints one of its own for this machine.`

await runScript(async () => {
  const { values } = parseCommand('npm run owner-link', { options: COMMON_OPTIONS })
  if (values.help) return console.log(HELP)
  const { settings, wrangler } = await openTarget(
    values.env,
    'npm run dev prints a link of its own',
  )
  const link = mintOwnerLink(settings.issuer, LIFETIME_SECONDS)
  const worker = workerName(PLATFORM_WORKERS.oauth, values.env)
  const args = ['secret', 'put', 'OWNER_LINK', '--name', worker]
  await runWrangler(wrangler, args, `${link.variable}:once`)
  console.log(link.url)
})
