import { describe, expect, test } from 'vitest'
import { createTestClient, testServer, type TestClientOptions } from '#shared/testing.ts'
import server from '../../../workers/notes/server.ts'

/** As much of a KV namespace as the server uses. */
function kvOf(map: Map<string, string>) {
  return {
    get: (key: string) => Promise.resolve(map.get(key) ?? null),
    put: (key: string, value: string) => Promise.resolve(void map.set(key, value)),
    delete: (key: string) => Promise.resolve(void map.delete(key)),
    list: ({ prefix }: { prefix: string }) => {
      const names = [...map.keys()].filter((key) => key.startsWith(prefix))
      return Promise.resolve({ keys: names.map((name) => ({ name })), list_complete: true })
    },
  }
}

testServer(server)

describe.each(['modern', 'legacy'] as const)('notes, for a %s client', (era) => {
  const stored = new Map<string, string>()
  const as = (subject: string, options: TestClientOptions = {}) =>
    createTestClient(server, {
      era,
      principal: { subject },
      env: { NOTES: kvOf(stored) },
      ...options,
    })
  const says = (forget: boolean): TestClientOptions => ({
    elicit: () => ({ action: 'accept', content: { forget } }),
  })

  test('are written, listed and read by their owner, and by nobody else', async () => {
    const ada = await as('ada')
    const { structured } = await ada.call('add-note', { text: 'Buy tea' })
    const { uri } = structured as { uri: string }
    expect(await ada.list('resources')).toMatchObject([{ uri }])
    expect((await ada.readResource(uri)).contents).toMatchObject([{ uri, text: 'Buy tea' }])
    const bob = await as('bob')
    expect(await bob.list('resources')).toEqual([])
    await expect(bob.readResource(uri)).rejects.toThrow('not found')
  })

  test('are kept when the user does not agree to forget them', async () => {
    const ada = await as('ada', says(false))
    expect((await ada.call('forget-notes')).text).toBe('Nothing was deleted.')
    expect(await ada.list('resources')).toHaveLength(1)
  })

  test('are forgotten one by one when they agree', async () => {
    const ada = await as('ada', says(true))
    await ada.call('add-note', { text: 'Sell tea' })
    const { text, progress } = await ada.call('forget-notes')
    expect(text).toBe('2 notes deleted.')
    expect(progress.at(-1)).toEqual({ progress: 2, total: 2 })
    expect(stored.size).toBe(0)
    expect((await ada.call('forget-notes')).text).toBe('There are no notes.')
  })

  test('have a prompt that sums them up', async () => {
    expect((await (await as('ada')).getPrompt('sum-up')).text).toBe('Sum up my notes.')
  })
})
