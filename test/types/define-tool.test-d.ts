/** The author API in types: what must compile does, what must not does not. Checked by `npm run types -- --check`. */
import * as z from 'zod'
import { defineServer, defineTool, ToolError } from '#shared'
import type { Principal } from '#shared/identity/principal.ts'
import { typesAgree } from './equal.ts'

const description = 'Does something'

// ── Arguments ─────────────────────────────────────────────────────────────────

defineTool({
  description,
  input: z.object({ city: z.string(), days: z.int().default(3), tags: z.array(z.string()) }),
  handler(args) {
    // Defaults are there when the handler runs.
    typesAgree<typeof args, { city: string; days: number; tags: string[] }>(true)
    // @ts-expect-error no such argument
    return args.country
  },
})
defineTool({
  description,
  handler(args) {
    typesAgree<typeof args, Record<string, never>>(true)
  },
})
defineTool({
  description,
  // @ts-expect-error arguments are an object
  input: z.string(),
  handler: () => 1,
})

// ── Answers ───────────────────────────────────────────────────────────────────

const output = z.object({ at: z.iso.datetime(), note: z.string().optional() })
defineTool({ description, output, handler: () => ({ at: '2026-01-01T00:00:00Z' }) })
defineTool({ description, output, handler: async () => ({ at: '…', note: 'later' }) })
// @ts-expect-error an answer of another shape
defineTool({ description, output, handler: () => ({ at: 1 }) })
// @ts-expect-error an output schema allows no plain text
defineTool({ description, output, handler: () => 'text' })
// @ts-expect-error answers are objects
defineTool({ description, output: z.array(z.string()), handler: () => [] })

defineTool({ description, handler: () => 'text' })
defineTool({ description, handler: () => ({ any: ['JSON'] }) })
defineTool({ description, handler: () => undefined })
defineTool({ description, handler: () => ({ content: [{ type: 'text', text: 'block' }] }) })
// @ts-expect-error a symbol is nothing JSON has
defineTool({ description, handler: () => Symbol('no JSON') })

// ── Options ───────────────────────────────────────────────────────────────────

// @ts-expect-error models choose by the description
defineTool({ handler: () => 1 })
// @ts-expect-error nothing to run
defineTool({ description })
// @ts-expect-error an option that does not exist
defineTool({ description, handler: () => 1, scope: 'notes:read' })
// @ts-expect-error scopes are never an empty list
defineTool({ description, handler: () => 1, scopes: [] })
defineTool({ description, handler: () => 1, scopes: ['notes:read', 'notes:write'] })
// @ts-expect-error a hint that does not exist
defineTool({ description, handler: () => 1, annotations: { readOnly: true } })

// ── Tasks ─────────────────────────────────────────────────────────────────────

defineTool({ description, handler: () => 1, task: 'optional', restart: 'never' })
defineTool({ description, handler: () => 1, task: 'required', restart: 'fromInput', taskTtlMs: 1 })
// @ts-expect-error whether it may run twice is nothing to guess
defineTool({ description, handler: () => 1, task: 'required' })
const idempotent = { idempotentHint: true } as const
defineTool({ description, handler: () => 1, task: 'required', annotations: idempotent })
const readOnly = { readOnlyHint: true } as const
defineTool({ description, handler: () => 1, task: 'optional', annotations: readOnly })
const destructive = { destructiveHint: true } as const
// @ts-expect-error a hint that says nothing of running twice
defineTool({ description, handler: () => 1, task: 'required', annotations: destructive })
// @ts-expect-error of tasks alone
defineTool({ description, handler: () => 1, restart: 'never' })
// @ts-expect-error no such support
defineTool({ description, handler: () => 1, task: 'forbidden', restart: 'never' })
defineTool({
  description,
  task: 'optional',
  restart: 'never',
  beginsInCall: true,
  input: z.object({ city: z.string() }),
  async handler(args, { task }) {
    typesAgree<typeof args, { city: string }>(true)
    typesAgree<Awaited<ReturnType<typeof task>>, void>(true)
    await task()
  },
})

defineTool({
  description,
  async handler(_args, { notify }) {
    typesAgree<Awaited<ReturnType<typeof notify>>, void>(true)
    await notify('tools')
    await notify({ resource: 'note://1' }, 'everyone')
    // @ts-expect-error no such list
    await notify('templates')
    // @ts-expect-error a resource is named by its URI
    await notify({ uri: 'note://1' })
    // @ts-expect-error nobody else can be told
    await notify('resources', 'somebody')
  },
})

// ── Context ───────────────────────────────────────────────────────────────────

defineTool({
  description,
  async handler(_args, { env, principal, signal, progress, log, elicit }) {
    typesAgree<typeof env, Cloudflare.Env>(true)
    typesAgree<typeof principal, Principal>(true)
    typesAgree<typeof signal, AbortSignal>(true)
    await progress(1, 2, 'half')
    log('info', { any: 'JSON' })
    // @ts-expect-error no such level
    log('loud', 1)
    // @ts-expect-error the caller's token never reaches a tool
    void principal.token

    const answer = await elicit('sure', 'Sure?', z.object({ sure: z.boolean(), why: z.string() }))
    // @ts-expect-error there is no content before the answer is known to be one
    void answer.content
    if (answer.action !== 'accept') return 'no'
    typesAgree<typeof answer.content, { sure: boolean; why: string }>(true)
    // @ts-expect-error a question needs a form
    await elicit('sure', 'Sure?')
    return 'yes'
  },
})

// ── Errors and servers ────────────────────────────────────────────────────────

void new ToolError('No notes.', { code: 'empty', retryable: true, retryAfterMs: 10, hint: 'Add.' })
// @ts-expect-error an option that does not exist
void new ToolError('No notes.', { retryAfterSeconds: 1 })

const tool = defineTool({ description, handler: () => 1 })
defineServer({ title: 'Notes', version: '2.0.0', instructions: 'Ask first', tools: { tool } })
// @ts-expect-error options without defineTool are not checked
defineServer({ tools: { tool: { description, handler: () => 1 } } })
// @ts-expect-error an option that does not exist
defineServer({ tools: { tool }, tool })
