/** The commands: one entry each, from what was typed to one request and how its answer is shown. */
import { type Output } from './output.ts'
import { writeFileSync } from 'node:fs'
import { defined, jsonOf, misused, numberOf, placeOf, type Values } from './arguments.ts'
import { evaluate } from './evaluate.ts'
import type { CatalogClient } from './client.ts'
import type { Standing } from '#shared/catalog/standing.ts'
import { showStanding } from './standing.ts'
import {
  type Answer,
  showCan,
  showChange,
  showDiff,
  showHistory,
  showHits,
  showServer,
  showServers,
  showUsage,
} from './show.ts'

export interface Command {
  /** Behind the name, for the help; one word an argument, `[…]` may be left out. */
  readonly usage: string
  readonly summary: string
  run(client: CatalogClient, args: readonly string[], values: Values): Promise<Output>
}

const pretty = (answer: Answer): string => JSON.stringify(answer, null, 2)

/** A command that is one request. */
function request(
  usage: string,
  summary: string,
  ask: (args: readonly string[], values: Values) => [string, string, unknown?],
  show: (answer: Answer) => string = showChange,
): Command {
  return {
    usage,
    summary,
    async run(client, args, values) {
      const answer: Answer = await client.ask(...ask(args, values))
      return { answer, text: show(answer), failed: answer.isLost === true }
    },
  }
}

const server = (name: string | undefined): string => `/servers/${encodeURIComponent(name ?? '')}`
const noted = ({ note }: Values, more: Record<string, unknown> = {}) => defined({ ...more, note })
const query = (members: Record<string, string | undefined>): string => {
  const text = new URLSearchParams(defined(members) as Record<string, string>).toString()
  return text === '' ? '' : `?${text}`
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  list: request(
    '',
    'every server, what it shows and what waits',
    () => ['GET', '/servers'],
    showServers,
  ),
  show: request(
    '<server>',
    'labels, policy, revisions and findings',
    ([name]) => ['GET', server(name)],
    showServer,
  ),
  diff: request(
    '<server> [--from r] [--to r]',
    'from what is live to what waits, or between two revisions',
    ([name], { from, to }) => ['GET', `${server(name)}/diff${query({ from, to })}`],
    showDiff,
  ),
  approve: request(
    '<server> [revision]',
    'what waits, or a kept revision, goes live',
    ([name, revision], values) => ['POST', `${server(name)}/approve`, noted(values, { revision })],
  ),
  reject: request(
    '<server> [revision]',
    'it stays out until it is approved',
    ([name, revision], values) => ['POST', `${server(name)}/reject`, noted(values, { revision })],
  ),
  canary: {
    usage:
      '<server> --percent 20 [--client id …] (--override json | --script | --code-version v [--revision r]) ' +
      '[--max-error-percent n] [--max-p95-ms n] [--min-calls n]',
    summary: 'shows some clients another revision; beyond a threshold it is taken back',
    run: startCanary,
  },
  promote: {
    usage: '<server> [--eval file --min-recall-at-1 0.8 --min-recall-at-5 0.9]',
    summary: 'the canary goes live',
    run: promote,
  },
  rollback: request(
    '<server>',
    'the canary goes; without one, what was live before comes back',
    ([name], values) => ['POST', `${server(name)}/rollback`, noted(values)],
  ),
  override: request(
    '<server> <json|@file|-> [--label canary]',
    'changes descriptions, titles, annotations, examples, aliases (merge patch)',
    ([name, text], values) => [
      'PATCH',
      `${server(name)}/tuning`,
      noted(values, { patch: jsonOf(given(text, 'the overrides')), label: values.label }),
    ],
  ),
  enable: request(
    '<server> [tool:name]',
    'turns an item or the server on',
    ([name, item], values) => ['POST', `${server(name)}/enable`, noted(values, { item })],
  ),
  disable: request(
    '<server> [tool:name]',
    'turns it off: neither listed nor callable',
    ([name, item], values) => ['POST', `${server(name)}/disable`, noted(values, { item })],
  ),
  policy: {
    usage: '<server> [json|@file|-]',
    summary: 'shows the policy, or changes members of it',
    async run(client, [name, text], values) {
      if (text === undefined) {
        const { policy }: Answer = await client.ask('GET', server(name))
        return { answer: policy, text: pretty(policy) }
      }
      const path = `${server(name)}/policy${query({ note: values.note })}`
      const answer: Answer = await client.ask('PATCH', path, jsonOf(text))
      return { answer, text: showChange(answer) }
    },
  },
  rules: {
    usage: '[json|@file|-]',
    summary: 'shows the rules of the platform, or replaces them',
    async run(client, [text], values) {
      if (text === undefined) {
        const answer: Answer = await client.ask('GET', '/rules')
        return { answer, text: pretty(answer.rules) }
      }
      const answer: Answer = await client.ask(
        'PUT',
        '/rules',
        noted(values, { rules: jsonOf(text) }),
      )
      return { answer, text: showChange(answer) }
    },
  },
  can: request(
    '<subject> <server> [tool:name] [--tenant t] [--group g …] [--client id] [--scope s …]',
    'may they, and why',
    ([subject, name, item], { tenant, group: groups, client, scope: scopes }) => [
      'POST',
      `${server(name)}/can`,
      defined({
        item,
        principal: defined({ subject, tenant, groups, scopes, clientId: client[0] }),
      }),
    ],
    showCan,
  ),
  history: request(
    '[server] [--before change]',
    'who changed what',
    ([name], { before }) => ['GET', `/history${query({ server: name, before })}`],
    showHistory,
  ),
  revert: request('<change>', 'takes one change back', ([id], values) => [
    'POST',
    `/history/${encodeURIComponent(id ?? '')}/revert`,
    noted(values),
  ]),
  usage: request(
    '<server>',
    'calls, errors, latencies of each revision',
    ([name]) => ['GET', `${server(name)}/usage`],
    showUsage,
  ),
  refresh: request(
    '<server> [--script]',
    'looks at what is deployed now (--script: at <server>--canary)',
    ([name], { script }) => ['POST', `${server(name)}/refresh${script ? '?script=canary' : ''}`],
    showServer,
  ),
  search: request(
    '<words …> [--limit n]',
    'tools that fit a task, as you may see them',
    (words, { limit }) => ['GET', `/search${query({ q: words.join(' '), limit })}`],
    showHits,
  ),
  eval: {
    usage:
      '<file> [--server s] [--revision live …] [--min-recall-at-1 0.8] [--min-recall-at-5 0.9]',
    summary: 'recall on (task → tool) pairs, by revision',
    run: (client, [file], values) => evaluate(client, given(file, 'a file'), values),
  },
  export: {
    usage: '[file]',
    summary: "every server's labels, policy and overrides as JSON",
    async run(client, [file]) {
      const answer: Answer = await client.ask('GET', '/export')
      if (file === undefined) return { answer, text: pretty(answer) }
      writeFileSync(file, `${pretty(answer)}\n`)
      return { answer, text: `Wrote ${Object.keys(answer.servers).length} servers to ${file}.` }
    },
  },
  import: {
    usage: '<file>',
    summary: 'reads such a file in: all of it, or nothing',
    async run(client, [file], { note }) {
      const body: Answer = jsonOf(`@${given(file, 'a file')}`)
      console.error(`Reading in ${Object.keys(body?.servers ?? {}).length} servers …`)
      const answer: Answer = await client.ask('POST', `/import${query({ note })}`, body)
      return { answer, text: showChange(answer) }
    },
  },
  status: {
    usage: '',
    summary: 'do Catalog, feed and KV hold the same, and what to do where they do not',
    async run(client, _args, values) {
      const standing = (await client.ask('GET', '/standing')) as Standing
      const text = showStanding(standing, placeOf(values))
      return { answer: standing, text, failed: standing.problems.length > 0 }
    },
  },
  republish: request(
    '[--start-over] [--distrust] [--yes]',
    'what the Catalog holds counts, under a new number and key (--start-over: though it lost all; ' +
      '--distrust: access tokens and sessions of before end, clients get new ones; both ask first)',
    (_args, values) => [
      'POST',
      '/republish',
      noted(values, { startOver: values['start-over'], distrust: values.distrust }),
    ],
  ),
  remove: request(
    '<server> [--yes]',
    'forgets a server that is not deployed any longer; asks first, --yes answers',
    ([name], { note }) => ['DELETE', `${server(name)}${query({ note })}`],
  ),
}

