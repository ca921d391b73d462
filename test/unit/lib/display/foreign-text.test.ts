/** Text that others wrote, beside our own words: what is left of it, and what is said of its letters. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { doubtsAbout } from '#shared/lib/display/doubts.ts'
import { foreignHost, foreignText } from '#shared/lib/display/foreign-text.ts'
import { MARKS_MAX, NAME_MAX_CHARS } from '#shared/lib/display/limits.ts'

const kinds = (text: string) => doubtsAbout(text).map(({ kind }) => kind)

describe('what is left', () => {
  test.each([
    ['bidirectional override (U+202E)', 'Claude\u202E)deifirev(', 'Claude)deifirev('],
    ['isolates and embeddings', '\u2066a\u2067b\u2068c\u2069\u202Ad\u202Be\u202C', 'abcde'],
    ['marks of direction', 'a\u200Eb\u200Fc\u061Cd', 'abcd'],
    ['zero width and joiners', 'C\u200Bl\u200Ca\u200Du\u2060d\uFEFFe', 'Claude'],
    ['joiners where they shape nothing', 'ن\u200C م\u200D\u200Cن\u200C', 'ن من'],
    [
      'a joiner whose virama is one mark too many',
      'क\u0941\u0941\u0941\u0941\u094D\u200Dष',
      'क\u0941\u0941\u0941\u0941ष',
    ],
    ['soft hyphen, grapheme joiner', 'Cl\u00ADa\u034Fude', 'Claude'],
    ['tags and variation selectors', 'a\u{E0041}\u{E0042}\uFE0F\u{E0100}b', 'ab'],
    ['Hangul fillers, Braille blank', 'a\u3164\u115F\uFFA0\u2800b', 'ab'],
    ['controls', 'a\u0000\u0008\u001B\u007F\u009Bb', 'ab'],
    ['private use, unassigned, lone surrogates', 'a\uE000\u{10FFFF}\u0378\uD800b', 'ab'],
    ['lines and exotic spaces', '  a\r\n\n\tb\u2028c\u00A0\u3000d ', 'a b c d'],
    ['signs of trust', 'Claude ✅🔒✓☑️ ⭐', 'Claude'],
    ['decomposed letters: NFC', 'Cafe\u0301', 'Café'],
    ['marks over nothing', '\u0301\u0302 a', 'a'],
    ['nothing', '\u200B\u202E ', ''],
  ])('%s', (_, written, shown) => expect(foreignText(written)).toBe(shown))

  test.each([
    'Claude',
    'Claude Code (my-server)',
    'Яндекс Почта',
    '日本語のアプリ',
    'שלום',
    'नमस्ते',
    'نرم\u200Cافزار می\u200Cخواهم', // Persian: without its joiners other words
    'ශ්\u200Dරී ලංකා',
    'ക്\u200Dളൗഡ്',
    'עִבְרִית',
    'تطبيق ملاحظات',
    '1ª App',
    'R&D <b>',
  ])('%s stays as it is, without a doubt', (name) =>
    expect([foreignText(name), doubtsAbout(name)]).toEqual([name, []]),
  )

  test('length is bounded, an ellipsis included', () => {
    const text = foreignText('x'.repeat(1_200))
    expect(Array.from(text)).toHaveLength(NAME_MAX_CHARS)
    expect(text.endsWith('x…')).toBe(true)
    expect(Array.from(foreignText('𝔘'.repeat(200)))).toHaveLength(NAME_MAX_CHARS)
  })

  test('marks do not climb over other lines', () => {
    const text = foreignText(`a${'\u0316'.repeat(300)}b`)
    expect(text.match(/\p{M}/gu)).toHaveLength(MARKS_MAX)
  })

  test('a host keeps its end, which says who owns it', () => {
    const text = foreignHost(`accounts.google.com.${'a'.repeat(60)}.${'b'.repeat(60)}.evil.example`)
    expect(text.endsWith('.evil.example')).toBe(true)
    expect(text).not.toContain('google')
    expect(foreignHost(new URL('https://аррӏе.com').hostname)).toBe('xn--80ak6aa92e.com')
  })

  test('whatever it is: bounded, visible, of one line, and the same again', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((n) => String.fromCharCode(n)) }),
      fc.string({
        unit: fc.constantFrom(...Array.from('aنमृ\u094D\u0301\u200C\u200D 📝')),
        maxLength: 60,
      }),
    )
    fc.assert(
      fc.property(anything, fc.constantFrom('start' as const, 'end' as const), (written, keep) => {
        const text = foreignText(written, 20, keep)
        expect(Array.from(text).length).toBeLessThanOrEqual(20)
        const joined = /(?<=[\p{L}\p{M}])[\u200C\u200D](?=\p{L})/gu
        expect(text.replace(joined, '')).not.toMatch(
          /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u,
        )
        expect(text).toBe(text.trim().replace(/\s+/g, ' '))
        expect(text).toBe(text.normalize('NFC'))
        expect(foreignText(text, 20, keep)).toBe(text)
      }),
    )
  })
})

describe('doubts about its letters', () => {
  test.each([
    ['\u0441laude', 'mixed'], // Cyrillic с
    ['Cl\u0430ude Desktop', 'mixed'],
    ['G\u03BFogle', 'mixed'], // Greek omicron
    ['\u0430\u0440\u0440\u04CF\u0435', 'looks_latin'], // аррӏе, Cyrillic alone
    ['\u0421\u043E\u0440\u0443', 'looks_latin'],
    ['\u039A\u0391\u03A4\u0395', 'looks_latin'], // Greek capitals
    ['\u13DF\u13CE\u13AA', 'rare'], // Cherokee
    ['𝗖𝗹𝗮𝘂𝗱𝗲', 'styled'],
    ['Ｃｌａｕｄｅ', 'styled'],
    ['Cl\u0251ude', 'styled'], // Latin alpha
    ['Claude\u202E)deifirev(', 'turned'],
  ])('%s: %s', (name, kind) => expect(kinds(name)).toEqual([kind]))

  test.each([
    'Яндекс Mail',
    'Почта России',
    'Claude™',
    'React 19',
    'LINE公式アカウント',
    '카카오톡 Talk',
    'Ελλάδα',
    'Москва',
  ])('none: %s', (name) => expect(kinds(name)).toEqual([]))
})
