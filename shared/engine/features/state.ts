/** The author's side of a store behind a handle: values as JSON, compare-and-set by version. */
import type { PlatformFailure, StateOperation } from '../../contracts/entrypoints.ts'
import { STATE_UPDATES_MAX } from '../limits.ts'
import type { Feature } from './feature.ts'
import { linkOf, valueOf, type Link } from './platform-link.ts'
import type { PlatformPart } from '../run/run-model.ts'
import { ToolError } from '../author/error.ts'
import type { State } from '../author/state.ts'

/** For the generated entry of a server whose tools keep something behind a handle. */
export const handles: Feature = Object.assign(() => ({}), {
  platform: {
    members: ({ input }) => ({ state: (handle) => stateOf(linkOf(input, 'state'), handle) }),
  } satisfies PlatformPart,
})

/** @throws ToolError `unknown_handle` */
async function stateOf<Shape extends object>(
  { platform, capability }: Link,
  given: string | undefined,
): Promise<State<Shape>> {
  const handle = given ?? valueOf('state', await platform.createState(capability))

  async function use(operation: StateOperation) {
    const result = await platform.useState(capability, handle, operation)
    return valueOf('state', result, FAILURES)
  }
  async function put(key: string, value: unknown, ifVersion?: number): Promise<boolean> {
    const json = JSON.stringify(value) as string | undefined
    if (json === undefined) throw new TypeError(`state: a ${typeof value} is not JSON`)
    const condition = ifVersion === undefined ? {} : { ifVersion }
    return (await use({ kind: 'put', key, json, ...condition })).written
  }

  if (given !== undefined) await use({ kind: 'open' })
  return {
    handle,
    async get(key) {
      const [found] = (await use({ kind: 'get', key })).entries
      return found && JSON.parse(found.json)
    },
    async put(key, value) {
      await put(key, value)
    },
    async update(key, change) {
      for (let attempt = 0; attempt < STATE_UPDATES_MAX; attempt++) {
        const [found] = (await use({ kind: 'get', key })).entries
        const changed = await change(found && JSON.parse(found.json))
        if (await put(key, changed, found?.version ?? 0)) return changed
      }
      throw new ToolError('Others are changing the same thing.', {
        retryable: true,
        code: 'state_busy',
      })
    },
    delete: async (key) => (await use({ kind: 'delete', key })).written,
    async all() {
      const { entries } = await use({ kind: 'list' })
      return Object.fromEntries(
        entries.map(({ key, json }) => [key, JSON.parse(json)]),
      ) as Partial<Shape>
    },
  }
}

const unknownHandle = (): ToolError =>
  new ToolError('There is no such handle, or it expired.', {
    code: 'unknown_handle',
    hint: 'Start anew without a handle.',
  })

const full = (): ToolError =>
  new ToolError('There is no room for this behind the handle.', {
    code: 'state_full',
    hint: 'Store less, or remove something first.',
  })

const FAILURES: Partial<Record<PlatformFailure['reason'], () => Error>> = {
  unknown: unknownHandle,
  too_large: full,
  too_many: full,
}
