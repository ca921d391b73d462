/** How the router will reach servers: `servers` of deploy.<env>.json (DESIGN §2, three forms). */
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { PRODUCTION, workerName } from './names.ts'

export type ServersForm =
  | { readonly kind: 'bindings' }
  | { readonly kind: 'namespace'; readonly namespace: string }
  | { readonly kind: 'url'; readonly template: string }

const NAMESPACE = /^namespace:([a-z0-9][a-z0-9-]{0,62})$/

/** As settings write it. */
export function formText(form: ServersForm): string {
  if (form.kind === 'namespace') return `namespace:${form.namespace}`
  return form.kind === 'url' ? form.template : form.kind
}

/** @throws Stop when `text` is none of the three */
export function serversForm(path: string, text: string): ServersForm {
  if (text === 'bindings') return { kind: 'bindings' }
  const [, namespace] = NAMESPACE.exec(text) ?? []
  if (namespace !== undefined) return { kind: 'namespace', namespace }
  const sample = URL.parse(text.replaceAll('{name}', 'a'))
  if (sample?.protocol === 'https:' && text.includes('{name}'))
    return { kind: 'url', template: text }
  throw new Stop(
    shown(path),
    `servers: "${text}" is none of the three forms.`,
    'Write "bindings", "namespace:<name>", or e.g. "https://{name}.<you>.workers.dev"',
  )
}

/**
 * Two environments must not share a server: in a namespace it has its bare name,
 * at a workers.dev address the name of its Worker.
 */
export function checkServersForm(path: string, env: string, form: ServersForm): void {
  if (env === PRODUCTION) return
  if (form.kind === 'namespace' && !form.namespace.endsWith(`-${env}`)) {
    throw new Stop(
      shown(path),
      `servers: the namespace "${form.namespace}" does not end in "-${env}".`,
      `Give ${env} a namespace of its own: "namespace:${form.namespace}-${env}"`,
    )
  }
  const wanted = workerName('{name}', env)
  if (form.kind === 'url' && onWorkersDev(form.template) && !form.template.includes(wanted)) {
    throw new Stop(
      shown(path),
      `servers: Workers of ${env} are named <server>--${env}.`,
      `Write "${form.template.replace('{name}', wanted)}"`,
    )
  }
}

/** Whether the router reaches servers at workers.dev addresses. */
export const usesAddresses = (form: ServersForm): boolean =>
  form.kind === 'url' && onWorkersDev(form.template)

/** Whether servers answer at the account's workers.dev addresses. */
const onWorkersDev = (template: string): boolean =>
  new URL(template.replaceAll('{name}', 'a')).hostname.endsWith('.workers.dev')
