/** The first deploy behind Services that people use already: nothing is bound to a revision before all its pods answer (AR#2507). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMachine, type Machine } from '../../golden/world-machine.ts'

const namedBy = (machine: Machine): readonly (string | undefined)[] =>
  ['stable', 'canary'].map((name) => machine.world().services[name]?.service.spec.selector?.[POD_TEMPLATE_HASH])

describe('the first deploy', () => {
  test('binds no Service while pods come one by one, and both with the last', () => {
    const machine = createMachine({ rollout: rollout({ replicas: 3 }), podDelayMs: 3_600_000 })
    machine.settle()
    for (const _early of [1, 2]) {
      machine.readyPods(1)
      machine.settle()
      assert.deepEqual(namedBy(machine), [undefined, undefined])
    }
    machine.readyPods(1)
    machine.settle()
    const { currentPodHash } = machine.status()
    assert.deepEqual(namedBy(machine), [currentPodHash, currentPodHash])
  })
})
