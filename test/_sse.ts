/** Event streams of a 2025 client, read event by event. */

export interface Message {
  id?: string | number
  method?: string
  params?: Record<string, unknown>
  result?: { isError?: boolean; content: { text: string }[]; [key: string]: unknown }
  error?: { code: number; message: string }
}

export interface SseEvent {
  id?: string
  retry?: number
  /** Absent: a priming event, a comment, a bare `retry`. */
  message?: Message
}

/** Reads a stream event by event, comments left out; `undefined` at its end. */
export function eventsOf(response: Response): () => Promise<SseEvent | undefined> {
  if (!response.body) throw new Error('no stream')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let buffered = ''
  return async function next() {
    for (;;) {
      const end = buffered.indexOf('\n\n')
      if (end >= 0) {
        const block = buffered.slice(0, end)
        buffered = buffered.slice(end + 2)
        if (!block.startsWith(':')) return eventOf(block)
        continue
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      buffered += value
    }
  }
}

function eventOf(block: string): SseEvent {
  const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1]
  const [id, retry, data] = [field('id'), field('retry'), field('data')]
  return {
    ...(id ? { id } : {}),
    ...(retry ? { retry: Number(retry) } : {}),
    ...(data ? { message: JSON.parse(data) as Message } : {}),
  }
}

/** The messages alone. */
export function messagesOf(response: Response): () => Promise<Message | undefined> {
  const next = eventsOf(response)
  return async () => {
    for (;;) {
      const event = await next()
      if (!event || event.message) return event?.message
    }
  }
}
