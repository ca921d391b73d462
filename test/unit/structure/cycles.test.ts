/** No file imports itself in a circle, neither a value nor a type. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const SOURCES = '{shared,workers,durable-objects,scripts}/**/*.{ts,tsx}'
const IMPORT = /^(?:import|export)\b[^'"]*?from '([^']+)'/gm

function importsOf(file: string, known: ReadonlySet<string>): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(IMPORT)].flatMap(([, specifier = '']) => {
    const path = specifier.startsWith('#shared/')
      ? specifier.slice(1)
      : specifier.startsWith('.')
        ? normalize(join(dirname(file), specifier))
        : ''
    return known.has(path) ? [path] : []
  })
}

/** Each circle once, as the files on it. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    if (done.has(file)) return
    const at = path.indexOf(file)
    if (at >= 0) {
      found.push(path.slice(at))
      return
    }
    path.push(file)
    for (const next of graph.get(file) ?? []) visit(next)
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) visit(file)
  return found
}

it('finds a circle', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b']],
  ])
  expect(circles(graph)).toEqual([['b', 'c']])
})

it('no file of the product is on a circle of imports', () => {
  const files = globSync(SOURCES, { cwd: ROOT, exclude: (path) => path.includes('.gen') })
  expect(files.length).toBeGreaterThan(300)
  const known = new Set(files)
  const graph = new Map(files.map((file) => [file, importsOf(file, known)]))
  expect(circles(graph)).toEqual([])
})
