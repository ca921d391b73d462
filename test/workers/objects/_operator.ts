/** The admin API of the Catalog object, as the router hands it an operator's requests. */
import { ACTOR_HEADER } from '#shared/catalog/contract.ts'
import { theCatalog } from './_stubs.ts'

export interface Told {
  readonly status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- each answer has another shape
  readonly body: any
}

export async function tell(
  method: string,
  path: string,
  body?: unknown,
  by = 'ada',
): Promise<Told> {
  const answer = await theCatalog().fetch(`https://catalog.internal${path}`, {
    method,
    headers: { [ACTOR_HEADER]: by },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: await answer.json() }
}
