/** Ctrl-C while a step is at work: it may finish what it does, and nothing new begins. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { runSteps } from '../../../scripts/deploy/steps.ts'
import { runWrangler } from '../../../scripts/deploy/wrangler.ts'

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.restoreAllMocks()
})

const interrupt = () => process.emit('SIGINT', 'SIGINT')

test('the next step does not begin', async () => {
  const second = vi.fn(() => Promise.resolve())
  const first = () => Promise.resolve(void interrupt())
  const steps = [
    { title: 'first', run: first },
    { title: 'second', run: second },
  ]
  await expect(runSteps(steps)).rejects.toMatchObject({
    exitCode: 130,
    message: expect.stringContaining('Interrupted after [1/2] first') as string,
  })
  expect(second).not.toHaveBeenCalled()
})

test('a step that was interrupted before it runs wrangler does not run it', async () => {
  const run = async (): Promise<void> => {
    interrupt()
    await runWrangler({ accountId: 'none', env: 'dev' }, ['no-such-command'])
  }
  await expect(runSteps([{ title: 'upload', run }])).rejects.toMatchObject({
    exitCode: 130,
    message: expect.stringContaining('Interrupted in [1/1] upload') as string,
  })
})
