import { describe, expect, it } from 'vitest'
import { parseAnswer } from '../../../scripts/bench/http-connection.ts'
import { wrongWith } from '../../../scripts/bench/request.ts'

const answerOf = (text: string) => parseAnswer(Buffer.from(text))

describe('reading answers', () => {
  it('waits until a body of known length is whole (RFC 9112 §6.2)', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'
    expect(answerOf(head.slice(0, 20))).toBeUndefined()
    expect(answerOf(`${head}hell`)).toBeUndefined()
    expect(answerOf(`${head}hello`)).toMatchObject({ status: 200, body: 'hello' })
  })

  it('counts bytes, not characters', () => {
    expect(answerOf('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nü')?.body).toBe('ü')
  })

  it('joins chunks and waits for the last one (RFC 9112 §7.1)', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(answerOf(`${head}5\r\nhello\r\n`)).toBeUndefined()
    expect(answerOf(`${head}5\r\nhello\r\nA\r\n, everyone\r\n0\r\n\r\n`)?.body).toBe(
      'hello, everyone',
    )
  })
})

describe('checking answers', () => {
  const exchange = { request: '', status: 200, includes: ['"id":7', '"text":"a"'] }

  it('accepts what has the status and every part', () => {
    expect(wrongWith(exchange, { status: 200, body: '{"id":7,"text":"a"}' })).toBeUndefined()
  })

  it('says what is wrong with the answer to another request, or with another status', () => {
    expect(wrongWith(exchange, { status: 200, body: '{"id":8,"text":"a"}' })).toContain('"id":7')
    expect(wrongWith(exchange, { status: 500, body: '{"id":7,"text":"a"}' })).toContain('got 500')
  })
})
