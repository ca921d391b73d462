/** What `definePrompt` and `defineResource` refuse. Each message names the option and what to write instead. */
import { ATTACHMENT_SCHEME } from '../../contracts/attachment-uri.ts'
import { isUriTemplate, parseUriTemplate } from '../../lib/uri-template.ts'
import { checkCommon, known, must, optional, isText, isZodObject } from './check.ts'

const COMMON = ['description', 'title', 'scopes', 'icons', 'timeoutMs', 'complete']
/** A decision names the URI in a header of 4 KiB, seal keys and digest beside it. */
const URI_MAX_CHARS = 500

/** @throws TypeError */
export function checkPrompt(options: object): void {
  const prompt = options as Record<string, unknown>
  const maker = 'definePrompt'
  known(maker, prompt, new Set([...COMMON, 'input', 'handler']))
  checkCommon(maker, prompt)
  must(
    maker,
    typeof prompt['handler'] === 'function',
    'handler: give a function (args, context) => messages',
  )
  must(
    maker,
    optional(prompt['input'], (input) => isZodObject(input) || isArguments(input)),
    'input: give a z.object({ … }) of zod 4, or an array of { name, description?, required? }',
  )
}

/** @returns names of the template's variables @throws TypeError */
export function checkResource(options: object): readonly string[] {
  const resource = options as Record<string, unknown>
  const maker = 'defineResource'
  const own = ['uri', 'mimeType', 'annotations', 'list', 'read']
  known(maker, resource, new Set([...COMMON, ...own]))
  checkCommon(maker, resource)
  const { uri, list } = resource
  must(
    maker,
    typeof uri === 'string' && uri.length <= URI_MAX_CHARS && /^[a-z][a-z0-9+.-]*:/i.test(uri),
    'uri: give a URI such as notes://all, or a template such as notes://{id}',
  )
  must(
    maker,
    !(uri as string).startsWith(ATTACHMENT_SCHEME),
    `uri: ${ATTACHMENT_SCHEME} is the scheme of what tools attach; take another`,
  )
  must(maker, typeof resource['read'] === 'function', 'read: give a function (variables, context)')
  must(maker, optional(resource['mimeType'], isText), 'mimeType: give one such as text/markdown')
  must(
    maker,
    list === undefined || (typeof list === 'function' && isUriTemplate(uri as string)),
    'list: give a function (context) => resources; only a template has one',
  )
  if (!isUriTemplate(uri as string)) return []
  const template = parseUriTemplate(uri as string)
  if (!template.ok) throw new TypeError(`${maker} uri: ${template.failure}.`)
  return template.value.names
}

/** @throws TypeError for a completer of something that is no argument */
export function checkCompleters(maker: string, complete: unknown, names: readonly string[]): void {
  if (complete === undefined) return
  for (const [name, completer] of Object.entries(complete as object)) {
    must(
      maker,
      names.includes(name) && typeof completer === 'function',
      `complete.${name}: give a function (value, context) => texts for one of: ${names.join(', ') || 'none'}`,
    )
  }
}

const ARGUMENT_KEYS: readonly string[] = ['name', 'title', 'description', 'required']

function isArguments(input: unknown): boolean {
  if (!Array.isArray(input)) return false
  const names = input.map((item: unknown) => (item as { name?: unknown } | null)?.name)
  return (
    new Set(names).size === names.length &&
    names.every((name) => typeof name === 'string' && /^[A-Za-z][\w-]*$/.test(name)) &&
    input.every((item: object) => Object.keys(item).every((key) => ARGUMENT_KEYS.includes(key)))
  )
}
