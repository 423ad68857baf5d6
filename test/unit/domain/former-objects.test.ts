/** Objects of a router that a Rollout names no more: given back once every pod of the Rollout may serve, and not before. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideFormerServices } from '../../../controller/domain/former-services.ts'
import { type Situation, view } from '../../builders/world.ts'

const rule = { kind: 'destinationrules.networking.istio.io', name: 'shop' }
const decide = (situation: Situation, everyPodServes: boolean) => {
  const seen = view(situation)
  const world = { ...seen.world, formerObjects: [rule] }
  return decideFormerServices({ ...seen, world }, everyPodServes).actions ?? []
}
const released = [{ do: 'release', service: 'shop', kind: rule.kind }]

describe('objects of a former router', () => {
  test('every pod may serve', () => assert.deepEqual(decide({}, true), released))

  test('only stable has pods', () => assert.deepEqual(decide({ fresh: [0, 0] }, false), released))

  test('some pods are kept from users', () => assert.deepEqual(decide({ fresh: [1, 1] }, false), []))

  test('nobody knows yet what the new revision is', () => {
    assert.deepEqual(decide({ status: { currentPodHash: 'another' } }, true), [])
  })

  test('none is left: nothing to do', () => {
    assert.deepEqual(decideFormerServices(view({}), true), {})
  })
})
