/** Packed columns give back exactly what was put in, whatever it was. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addColumn,
  bytesOf,
  copyNumbers,
  createNumberStore,
  lengthOf,
  newestOf,
  pushNumber,
  readNumbers,
} from '../../../../analysis/domain/stats/packed-numbers.ts'
import { createRandom } from '../../../builders/gate-case.ts'

function pack(values: readonly number[], store = createNumberStore()) {
  const numbers = addColumn(store)
  for (const value of values) pushNumber(numbers, value)
  return numbers
}

/** A counter that restarts, jumps, and now and then is no counter. */
function drawColumn(random: () => number, oddShare: number): number[] {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, 0.5, -0, -7, 1e300, 2 ** 52, Number.MAX_SAFE_INTEGER]
  let value = Math.floor(random() * (random() < 0.5 ? 10 : 2 ** 49))
  return Array.from({ length: Math.floor(random() * 150) }, () => {
    if (random() < oddShare) return odd[Math.floor(random() * odd.length)] ?? 0
    value = random() < 0.03 ? 0 : value + Math.floor(random() * 1000)
    return value
  })
}

describe('packed numbers', () => {
  test('are what they were, whatever else is in their store', () => {
    const random = createRandom(7)
    const store = createNumberStore()
    const neighbour = addColumn(store)
    const others: number[] = []
    for (let column = 0; column < 400; column += 1) {
      const values = drawColumn(random, column % 4 === 0 ? 0.02 : 0)
      const numbers = pack(values, store)
      others.push(column)
      pushNumber(neighbour, column)
      assert.deepEqual(readNumbers(numbers), values)
      assert.equal(lengthOf(numbers), values.length)
      assert.equal(newestOf(numbers), values.at(-1))
      const from = Math.floor(random() * (values.length + 1))
      assert.deepEqual(readNumbers(numbers, from), values.slice(from))
      assert.deepEqual(readNumbers(copyNumbers(numbers, from)), values.slice(0, from))
      assert.deepEqual(readNumbers(neighbour), others)
    }
  })

  test('take little: an hour of a counter and of its times', () => {
    const random = createRandom(3)
    const start = Date.UTC(2026, 0, 1)
    const store = createNumberStore()
    for (let pod = 0; pod < 20; pod += 1) {
      pack(
        Array.from({ length: 240 }, (_, scrape) => start + scrape * 15_000 + Math.floor(random() * 20)),
        store,
      )
      pack(
        Array.from({ length: 240 }, (_, scrape) => scrape * 75 + Math.floor(random() * 8)),
        store,
      )
    }
    assert.ok(bytesOf(store) < 0.25 * 20 * 2 * 240 * 8, `${bytesOf(store)} bytes`)
  })
})
