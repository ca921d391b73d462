/** An operator at the admin API, with tokens of the authorization server's own development key. */
import { OWNER_SUBJECT } from '#shared/identity/operators.ts'
import type { Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'

export interface Answered {
  readonly status: number
  readonly body: any // eslint-disable-line typescript/no-explicit-any -- each answer has another shape
}

export interface Operator {
  ask(method: string, path: string, body?: unknown): Promise<Answered>
  /** @throws Error when the catalog refuses */
  do(method: string, path: string, body?: unknown): Promise<Answered['body']>
}

/** @param claims those that differ from the owner's */
export async function operatorOf(
  platform: Platform,
  claims: Parameters<typeof mintToken>[1] = {},
): Promise<Operator> {
  const resource = new URL('/catalog', platform.origin)
  const token = await mintToken(resource, {
    sub: OWNER_SUBJECT,
    scope: 'catalog:admin',
    ...claims,
  })
  const ask = async (method: string, path: string, body?: unknown): Promise<Answered> => {
    const answer = await fetch(new URL(`/catalog${path}`, platform.origin), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Answered['body'] }
  }
  return {
    ask,
    async do(method, path, body) {
      const { status, body: answer } = await ask(method, path, body)
      if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`)
      return answer
    },
  }
}
