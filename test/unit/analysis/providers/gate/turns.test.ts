/** Work in turns: so many at once and no more, in order, whatever becomes of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTurns } from '../../../../../analysis/providers/gate/turns.ts'

describe('turns', () => {
  test('two at once, the others in the order in which they came, and a failure keeps nobody waiting', async () => {
    const takeTurn = createTurns(2)
    const begun: string[] = []
    const ends = new Map<string, (error?: Error) => void>()
    const work = (name: string): Promise<string> =>
      takeTurn(() => {
        begun.push(name)
        return new Promise((resolve, reject) => ends.set(name, (error) => (error ? reject(error) : resolve(name))))
      })
    const all = ['a', 'b', 'c', 'd'].map(work)
    assert.deepEqual(begun, ['a', 'b'])
    ends.get('b')?.(new Error('down'))
    await assert.rejects(all[1] ?? Promise.resolve(), /down/)
    assert.deepEqual(begun, ['a', 'b', 'c'])
    ends.get('a')?.()
    await all[0]
    assert.deepEqual(begun, ['a', 'b', 'c', 'd'])
    ends.get('c')?.()
    ends.get('d')?.()
    assert.deepEqual([await all[2], await all[3]], ['c', 'd'])
    const later = work('e')
    assert.equal(begun.at(-1), 'e')
    ends.get('e')?.()
    assert.equal(await later, 'e')
  })
})
