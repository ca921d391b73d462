/** A Worker that does nothing but be there: what a cold start is measured above, and what unused bindings point to. */
import { DurableObject } from 'cloudflare:workers'

export class CatalogObject extends DurableObject {}
export class FeedObject extends DurableObject {}
export class SessionObject extends DurableObject {}

export default { fetch: () => new Response('ok') }
