/** What the catalog answers, for people. `--json` prints the answer itself. */
import { table } from '../table.ts'

/** Answers are checked by the platform; here they are only shown. */
// oxlint-disable-next-line typescript/no-explicit-any -- each command's answer has another shape
export type Answer = any

/** The Catalog stored a change, and the feed has not taken it. */
export const isNotTaken = ({ feed }: Answer): boolean => feed?.taken === false

const NOT_TAKEN =
  'Stored, but callers are not shown it yet: the feed did not take it. ' +
  'The Catalog tells it again within a minute.'

/** Enough of a digest to name a revision. */
const short = (digest: string | undefined): string => digest?.slice(0, 10) ?? '-'
const when = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
/** Past the last bucket there is no number, and JSON says null. */
const slow = (ms: number | null): string => (ms === null ? '> 15000' : String(ms))
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

export function showServers({ servers, isLost }: Answer): string {
  if (isLost) return 'The Catalog lost what it held; callers are shown the last index.'
  if (servers.length === 0)
    return 'No server was published yet: each appears when it is first called.'
  const rows = servers.map((server: Answer) => [
    server.name,
    server.enabled ? server.visibility : 'off',
    short(server.live),
    server.canary ? `${short(server.canary.digest)} ${server.canary.percent} %` : '-',
    short(server.waiting),
    String(server.itemsOff),
    when(server.updatedMs),
  ])
  return table([['server', 'visible', 'live', 'canary', 'waiting', 'off', 'changed'], ...rows])
}

export function showServer(server: Answer): string {
  const { labels, policy, revisions, tokens } = server
  const lines = [
    `${server.name}: ${server.enabled ? policy.visibility : 'off'}, publish ${policy.publish}`,
    `live      ${short(labels.live.digest)}${wordsOf(labels.live.tuning)}`,
    ...(labels.canary
      ? [
          `canary    ${short(labels.canary.digest)}${wordsOf(labels.canary.tuning)}, ${labels.canary.percent} % since ${when(labels.canary.sinceMs)} by ${labels.canary.by}`,
        ]
      : []),
    ...(labels.previous
      ? [`previous  ${short(labels.previous.digest)}${wordsOf(labels.previous.tuning)}`]
      : []),
    ...(server.waiting ? [`waiting   ${short(server.waiting)}: approve or reject it`] : []),
    ...(server.off.length > 0 ? [`off       ${server.off.join(', ')}`] : []),
    ...(policy.rules
      ? [`rules     ${policy.rules.length}, otherwise ${policy.otherwise ?? 'allow'}`]
      : []),
    `tokens    about ${tokens?.total ?? 0} in every list`,
    '',
    table([
      ['revision', 'labels', 'by', 'when', 'findings'],
      ...revisions.map((one: Answer) => [
        short(one.digest),
        one.labels.join(' '),
        one.madeBy,
        when(one.createdMs),
        findingsOf(one.findings),
      ]),
    ]),
    ...(revisions[0]?.findings.map(
      ({ level, item, detail }: Answer) => `  ${level}  ${item ?? 'server'}  ${detail}`,
    ) ?? []),
  ]
  return lines.join('\n')
}

const wordsOf = (tuning: object): string => (Object.keys(tuning).length > 0 ? ', overridden' : '')

function findingsOf(findings: Answer[]): string {
  const refusals = findings.filter(({ level }) => level === 'refusal').length
  const warnings = findings.length - refusals
  return [refusals > 0 ? `${refusals} refused` : '', warnings > 0 ? `${warnings} warned` : '']
    .filter(Boolean)
    .join(', ')
}

export function showDiff({ from, to, added, removed, changed, server }: Answer): string {
  if (from === to) return 'Nothing waits, and nothing else is kept.'
  const lines = [
    `${short(from)} → ${short(to)}`,
    ...added.map(({ kind, name }: Answer) => `+ ${kind} ${name}`),
    ...removed.map(({ kind, name }: Answer) => `- ${kind} ${name}`),
    ...changed.flatMap(({ kind, name, fields, drift, breaks }: Answer) => [
      `~ ${kind} ${name}: ${fields.join(', ')}${drift ? ' (only words for the model)' : ''}`,
      ...breaks.map((one: string) => `    breaks: ${one}`),
    ]),
    ...server.map((one: string) => `~ server ${one}`),
  ]
  return lines.length === 1 ? `${lines[0]}: no difference` : lines.join('\n')
}

export function showChange({ changed, server, feed }: Answer): string {
  const what = changed
    ? `Done, and the feed took it (index ${feed?.version}): callers are shown it within seconds.`
    : 'Done: callers see what they saw.'
  if (isNotTaken({ feed })) return NOT_TAKEN
  return server ? `${what}\n\n${showServer(server)}` : what
}

export function showHistory({ changes }: Answer): string {
  if (changes.length === 0) return 'Nothing was changed.'
  return table([
    ['change', 'when', 'by', 'server', 'action', 'of', 'note'],
    ...changes.map((one: Answer) => [
      String(one.id),
      when(one.atMs),
      one.by,
      one.server ?? 'platform',
      one.action,
      Object.keys(one.after).join(' '),
      one.note ?? '',
    ]),
  ])
}

export function showUsage({ usage }: Answer): string {
  if (usage.length === 0) return 'No calls were counted in the last week.'
  return table([
    ['revision', 'calls', 'errors', 'error rate', 'p50 ms', 'p95 ms'],
    ...usage.map((one: Answer) => [
      one.view.slice(0, 10) + one.view.slice(43),
      String(one.calls),
      String(one.errors),
      percent(one.calls === 0 ? 0 : one.errors / one.calls),
      slow(one.p50Ms),
      slow(one.p95Ms),
    ]),
  ])
}

export const showCan = ({ answer, because, missingScopes }: Answer): string =>
  [
    answer === 'insufficient_scope' ? `listed, needs ${missingScopes.join(' ')}` : answer,
    ...because.map((one: string) => `  ${one}`),
  ].join('\n')

export function showHits({ tools }: Answer): string {
  if (tools.length === 0) return 'Nothing fits.'
  return table(
    tools.map(({ server, tool, score, description }: Answer) => [
      `${server}/${tool}`,
      String(score),
      description.split('\n')[0].slice(0, 80),
    ]),
  )
}

export function showRecall({ revisions }: Answer): string {
  const rows = revisions.map(({ revision, digest, tasks, at1, at5 }: Answer) => [
    revision,
    short(digest),
    String(tasks),
    percent(at1),
    percent(at5),
  ])
  const missed = revisions.flatMap(({ revision, missed: all }: Answer) =>
    all.map(
      ({ task, wanted, first }: Answer) => `${revision}: "${task}" wants ${wanted}, finds ${first}`,
    ),
  )
  return [
    table([['revision', 'digest', 'tasks', 'recall@1', 'recall@5'], ...rows]),
    ...missed,
  ].join('\n')
}
