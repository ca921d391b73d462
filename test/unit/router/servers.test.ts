import { describe, expect, it } from 'vitest'
import { codeOf, createServers } from '../../../workers/router/servers.ts'

const answering = (text: string) => ({ fetch: async () => new Response(text) })

describe('createServers', () => {
  it('finds a generated service binding by the server name, dashes as underscores', async () => {
    const servers = createServers({ SERVER_notes_x: answering('notes') })
    const handle = servers.get('notes-x')
    expect(handle?.url).toBe('https://notes-x.mcp.internal/mcp')
    const answer = await handle?.fetch({})
    expect(await answer?.text()).toBe('notes')
    expect(servers.get('other')).toBeUndefined()
  })

  it('answers undefined for a name the dispatch namespace does not know', async () => {
    const servers = createServers({
      SERVERS: {
        get: (name: string) => ({
          fetch: async () => {
            if (name === 'notes') return new Response('ok')
            throw new Error('Worker not found.')
          },
        }),
      },
    })
    expect((await servers.get('notes')?.fetch({}))?.status).toBe(200)
    expect(await servers.get('gone')?.fetch({})).toBeUndefined()
  })

  it('lets any other failure of the namespace through: an outage is not an unknown server', async () => {
    const servers = createServers({
      SERVERS: { get: () => ({ fetch: () => Promise.reject(new Error('overloaded')) }) },
    })
    await expect(servers.get('notes')?.fetch({})).rejects.toThrow('overloaded')
  })

  it.each([
    ['https://{name}.acme.workers.dev', 'https://notes.acme.workers.dev/mcp'],
    ['https://edge.example.com/{name}/', 'https://edge.example.com/notes/mcp'],
    ['http://127.0.0.1:9000/{name}', 'http://127.0.0.1:9000/notes/mcp'],
  ])('builds the address from the template %s', (template, url) => {
    expect(createServers({ SERVERS_URL: template }).get('notes')?.url).toBe(url)
  })

  it.each(['http://{name}.acme.workers.dev', 'https://acme.workers.dev', 'ftp://{name}', '{name}'])(
    'refuses the template %s',
    (template) => {
      expect(() => createServers({ SERVERS_URL: template })).toThrow(TypeError)
    },
  )

  it('refuses two forms at once', () => {
    const both = { SERVERS: { get: () => answering('x') }, SERVERS_URL: 'https://{name}.x.dev' }
    expect(() => createServers(both)).toThrow('not both')
  })
})

describe('codeOf', () => {
  const asked: { name: string; override: string | null }[] = []
  const namespace = {
    SERVERS: {
      get: (name: string) => ({
        fetch: async (_url: string, init: RequestInit) => {
          const override = new Headers(init.headers).get('Cloudflare-Workers-Version-Overrides')
          asked.push({ name, override })
          return new Response('ok')
        },
      }),
    },
  }
  const bound = { SERVER_notes: answering('live'), SERVER_notes__canary: answering('canary') }
  const urls = { SERVERS_URL: 'https://{name}.example.com' }

  it('of a canary is the script beside the server, in each form of SERVERS', async () => {
    const arm = { script: 'canary' } as const
    expect(await (await codeOf(createServers(bound), 'notes', arm)?.fetch({}))?.text()).toBe(
      'canary',
    )
    expect(await (await codeOf(createServers(bound), 'notes', {})?.fetch({}))?.text()).toBe('live')
    await codeOf(createServers(namespace), 'notes', arm)?.fetch({})
    expect(asked.at(-1)?.name).toBe('notes--canary')
    expect(codeOf(createServers(urls), 'notes', arm)?.url).toBe(
      'https://notes--canary.example.com/mcp',
    )
    expect(codeOf(createServers({ SERVER_notes: answering('live') }), 'notes', arm)).toBeUndefined()
  })

  it('of a version asks Cloudflare for that version, and keeps the other headers', async () => {
    const handle = codeOf(createServers(namespace), 'notes', { codeVersion: 'abc-1' })
    await handle?.fetch({ headers: { accept: 'application/json' } })
    expect(asked.at(-1)).toEqual({ name: 'notes', override: 'notes="abc-1"' })
    await codeOf(createServers(namespace), 'notes', {})?.fetch({})
    expect(asked.at(-1)?.override).toBeNull()
  })
})
