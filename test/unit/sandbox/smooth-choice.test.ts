import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createSmoothChoice } from '../../../sandbox/gateway/smooth-choice.ts'

describe('smooth weighted choice', () => {
  test('gives every choice exactly its share after each whole turn', () => {
    const weights = fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }).filter((list) => list.some((w) => w > 0))
    fc.assert(
      fc.property(weights, (list) => {
        const choice = createSmoothChoice(list.map((weight, index) => ({ key: String(index), weight })))
        const total = list.reduce((a, b) => a + b, 0)
        const taken = list.map(() => 0)
        for (let n = 0; n < 2 * total; n += 1) {
          const key = Number(choice.next())
          taken[key] = (taken[key] ?? 0) + 1
        }
        assert.deepEqual(
          taken,
          list.map((weight) => 2 * weight),
        )
      }),
    )
  })

  test('spreads a small share evenly', () => {
    const choice = createSmoothChoice([
      { key: 'stable', weight: 95 },
      { key: 'canary', weight: 5 },
    ])
    const at = Array.from({ length: 100 }, () => choice.next()).flatMap((key, n) => (key === 'canary' ? [n] : []))
    const gaps = at.slice(1).map((n, i) => n - (at[i] ?? 0))
    assert.equal(at.length, 5)
    assert.ok(
      gaps.every((gap) => gap >= 19 && gap <= 21),
      String(gaps),
    )
  })

  test('takes nothing when no weight is above zero', () => {
    assert.equal(createSmoothChoice([{ key: 'a', weight: 0 }]).next(), undefined)
    assert.equal(createSmoothChoice([]).next(), undefined)
  })
})
