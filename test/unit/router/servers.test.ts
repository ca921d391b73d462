import { describe, expect, it } from 'vitest'
import { createServers } from '../../../workers/router/servers.ts'

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
