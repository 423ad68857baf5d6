/** Progress is a new best: what counts, what is remembered, and that a smooth update writes nothing down. Both modes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RolloutStatus } from '../../../controller/api/rollout.ts'
import { HIGH_WATER, hasProgressed, rememberBest } from '../../../controller/domain/high-water.ts'
import { decideLifecycle } from '../../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { type RolloutView, viewRollout } from '../../../controller/domain/view.ts'
import type { Compat } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'
import { world } from '../../builders/world.ts'
import { createMachine } from '../../golden/world-machine.ts'

/** Pods of the new revision that exist, ready and available pods of all, and pods of others; 2 + 4 pods are asked for. */
type Figures = readonly [updated: number, ready: number, available: number, old: number]

const statusOf = ([updated, ready, available, old]: Figures): RolloutStatus => ({
  updatedReplicas: updated,
  readyReplicas: ready,
  availableReplicas: available,
  replicas: updated + old,
})

function viewOf(before: Figures, compat: Compat, recorded?: Figures): RolloutView {
  const seen = world({ fresh: [2, 1], stable: [4, 4], status: statusOf(before) })
  const { status, metadata } = seen.rollout
  const of = [status?.currentPodHash, status?.currentStepHash, status?.currentStepIndex, ''].join('/')
  const [updated, ready, available] = recorded ?? [0, 0, 0]
  const text = JSON.stringify({ of, updated, ready, available })
  const annotations = recorded ? { [HIGH_WATER]: text } : {}
  const now = { ...seen, compat, rollout: { ...seen.rollout, metadata: { ...metadata, annotations } } }
  const revisions = identifyRevisions(now)
  return viewRollout(now, revisions, decideLifecycle(now, revisions))
}

const progress = (before: Figures, after: Figures, compat: Compat, recorded?: Figures): boolean => {
  const view = viewOf(before, compat, recorded)
  return hasProgressed(view, { ...view.status, ...statusOf(after) })
}

interface Row {
  readonly before: Figures
  readonly after: Figures
  readonly recorded?: Figures
  readonly strict: boolean
  readonly argo: boolean
}

const same: Figures = [2, 5, 5, 4]
const rows: Readonly<Record<string, Row>> = {
  'nothing changed': { before: same, after: same, strict: false, argo: false },
  'a pod was created': { before: [1, 5, 5, 4], after: same, strict: true, argo: true },
  'a pod became ready': { before: [2, 4, 5, 4], after: same, strict: true, argo: true },
  'a pod became available': { before: [2, 5, 4, 4], after: same, strict: true, argo: true },
  'an old pod went': { before: [2, 5, 5, 5], after: same, strict: true, argo: true },
  'an old pod was lost': { before: same, after: [2, 4, 4, 3], strict: false, argo: true },
  'a pod vanished': { before: same, after: [1, 4, 4, 4], strict: false, argo: true },
  'a pod is not ready any more': { before: same, after: [2, 4, 4, 4], strict: false, argo: false },
  'it is ready again, and the best is on record': {
    before: [2, 4, 4, 4],
    after: same,
    recorded: same,
    strict: false,
    argo: true,
  },
  'one more than ever': { before: [2, 4, 4, 4], after: [2, 6, 6, 4], recorded: same, strict: true, argo: true },
  'a vanished pod is back, and the best is on record': {
    before: [1, 5, 5, 4],
    after: same,
    recorded: same,
    strict: false,
    argo: true,
  },
}

describe('progress', () => {
  for (const [name, { before, after, recorded, strict, argo }] of Object.entries(rows)) {
    test(`${name}: strict ${strict}`, () => assert.equal(progress(before, after, 'strict', recorded), strict))
    test(`${name}: compat ${argo}`, () => assert.equal(progress(before, after, 'argo', recorded), argo))
  }

  const moves: readonly (readonly [string, RolloutStatus])[] = [
    ['another step', { currentStepIndex: 1 }],
    ['other steps', { currentStepHash: 'x' }],
    ['another stable revision', { stableRS: 'x' }],
    ['another revision', { currentPodHash: 'x' }],
    ['the active Service was switched', { blueGreen: { activeSelector: 'x' } }],
    ['the preview Service was switched', { blueGreen: { previewSelector: 'x' } }],
  ]
  for (const [name, change] of moves)
    test(`${name} is progress`, () => {
      const view = viewOf(same, 'strict', [9, 9, 9, 0])
      assert.ok(hasProgressed(view, { ...view.status, ...change }))
    })

  for (const text of ['', '[]', '{', 'null', '{"of":"another","updated":9,"ready":9,"available":9}', '{"of":1}'])
    test(`a record that says ${text || 'nothing'} counts for nothing`, () => {
      const view = viewOf([1, 5, 5, 4], 'strict')
      const { rollout: one } = view.world
      const metadata = { ...one.metadata, annotations: { [HIGH_WATER]: text } }
      const spoilt = { ...view, world: { ...view.world, rollout: { ...one, metadata } } }
      assert.ok(hasProgressed(spoilt, { ...view.status, ...statusOf(same) }))
    })
})

describe('what is remembered', () => {
  const written = (before: Figures, after: Figures, compat: Compat = 'strict', recorded?: Figures): unknown => {
    const view = viewOf(before, compat, recorded)
    const [action] = rememberBest(view, { ...view.status, ...statusOf(after) }).actions ?? []
    const text = action?.do === 'annotateRollout' ? action.annotations[HIGH_WATER] : undefined
    return typeof text === 'string' ? { ...JSON.parse(text), of: undefined } : text
  }
  const best = { of: undefined, updated: 2, ready: 5, available: 5 }

  test('the best, once readiness is lost', () => assert.deepEqual(written(same, [2, 4, 4, 4]), best))
  test('the best, once a pod is lost', () => assert.deepEqual(written(same, [1, 4, 4, 4]), best))
  test('nothing while nothing is lost', () => assert.equal(written([2, 4, 4, 4], same), undefined))
  test('nothing when old pods go and take their readiness along', () =>
    assert.equal(written(same, [2, 4, 4, 3]), undefined))
  test('nothing a second time', () => assert.equal(written([2, 4, 4, 4], [2, 3, 3, 4], 'strict', same), undefined))
  test('nothing in compat', () => assert.equal(written(same, [2, 4, 4, 4], 'argo'), undefined))
  test('until the Rollout is healthy', () => {
    const view = viewOf(same, 'strict', same)
    const conditions = [{ type: 'Healthy', status: 'True' as const, reason: 'RolloutHealthy', message: '' }]
    const [action] = rememberBest(view, { ...view.status, conditions }).actions ?? []
    assert.deepEqual(action, { do: 'annotateRollout', annotations: { [HIGH_WATER]: null } })
  })

  for (const routed of [true, false])
    test(`a smooth update ${routed ? 'with' : 'without'} a router writes nothing down`, () => {
      const machine = createMachine({ rollout: rollout({ steps: [{ setWeight: 20 }, { setWeight: 60 }], routed }) })
      machine.run(60_000)
      machine.setImage('shop:2')
      machine.run(300_000)
      assert.equal(machine.status().phase, 'Healthy')
      assert.ok(!machine.lines.some((line) => line.includes('high-water')))
    })
})
