/** What people are told of one revision that is tried twice. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decide } from '../../../controller/domain/decide.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMachine, type Machine } from '../../golden/world-machine.ts'

const SECOND = 1_000

/** The ids of what the next pass tells. */
const idsOf = (machine: Machine): readonly string[] => decide(machine.world()).notices.map(({ id }) => id)

describe('notices', () => {
  test('the abort of a retry is told beside the first one', () => {
    const machine = createMachine({ rollout: rollout({ steps: [{ setWeight: 20 }, { pause: {} }] }) })
    machine.run(40 * SECOND)
    machine.setImage('shop:2')
    machine.run(20 * SECOND)
    machine.patchStatus({ abort: true })
    const first = idsOf(machine)
    machine.run(20 * SECOND)
    machine.patchStatus({ abort: false })
    machine.run(20 * SECOND)
    machine.patchStatus({ abort: true })
    const second = idsOf(machine)
    assert.deepEqual([first.length, second.length], [1, 1])
    assert.notEqual(first[0], second[0])
  })
})
