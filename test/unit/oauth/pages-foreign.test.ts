/** No page shows text that others wrote, unless it went through pages/foreign.tsx. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../../scripts/root.ts'
import { rawTextIn } from './_raw-text.ts'

/** The frame, which is given what pages made, and the components that clean. */
const MADE_OF_PAGES = ['workers/oauth/pages/layout.tsx', 'workers/oauth/pages/foreign.tsx']

const files = globSync('workers/{oauth,router}/**/*.{ts,tsx}', { cwd: ROOT })
  .filter((path) => !path.includes('.gen/') && !path.endsWith('.d.ts'))
  .filter((path) => !MADE_OF_PAGES.includes(path))

test.each(files)('%s', (path) => {
  expect(rawTextIn(path, readFileSync(join(ROOT, path), 'utf8'))).toEqual([])
})

test.each([
  ['const Page = ({ name }) => <p>{name}</p>', 'name'],
  ['const Page = (app) => <p>{app.name}</p>', 'app.name'],
  ['const Page = (names) => <ul>{names.map((name) => name)}</ul>', 'names.map((name) => name)'],
  ['const Page = (a) => <p>{`from ${a}`}</p>', '`from ${a}`'],
  ['const Page = (a) => <p>{a ? "x" : a}</p>', 'a ? "x" : a'],
  ['const Page = (a) => <p title={a}>x</p>', 'a'],
  ['const text = (a) => a\nconst Page = (a) => <p>{text(a)}</p>', 'text(a)'],
  ['const Page = (a) => errorPage(400, "No", `not ${a}`)', '`not ${a}`'],
  ['const page = (a) => html`<p>${a}</p>`', 'a'],
])('the search finds it: %s', (source, found) => {
  expect(rawTextIn('page.tsx', source)).toEqual([found])
})
