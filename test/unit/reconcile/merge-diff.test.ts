/** The patch of a status says exactly what differs. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mergeDiff } from '../../../controller/reconcile/merge-diff.ts'

const rows = [
  ['equal', { a: 1, b: { c: [1] } }, { a: 1, b: { c: [1] } }, undefined],
  ['changed', { a: 1 }, { a: 2 }, { a: 2 }],
  ['added', {}, { a: { b: 1 } }, { a: { b: 1 } }],
  ['removed', { a: 1 }, {}, { a: null }],
  ['null counts as absent', { a: null }, { a: undefined }, undefined],
  ['nested', { a: { b: 1, c: 2 } }, { a: { b: 1 } }, { a: { c: null } }],
  ['a list is one value', { a: [1, 2] }, { a: [1] }, { a: [1] }],
  ['a list of objects', { a: [{ b: 1 }] }, { a: [{ b: 1 }] }, undefined],
  ['longer objects in a list differ', { a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] }, { a: [{ b: 1, c: 2 }] }],
  ['an object in place of a value', { a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
] as const

describe('merge diff', () => {
  for (const [name, before, after, patch] of rows) test(name, () => assert.deepEqual(mergeDiff(before, after), patch))

  test('applying it gives the second object, and a second one is empty', () => {
    const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }))
    const object = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof(leaf, fc.dictionary(fc.constantFrom('x', 'y'), leaf)),
    )
    const isMap = (value: unknown): value is Record<string, unknown> =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
    const merge = (target: unknown, patch: unknown): unknown => {
      if (!isMap(patch)) return patch
      const merged: Record<string, unknown> = isMap(target) ? { ...target } : {}
      for (const [key, value] of Object.entries(patch)) {
        if (value === null) delete merged[key]
        else merged[key] = merge(merged[key], value)
      }
      return merged
    }
    fc.assert(
      fc.property(object, object, (before, after) => {
        const merged = merge(before, mergeDiff(before, after) ?? {}) as Record<string, unknown>
        assert.equal(mergeDiff(merged, after), undefined)
      }),
      { seed: 4 },
    )
  })
})
