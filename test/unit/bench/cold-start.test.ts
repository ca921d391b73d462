import { expect, it } from 'vitest'
import { longerThan } from '../../../scripts/bench/cold-start.ts'

it('takes starts above a bare one turn by turn, so that a slow turn does not count twice', () => {
  const measured = new Map([
    ['bare', [20, 100, 30]],
    ['router', [30, 111, 42]],
  ])
  expect(longerThan('bare', measured)).toEqual(
    new Map([
      ['bare', 0],
      ['router', 11],
    ]),
  )
})
