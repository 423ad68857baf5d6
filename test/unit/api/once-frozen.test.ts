/** A reading is made once for what cannot change, and every time for what can. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { onceFrozen } from '../../../controller/api/once-frozen.ts'

describe('a reading made once', () => {
  test('is made once for each frozen object, whatever it says', () => {
    let times = 0
    const read = onceFrozen((one: { readonly a?: number }) => {
      times += 1
      return one.a
    })
    const [full, empty] = [Object.freeze({ a: 1 }), Object.freeze({})]
    assert.deepEqual([read(full), read(full), read(empty), read(empty)], [1, 1, undefined, undefined])
    assert.equal(times, 2)
    assert.equal(read(Object.freeze({ a: 2 })), 2)
  })

  test('follows what is not frozen', () => {
    const read = onceFrozen((one: { a: number }) => one.a)
    const open = { a: 1 }
    assert.equal(read(open), 1)
    open.a = 2
    assert.equal(read(open), 2)
  })
})
