/** Each ReplicaSet is written once a pass, with everything that the sub-decisions want of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import { writeOnce } from '../../../controller/domain/one-write.ts'
import type { Action, Part } from '../../../controller/domain/plan.ts'

const set = (name: string): ReplicaSet => ({
  metadata: { name },
  spec: { replicas: 1, selector: {}, template: {} },
})
const annotate = (name: string, annotations: Readonly<Record<string, string | null>>): Action => ({
  do: 'annotateReplicaSet',
  replicaSet: set(name),
  annotations,
})
const scale = (name: string, annotations: Readonly<Record<string, string | null>>): Action => ({
  do: 'scale',
  replicaSet: set(name),
  to: 3,
  annotations,
})
const select: Action = { do: 'select', service: 's', podHash: 'h', replicaSet: 'a' }

const told = ({ actions = [] }: Part): readonly string[] =>
  actions.map((action) =>
    action.do === 'scale' || action.do === 'annotateReplicaSet'
      ? `${action.do === 'scale' ? 'scale' : 'annotate'} ${action.replicaSet.metadata.name} ${JSON.stringify(action.annotations)}`
      : action.do,
  )

describe('one write for each ReplicaSet', () => {
  test('different ReplicaSets are left alone, by identity', () => {
    const part = { actions: [annotate('a', { x: '1' }), select, scale('b', {})] }
    assert.equal(writeOnce(part), part)
  })

  test('two annotations become one, the later value counts', () => {
    const part = { actions: [annotate('a', { x: '1', y: '1' }), select, annotate('a', { y: null })] }
    assert.deepEqual(told(writeOnce(part)), ['annotate a {"x":"1","y":null}', 'select'])
  })

  test('an annotation joins the scaling, in its place', () => {
    const part = { actions: [annotate('a', { x: '1' }), select, scale('a', { y: '2' })] }
    assert.deepEqual(told(writeOnce(part)), ['select', 'scale a {"x":"1","y":"2"}'])
  })

  test('an event follows the write that it tells of', () => {
    const scaled = scale('a', {})
    const event = { type: 'Normal', reason: 'ScalingReplicaSet', message: 'm', action: scaled } as const
    const { actions = [], events = [] } = writeOnce({ actions: [annotate('a', { x: '1' }), scaled], events: [event] })
    assert.equal(events[0]?.action, actions[0])
    assert.equal(actions.length, 1)
  })
})
