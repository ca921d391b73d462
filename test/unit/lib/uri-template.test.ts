/** URIs read by templates (RFC 6570, as 2026-07-28 server/resources uses it). */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { matchUri, parseUriTemplate, type UriVariables } from '#shared/lib/uri-template.ts'
import { promised } from '../../_pace.ts'

function match(template: string, uri: string): Record<string, string> | undefined {
  const parsed = parseUriTemplate(template)
  if (!parsed.ok) throw new Error(parsed.failure)
  return matchUri(parsed.value, uri)
}

describe('a template', () => {
  it.each([
    ['note://{id}', 'note://7', { id: '7' }],
    ['note://{id}', 'note://a%2Fb%20c', { id: 'a/b c' }],
    ['test://{a}/{b}/data', 'test://1/2/data', { a: '1', b: '2' }],
    ['file:///{+path}', 'file:///a/b%20c.txt', { path: 'a/b%20c.txt' }],
    ['file:///{+path}/meta', 'file:///a/meta/b/meta', { path: 'a/meta/b' }],
    ['repo://x{/branch}', 'repo://x/main', { branch: 'main' }],
    ['doc://a{.ext}', 'doc://a.md', { ext: 'md' }],
    ['doc://a{#part}', 'doc://a#top', { part: 'top' }],
    ['find://notes{?tag,page}', 'find://notes?page=2&tag=a%20b', { tag: 'a b', page: '2' }],
    ['find://notes{?tag}', 'find://notes', {}],
    ['{a}-{b}', 'x-y-z', { a: 'x', b: 'y-z' }],
  ])('%s reads %s', (template, uri, variables) => {
    expect(match(template, uri)).toEqual(variables)
  })

  it.each([
    ['note://{id}', 'note://'],
    ['note://{id}', 'note://a/b'],
    ['note://{id}', 'note://a?b'],
    ['note://{id}', 'note://%'],
    ['note://{id}', 'NOTE://a'],
    ['test://{a}/data', 'test://1/data/more'],
    ['test://{a}/data', 'test://1/dat'],
    ['find://notes{?tag}', 'find://other?tag=a'],
  ])('%s does not fit %s', (template, uri) => {
    expect(match(template, uri)).toBeUndefined()
  })

  it.each([
    ['a://{x}{y}', /text must stand before/],
    ['a://{x}/{x}', /twice/],
    ['a://{?q}/b', /at the end/],
    ['a://{x', /brace/],
    ['a://}', /brace/],
    ['a://{}', /not a variable/],
    ['a://{x*}', /"x\*" is not a variable/],
    ['a://{x,y}', /not a variable/],
    ['a://{&x}', /not a variable/],
    ['a://{__proto__}', /not a variable/],
  ])('%s is refused', (template, reason) => {
    expect(parseUriTemplate(template)).toMatchObject({
      ok: false,
      failure: expect.stringMatching(reason),
    })
  })

  it('takes linear time over URIs made to make it slow', () => {
    const startMs = performance.now()
    expect(match('a://{a}-{b}-{c}-{d}-{e}/x', `a://${'-'.repeat(200_000)}`)).toBeUndefined()
    expect(performance.now() - startMs).toBeLessThan(promised(2_000))
  })

  it('types its variables', () => {
    expectTypeOf<UriVariables<'note://{owner}/{+id}{?v,w}'>>().branded.toEqualTypeOf<{
      owner: string
      id: string
      v?: string
      w?: string
    }>()
    expectTypeOf<UriVariables<'note://all'>>().branded.toEqualTypeOf<{}>()
  })
})
