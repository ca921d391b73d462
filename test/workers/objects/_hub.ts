/** Listeners of a hub as the router makes them, over the real objects. */
import { env } from 'cloudflare:workers'
import { vi, expect } from 'vitest'
import type { HubFrame } from '#shared/contracts/hub-topics.ts'
import {
  HUB_ELSEWHERE_HEADER,
  HUB_LISTENER_HEADER,
  hubObjectName,
  type Hub,
  type HubElsewhere,
  type HubFollow,
  type HubHello,
  type HubListener,
  type HubMessage,
  type Rpc,
} from '#shared/contracts/entrypoints.ts'

export const hubStub = (server: string, shard = 0) =>
  env.HUB.getByName(hubObjectName(server, shard)) as unknown as Rpc<Hub> & DurableObjectStub

export interface Listener {
  readonly hello: HubHello
  /** Which shard took it. */
  readonly shard: number
  /** Frames so far. */
  readonly received: HubFrame[]
  /** Place of the last frame, or of the hello. */
  at(): string
  /** Waits for so many. */
  frames(count: number): Promise<HubFrame[]>
  follow(follow: HubFollow): void
  close(): void
  readonly closed: Promise<number>
}

type Asked = Partial<Omit<HubListener, 'server' | 'shard' | 'sent'>>

const request = (asked: HubListener) => ({
  headers: { Upgrade: 'websocket', [HUB_LISTENER_HEADER]: JSON.stringify(asked) },
})

/** As shared/gateway/listen/hub-attach.ts finds its way, step by step. */
export async function statusOfAttach(server: string, asked: Asked = {}): Promise<number> {
  const { status, webSocket } = (await findPlace(server, asked)).answer
  // An end that nobody accepted would keep its object from being evicted.
  webSocket?.accept()
  return status
}

async function findPlace(server: string, asked: Asked) {
  let shard = 0
  let sent: HubElsewhere | undefined
  for (let hop = 0; hop < 12; hop++) {
    const listener: HubListener = {
      server,
      shard,
      place: 0,
      audiences: ['tenant', 'self'],
      most: 100,
      topics: '',
      ...asked,
      ...(sent ? { sent } : {}),
    }
    const answer = await hubStub(server, shard).fetch('https://hub/', request(listener))
    if (answer.status !== 409) return { answer, shard }
    sent = JSON.parse(answer.headers.get(HUB_ELSEWHERE_HEADER) ?? '') as HubElsewhere
    shard = shard === 0 ? sent.shard : 0
  }
  throw new Error('no place found')
}

export async function attachTo(server: string, asked: Asked = {}): Promise<Listener> {
  const { answer, shard } = await findPlace(server, asked)
  const socket = answer.webSocket
  if (!socket) throw new Error(`not attached: ${answer.status}`)
  const received: HubFrame[] = []
  const hello = Promise.withResolvers<HubHello>()
  const closed = Promise.withResolvers<number>()
  let at = ''
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as HubHello | HubMessage
    at = message.at
    if ('frame' in message) received.push(JSON.parse(message.frame) as HubFrame)
    else hello.resolve(message)
  })
  socket.addEventListener('close', ({ code }) => {
    closed.resolve(code)
  })
  socket.accept()
  return {
    hello: await hello.promise,
    shard,
    received,
    at: () => at,
    frames: (count) =>
      vi.waitFor(() => {
        expect(received.length).toBeGreaterThanOrEqual(count)
        return received
      }, 10_000),
    follow: (follow) => socket.send(JSON.stringify(follow)),
    close: () => socket.close(1000),
    closed: closed.promise,
  }
}
