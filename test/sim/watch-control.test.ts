/** What a watch has lost stays lost until its kind is listed anew, however often the watch begins again from where it was. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createWatchControl } from '../../sim/cluster/watch-edge.ts'

describe('lost lines of watches', () => {
  test('are remembered by kind, until that kind is listed', () => {
    const control = createWatchControl()
    const watch = { plural: 'services', hasLost: () => control.hasLost('services'), end: () => {}, silence: () => {} }
    control.add(watch)
    control.lose('services')
    control.remove(watch)
    control.add({ ...watch })
    assert.deepEqual(
      control.list('services').map((one) => one.hasLost()),
      [true],
    )
    assert.equal(control.hasLost('pods'), false)
    control.find('services')
    assert.equal(control.hasLost('services'), false)
  })
})
