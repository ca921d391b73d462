/**
 * The only way onto a page for text that others wrote: cleaned and bounded by
 * shared/lib/display/foreign-text.ts, and isolated from our words by `<bdi>` (HTML §4.5.23).
 * test/unit/oauth/pages-foreign.test.ts refuses a page that shows such text otherwise.
 */
import { foreignHost, foreignText } from '#shared/lib/display/foreign-text.ts'
import { HOST_MAX_CHARS, NAME_MAX_CHARS, REASON_MAX_CHARS } from '#shared/lib/display/limits.ts'
import { doubtsAbout, type Doubt } from '#shared/lib/display/doubts.ts'

/** A title, a description, a scope. @param props.max length in characters */
export function Foreign({ text, max = NAME_MAX_CHARS }: { text: string; max?: number }) {
  return <bdi>{foreignText(text, max)}</bdi>
}

/** A sentence of a library about a request, which may quote it. For modules without JSX. */
export const foreignSentence = (text: string) => <Foreign text={text} max={REASON_MAX_CHARS} />

/** What an app calls itself, in a frame that shows where the name begins and ends. */
export function Name({ text }: { text: string | undefined }) {
  const shown = nameOf(text)
  return shown ? <bdi class="name">{shown}</bdi> : <em>an app without a name</em>
}

/** A host. The end of it says whose it is: that part stays, and stands out. */
export function Host({ host }: { host: string }) {
  const text = foreignHost(host)
  const [, front = '', end = ''] = OWNER.exec(text) ?? [text, '', text]
  return (
    <bdi class="host">
      {front}
      <strong>{end}</strong>
    </bdi>
  )
}

/**
 * The scheme of an app's links. A domain name in reverse says at its start whose it is
 * (RFC 8252 §7.1), but any app may claim any: nothing of it stands out. `com.evil.claude.ai:` must
 * not end in a bold "claude.ai".
 */
export function Scheme({ scheme }: { scheme: string }) {
  return <bdi class="host">{foreignText(scheme, HOST_MAX_CHARS)}</bdi>
}

/** The last two labels; an address of four numbers is one whole. */
const OWNER = /^(?!(?:\d+\.){3}\d+(?::\d+)?$)(.*\.|)([^.]+\.[^.]+)$/

/** What a reader should know of a name's letters; nothing for nearly every name. */
export function Doubts({ text }: { text: string | undefined }) {
  const doubts = doubtsAbout(text ?? '')
  return (
    <>
      {doubts.map((doubt) => (
        <p class="warning">{sentenceOf(doubt)}</p>
      ))}
      {ADDRESS.test(nameOf(text) ?? '') ? (
        <p class="warning">
          The name looks like a web address. It says nothing about where the app comes from.
        </p>
      ) : null}
    </>
  )
}

/** `claude.ai`, `https:`: an app that registered itself may write any. */
const ADDRESS = /[\p{L}\p{N}]\.\p{L}{2,}|:\/\//u

/** A name without a letter or digit (quotes, dots, brackets) would be read as ours. */
export function nameOf(text: string | undefined): string | undefined {
  const shown = foreignText(text ?? '')
  return /[\p{L}\p{N}]/u.test(shown) ? shown : undefined
}

function sentenceOf(doubt: Doubt) {
  switch (doubt.kind) {
    case 'mixed':
      return (
        <>
          The name mixes letters of several alphabets (<Foreign text={doubt.scripts.join(', ')} />
          ). It may imitate another name.
        </>
      )
    case 'looks_latin':
      return (
        <>
          The name is written in <Foreign text={doubt.script} /> letters that look like Latin ones.
          It may imitate another name.
        </>
      )
    case 'rare':
      return 'The name has letters of an alphabet that is rarely used. It may imitate another name.'
    case 'turned':
      return 'The name came with hidden characters that turn letters around. It may imitate another name.'
    case 'styled':
      return 'The name has letters that only look like plain ones. It may imitate another name.'
  }
}
