/** Which ReplicaSets a Rollout takes, keeps and lets go, and when that comes before everything else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import { claimReplicaSets } from '../../../controller/domain/claims.ts'
import { decide } from '../../../controller/domain/decide.ts'
import { renderAction } from '../../../controller/domain/story.ts'
import type { World } from '../../../controller/domain/world.ts'
import { NEW_HASH, OLD_HASH, world } from '../../builders/world.ts'

const controlled = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x', uid: 'uid-x', controller: true }

/** The usual world with one of its ReplicaSets in other hands, changed as told. */
function handedOver(hash: string, change: Partial<ReplicaSet['metadata']> = {}): World {
  const seen = world()
  const isIt = (rs: ReplicaSet) => rs.metadata.labels?.[POD_TEMPLATE_HASH] === hash
  const strangers = seen.replicaSets.filter(isIt).map((rs) => ({ ...rs, metadata: { ...rs.metadata, ...change } }))
  return { ...seen, replicaSets: seen.replicaSets.filter((rs) => !isIt(rs)), strangers }
}

const actions = (seen: World): readonly string[] => (claimReplicaSets(seen).part.actions ?? []).map(renderAction)

describe('claims', () => {
  test('what fits and is its own is left alone', () => {
    const seen = world()
    assert.deepEqual(claimReplicaSets(seen), { world: seen, part: {}, first: undefined })
  })

  for (const hash of [NEW_HASH, OLD_HASH])
    test(`an orphan that status names is taken before anything else is decided (${hash})`, () => {
      const seen = handedOver(hash)
      const plan = decide(seen)
      assert.deepEqual(plan.actions.map(renderAction), [`adopt ReplicaSet shop-${hash}`])
      assert.deepEqual(plan.status, seen.rollout.status)
      assert.equal(plan.holds[0]?.reason, 'AdoptingReplicaSets')
    })

  test('an orphan of an older revision is taken along with everything else', () => {
    const seen = world()
    const labels = { app: 'shop', [POD_TEMPLATE_HASH]: 'elder' }
    const [any] = seen.replicaSets
    assert.ok(any)
    const elder: ReplicaSet = {
      ...any,
      metadata: { ...any.metadata, name: 'shop-elder', labels },
      spec: {
        ...any.spec,
        template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'shop:-1' }] } },
      },
    }
    const claim = claimReplicaSets({ ...seen, strangers: [elder] })
    assert.equal(claim.first, undefined)
    assert.deepEqual(claim.part.actions?.map(renderAction), ['adopt ReplicaSet shop-elder'])
  })

  const left: readonly (readonly [string, Partial<ReplicaSet['metadata']>])[] = [
    ['controlled by another object', { ownerReferences: [controlled] }],
    ['being deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['whose labels do not fit', { labels: { app: 'other', [POD_TEMPLATE_HASH]: NEW_HASH } }],
    ['that an Experiment left behind', { annotations: { 'experiment.argoproj.io/name': 'e' } }],
    ['without a hash', { labels: { app: 'shop' } }],
  ]
  for (const [what, change] of left)
    test(`one ${what} is left alone`, () => assert.deepEqual(actions(handedOver(NEW_HASH, change)), []))

  test('a selector that would find everything claims nothing', () => {
    const seen = handedOver(NEW_HASH)
    for (const selector of [undefined, {}, { matchLabels: {} }]) {
      const { selector: _selector, ...spec } = seen.rollout.spec
      const rollout = { ...seen.rollout, spec: { ...spec, ...(selector ? { selector } : {}) } }
      assert.deepEqual(actions({ ...seen, rollout }), [])
    }
  })

  test('an owner that does not control is no hindrance', () => {
    const seen = handedOver(NEW_HASH, { ownerReferences: [{ ...controlled, controller: false }] })
    assert.deepEqual(actions(seen), [`adopt ReplicaSet shop-${NEW_HASH}`])
  })

  test('its own that does not fit any more is let go, and does not count', () => {
    const seen = world()
    const replicaSets = seen.replicaSets.map((rs) =>
      rs.metadata.name === `shop-${NEW_HASH}`
        ? { ...rs, metadata: { ...rs.metadata, labels: { [POD_TEMPLATE_HASH]: NEW_HASH } } }
        : rs,
    )
    const claim = claimReplicaSets({ ...seen, replicaSets })
    assert.deepEqual(claim.part.actions?.map(renderAction), [`release ReplicaSet shop-${NEW_HASH}`])
    assert.deepEqual(
      claim.world.replicaSets.map((rs) => rs.metadata.name),
      [`shop-${OLD_HASH}`],
    )
  })
})