function given(text: string | undefined, what: string): string {
  if (text === undefined) throw misused(`Give ${what}.`)
  return text
}

async function startCanary(
  client: CatalogClient,
  [name]: readonly string[],
  values: Values,
): Promise<Output> {
  const percent = numberOf('percent', values.percent)
  if (percent === undefined && values.client.length === 0)
    throw misused('Say --percent or --client.')
  if (values.script) {
    console.error(`Looking at ${name}--canary …`)
    await client.ask('POST', `${server(name)}/refresh?script=canary`)
  }
  const body = noted(values, {
    percent: percent ?? 0,
    clients: values.client,
    tuning: values.override === undefined ? undefined : jsonOf(values.override),
    script: values.script ? 'canary' : undefined,
    codeVersion: values['code-version'],
    revision: values.revision[0],
    rollback: thresholdsOf(values),
  })
  const answer: Answer = await client.ask('POST', `${server(name)}/canary`, body)
  return { answer, text: showChange(answer) }
}

/** When the canary is taken back by itself; `undefined`: never. Of errors or latency, one is enough. */
function thresholdsOf(values: Values): Record<string, unknown> | undefined {
  const maxErrorPercent = numberOf('max-error-percent', values['max-error-percent'])
  const maxP95Ms = numberOf('max-p95-ms', values['max-p95-ms'])
  const minCalls = numberOf('min-calls', values['min-calls'])
  if (maxErrorPercent !== undefined || maxP95Ms !== undefined) {
    const [ofErrors, calls] = [maxErrorPercent ?? 100, minCalls ?? 20]
    return defined({ maxErrorPercent: ofErrors, minCalls: calls, maxP95Ms })
  }
  if (minCalls !== undefined) throw misused('Say --max-error-percent or --max-p95-ms.')
  return undefined
}

/** With `--eval`: only if the canary's words lead to the right tools often enough. */
async function promote(
  client: CatalogClient,
  [name]: readonly string[],
  values: Values,
): Promise<Output> {
  if (values.eval !== undefined) {
    const asked = { ...values, server: name ?? '', revision: ['canary'] }
    const gate = await evaluate(client, values.eval, asked)
    if (gate.failed) return gate
    console.error(gate.text)
  }
  const answer: Answer = await client.ask('POST', `${server(name)}/promote`, noted(values))
  return { answer, text: showChange(answer) }
}
