/**
 * KV for bare workerd, which has none of its own: the requests its `kvNamespace`
 * binding makes, answered from memory. Bodies and metadata, no expiry, no bulk reads.
 */
interface Stored {
  value: ArrayBuffer
  metadata: string | null
}

const METADATA_HEADER = 'cf-kv-metadata'
const stored = new Map<string, Stored>()

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/' && request.method === 'GET') return list(searchParams.get('prefix') ?? '')
    const key = decodeURIComponent(pathname.slice(1))
    switch (request.method) {
      case 'PUT':
        stored.set(key, {
          value: await request.arrayBuffer(),
          metadata: request.headers.get(METADATA_HEADER),
        })
        return new Response(null, { status: 200 })
      case 'DELETE':
        stored.delete(key)
        return new Response(null, { status: 200 })
      default:
        return read(key)
    }
  },
}

function read(key: string): Response {
  const found = stored.get(key)
  if (!found) return new Response(null, { status: 404 })
  const { value, metadata } = found
  return new Response(value, { headers: metadata === null ? {} : { [METADATA_HEADER]: metadata } })
}

function list(prefix: string): Response {
  const keys = [...stored.keys()].filter((name) => name.startsWith(prefix)).sort()
  return Response.json({ keys: keys.map((name) => ({ name })), list_complete: true })
}
