/**
 * PLATFORM for handlers: `once`, `notify`, and the claim by which the answers of a user
 * are used once (DESIGN §4.6). Part of a server only when its tools use any of
 * PLATFORM; `state.ts` and `attach.ts` only when they use those.
 *
 * Does NOT decide whose things are meant: the capability does, where it is opened.
 */
import type { RunRef } from '../../contracts/entrypoints.ts'
import { RUN_KEPT_SECONDS } from '../../services/limits.ts'
import type { Change, PlatformContext } from '../author/platform.ts'
import type { Feature } from './feature.ts'
import { linkOf, valueOf } from './platform-link.ts'
import type { PlatformPart, RunScope } from '../run/run-model.ts'
import { digestOf, type RunState } from '../run/request-state.ts'

type Input = RunScope['input']

function refOf({ caller }: Input, { runId }: RunState): RunRef {
  return { id: runId, keptSeconds: caller.decision.run?.keptSeconds ?? RUN_KEPT_SECONDS }
}

function membersOf(run: RunScope): Pick<PlatformContext, 'once' | 'notify'> {
  let steps: Map<string, Promise<unknown>> | undefined
  return {
    once<Value>(key: string, act: (idempotencyKey: string) => Value | Promise<Value>) {
      // Two at once under one key are one step.
      steps ??= new Map()
      let step = steps.get(key)
      if (!step) steps.set(key, (step = takeStep(run, key, act)))
      return step as Promise<Value>
    },
    async notify(change, to = isShared(change) ? 'everyone' : 'caller') {
      const { platform, capability } = linkOf(run.input, 'notify')
      valueOf('notify', await platform.notify(capability, change, to))
    },
  }
}

/** Tools and prompts are the same for all; whose resources they are, only the author knows. */
const isShared = (change: Change): boolean => change === 'tools' || change === 'prompts'

async function takeStep(
  { input, runState, isFresh }: RunScope,
  key: string,
  act: (idempotencyKey: string) => unknown,
): Promise<unknown> {
  const { platform, capability } = linkOf(input, 'once')
  const ref = refOf(input, runState)
  if (!isFresh) {
    const recorded = valueOf('once', await platform.recordedStep(capability, ref, key))
    if (recorded !== undefined) return parsed(recorded)
  }
  const made = await act(await digestOf([ref.id, key]))
  const json = made === undefined ? NOTHING : (JSON.stringify(made) as string | undefined)
  if (json === undefined) throw new TypeError(`once("${key}"): a ${typeof made} is not JSON`)
  const tooMuch = () =>
    new RangeError(
      `once("${key}"): its result is larger than 64 KiB, its key longer than 256, or it is step 129`,
    )
  const counted = valueOf('once', await platform.recordStep(capability, ref, key, json), {
    too_large: tooMuch,
    too_many: tooMuch,
  })
  return parsed(counted)
}

/** A step that answers nothing has happened all the same; no JSON is empty. */
const NOTHING = ''
const parsed = (json: string): unknown => (json === NOTHING ? undefined : JSON.parse(json))

async function claim(input: Input, state: RunState): Promise<boolean> {
  const { platform, capability } = linkOf(input, 'elicit')
  return valueOf('elicit', await platform.claimRun(capability, refOf(input, state), state.round))
}

async function release(input: Input, state: RunState): Promise<void> {
  const { platform, capability } = linkOf(input, 'elicit')
  valueOf('elicit', await platform.releaseRun(capability, refOf(input, state), state.round))
}

/** For the generated entry of a server whose tools use PLATFORM. */
export const platform: Feature = Object.assign(() => ({}), {
  platform: { members: membersOf, claim, release } satisfies PlatformPart,
})
