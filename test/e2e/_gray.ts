/** A server whose code a test replaces, and its canary beside it: real engines both. */
import { DEV, readTrust } from '../../scripts/gen/trust.ts'

const HEAD = `
import { definitionsDigest } from '#shared/catalog/digest.ts'
import { serve } from '#shared/engine/serve.ts'
import { defineTool, } from '#shared/engine/author/define.ts'
import { ToolError } from '#shared/engine/author/error.ts'
import { definitionsOf } from '#shared/engine/author/definitions.ts'
import { defineServer } from '#shared/engine/author/server.ts'
const trust = ${JSON.stringify(readTrust(DEV))}
const answers = (text) => () => text
const fails = () => { throw new ToolError('This never works') }
const tool = (description, options = {}) => defineTool({ description, handler: answers(description), ...options })
`

/**
 * @param name audience of its assertions: the server's, also for its canary
 * @param builds source of an array of `{ tools, policy? }`; `POST /deploy` goes to the next
 */
export const grayServer = (name: string, builds: string): string => `${HEAD}
const BUILDS = ${builds}
const ran = []
async function start({ tools, policy }, at) {
  const server = defineServer({ tools })
  const definitions = definitionsOf(server, ${JSON.stringify(name)})
  const digest = await definitionsDigest(definitions)
  const definitionsJson = JSON.stringify(definitions)
  return serve(server, { name: ${JSON.stringify(name)}, build: 'build-' + at, digest, definitionsJson, trust, policy })
}
let at = 0
let running
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url)
    if (pathname === '/deploy') { at += 1; running = undefined; return new Response(null) }
    running ??= start(BUILDS[at], at)
    return (await running).fetch(request, env, ctx)
  },
}`
