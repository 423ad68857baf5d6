/** Patterns that stand in for comparisons which a router does not know: checked against the arithmetic and the text that they replace. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { headerTerms } from '../../../controller/traffic/codec/header-terms.ts'
import { cookiePattern, idPattern, patternOf, whole } from '../../../controller/traffic/codec/patterns.ts'

const fits = (pattern: string, text: string): boolean => new RegExp(pattern).test(text)

describe('ranges of an id', () => {
  const range = fc
    .record({ digits: fc.integer({ min: 1, max: 6 }), a: fc.nat(999_999), b: fc.nat(999_999) })
    .map(({ digits, a, b }) => {
      const modulo = 10 ** digits
      const [from = 0, to = 0] = [a % modulo, b % modulo].sort((x, y) => x - y)
      return { modulo, from, to }
    })

  test('fit exactly the decimal numbers whose rest lies in the range', () => {
    fc.assert(
      fc.property(range, fc.nat(99_999_999), ({ modulo, from, to }, id) => {
        const pattern = whole(idPattern({ modulo, from, to }) ?? '')
        const rest = id % modulo
        for (const text of [String(id), String(from), String(to), `00${id}`, String(rest)]) {
          const own = Number(text) % modulo
          if (fits(pattern, text) !== (own >= from && own <= to)) throw new Error(`${text} and ${pattern}`)
        }
      }),
      { seed: 7, numRuns: 3000 },
    )
  })

  test('fit nothing that is no decimal number', () => {
    const pattern = whole(idPattern({ modulo: 1000, from: 0, to: 999 }) ?? '')
    for (const text of ['', 'abc', '12a', '-5', '1.5', ' 7', '7\n7'])
      assert.equal(fits(pattern, text), false, JSON.stringify(text))
  })

  test('of another modulus than a power of ten have no pattern', () => {
    assert.equal(idPattern({ modulo: 7, from: 1, to: 3 }), undefined)
    assert.equal(headerTerms({ idRange: { header: 'x-user', modulo: 7, from: 1, to: 3 } }), undefined)
  })

  test('stay short', () => {
    const pattern = whole(idPattern({ modulo: 1000, from: 1, to: 50 }) ?? '')
    assert.equal(pattern, '^(?:[0-9]*(?:0(?:0[1-9]|[1-4][0-9]|50))|(?:0[1-9]|[1-4][0-9]|50)|[1-9])$')
  })
})

describe('cookies', () => {
  const pattern = cookiePattern('color', patternOf({ exact: 'a.b' }))
  for (const [header, expected] of [
    ['color=a.b', true],
    ['x=1; color=a.b', true],
    ['color=a.b; x=1', true],
    ['x=1;color=a.b ;y=2', true],
    ['color=axb', false],
    ['color=a.bc', false],
    ['mycolor=a.b', false],
    ['x=color=a.b', false],
    ['', false],
  ] as const)
    test(`${JSON.stringify(header)} ${expected ? 'holds' : 'does not hold'} it`, () =>
      assert.equal(fits(pattern, header), expected))

  test('take a prefix and a regular expression, with anchors or without', () => {
    assert.ok(fits(cookiePattern('v', patternOf({ prefix: 'v2' })), 'v=v2.1'))
    assert.ok(fits(cookiePattern('v', patternOf({ regex: '^v[0-9]$' })), 'a=b; v=v2'))
    assert.ok(!fits(cookiePattern('v', patternOf({ regex: 'v[0-9]' })), 'v=v22'))
  })
})
