/**
 * Labels and annotations of a pod's role: which revision carries which, what is written in which order, and what survives. Written from the
 * documented behaviour of `canaryMetadata` and `stableMetadata`.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod } from '../../../controller/api/pod.ts'
import type { CanaryStrategy, ReplicaSet, Rollout } from '../../../controller/api/rollout.ts'
import { isSameTemplate } from '../../../controller/argo/pod-template.ts'
import type { Action } from '../../../controller/domain/plan.ts'
import {
  hasPendingPods,
  metadataOfNew,
  syncPodMetadata,
  withMetadata,
} from '../../../controller/domain/pod-metadata.ts'
import type { Revisions } from '../../../controller/domain/revisions.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import type { World } from '../../../controller/domain/world.ts'
import { amend } from '../../../controller/small-world/pods.ts'
import { rollout } from '../../builders/rollout.ts'

const EPHEMERAL = 'rollout.argoproj.io/ephemeral-metadata'
const PENDING = 'penstock.dev/pending-pod-metadata'
const OVERRIDDEN = 'penstock.dev/overridden-pod-metadata'
const roles: Partial<CanaryStrategy> = {
  canaryMetadata: { labels: { role: 'canary' } },
  stableMetadata: { labels: { role: 'stable' } },
}

function replicaSet(
  hash: string,
  shape: { readonly pods?: number; readonly labels?: Record<string, string>; readonly seen?: number } = {},
): ReplicaSet {
  const { pods = 2, labels = {}, seen = 1 } = shape
  const all = { app: 'shop', 'rollouts-pod-template-hash': hash, ...labels }
  return {
    metadata: {
      name: `shop-${hash}`,
      namespace: 'web',
      uid: `uid-${hash}`,
      generation: 1,
      labels: all,
      annotations: {},
    },
    spec: {
      replicas: pods,
      selector: {},
      template: { metadata: { labels: all }, spec: { containers: [{ name: 'app', image: 'shop:1' }] } },
    },
    status: { replicas: pods, observedGeneration: seen },
  }
}

const revisions = (
  newRs: ReplicaSet | undefined,
  stableRs: ReplicaSet | undefined,
  others: readonly ReplicaSet[] = [],
): Revisions => ({
  podHash: newRs?.metadata.labels?.['rollouts-pod-template-hash'] ?? 'next',
  newRs,
  stableRs,
  others,
  revision: 1,
  collisionCount: undefined,
  blocked: undefined,
})

const withStatus = (canary: Partial<CanaryStrategy>, stableRS: string | undefined): Rollout => ({
  ...rollout({ canary }),
  status: stableRS === undefined ? {} : { stableRS },
})

const worldOf = (ro: Rollout, sets: readonly ReplicaSet[], pods?: readonly Pod[]): World =>
  ({ now: 0, rollout: ro, replicaSets: sets, ...(pods ? { pods } : {}) }) as unknown as World

/** The ReplicaSet with what an `amendTemplate` writes. */
const amended = (action: Action | undefined): ReplicaSet => {
  assert.ok(action?.do === 'amendTemplate', `it is ${action?.do}`)
  return amend(action.replicaSet, action.template, action.annotations)
}
const labelsOf = (rs: ReplicaSet) => rs.spec.template.metadata?.labels
const podOf = (rs: ReplicaSet, name: string, labels: Record<string, string>): Pod => ({
  metadata: {
    name,
    uid: name,
    labels,
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: rs.metadata.name,
        uid: rs.metadata.uid ?? '',
        controller: true,
      },
    ],
  },
})

describe('which metadata the new revision is born with', () => {
  const a = replicaSet('a')
  const rows: readonly (readonly [string, string | undefined, Revisions, string | undefined])[] = [
    ['first deployment', undefined, revisions(undefined, undefined), 'stable'],
    ['update', 'a', revisions(undefined, a), 'canary'],
    ['complete', 'a', revisions(a, a), 'stable'],
    ['stable was deleted', 'gone', revisions(undefined, undefined), 'stable'],
  ]
  for (const [name, stableRS, found, expected] of rows)
    test(name, () => assert.equal(metadataOfNew(withStatus(roles, stableRS), found)?.labels?.role, expected))

  test('blue-green has its own fields', () => {
    const strategy = {
      blueGreen: {
        activeService: 'active',
        previewMetadata: { labels: { role: 'preview' } },
        activeMetadata: { labels: { role: 'active' } },
      },
    }
    const ro = { ...rollout({ spec: { strategy } }), status: { stableRS: 'a' } }
    assert.equal(metadataOfNew(ro, revisions(undefined, a))?.labels?.role, 'preview')
    assert.equal(metadataOfNew(ro, revisions(a, a))?.labels?.role, 'active')
  })

  test('it is in template and record, and no pod lags behind', () => {
    const born = withMetadata(replicaSet('b', { pods: 0 }), roles.canaryMetadata)
    assert.equal(labelsOf(born)?.role, 'canary')
    assert.deepEqual(born.metadata.annotations, { [EPHEMERAL]: '{"labels":{"role":"canary"}}' })
    assert.equal(born.metadata.labels?.role, undefined, 'the ReplicaSet itself plays no role')
    assert.equal(hasPendingPods(born), false)
  })
})

describe('an update changes hands', () => {
  const canary = withMetadata(replicaSet('b'), roles.canaryMetadata)
  const stable = withMetadata(replicaSet('a'), roles.stableMetadata)
  const clean = (rs: ReplicaSet): ReplicaSet => ({
    ...rs,
    metadata: { ...rs.metadata, annotations: { [EPHEMERAL]: rs.metadata.annotations?.[EPHEMERAL] ?? '' } },
  })
  const [b, a] = [clean(canary), clean(stable)]

  test('nothing to do while both carry theirs', () => {
    const part = syncPodMetadata(worldOf(withStatus(roles, 'a'), [a, b]), revisions(b, a), [])
    assert.deepEqual(part, { actions: [] })
  })

  test('promotion: the new revision is stable, the old one is nobody', () => {
    const part = syncPodMetadata(worldOf(withStatus(roles, 'b'), [a, b]), revisions(b, b, [a]), [])
    const [next, former] = (part.actions ?? []).map(amended)
    assert.equal(labelsOf(next ?? a)?.role, 'stable')
    assert.equal(labelsOf(former ?? b)?.role, undefined)
    assert.equal(former?.metadata.annotations?.[EPHEMERAL], undefined)
    assert.ok(next && former && hasPendingPods(next) && hasPendingPods(former))
  })

  test('a ReplicaSet that is written in this pass anyway waits for the next', () => {
    const moves: Action[] = [{ do: 'scale', replicaSet: b, to: 3, annotations: {} }]
    const part = syncPodMetadata(worldOf(withStatus(roles, 'b'), [b]), revisions(b, b), moves)
    assert.deepEqual(part.actions, [])
  })

  test('then the pods follow, only as far as they have to, and the mark goes last', () => {
    const first = syncPodMetadata(worldOf(withStatus(roles, 'b'), [b]), revisions(b, b), [])
    const marked = amended(first.actions?.[0])
    const at = (pods: readonly Pod[] | undefined, rs = marked) =>
      syncPodMetadata(worldOf(withStatus(roles, 'b'), [rs], pods), revisions(rs, rs), []).actions ?? []
    assert.deepEqual(at(undefined), [], 'nothing without having seen the pods')
    const lagging = podOf(marked, 'p1', { app: 'shop', role: 'canary', mine: 'kept' })
    const current = podOf(marked, 'p2', { app: 'shop', role: 'stable' })
    const stranger = { metadata: { name: 'x', labels: { role: 'canary' } } }
    const [relabel] = at([lagging, current, stranger])
    assert.ok(relabel?.do === 'labelPods')
    assert.deepEqual(
      relabel.pods.map(({ pod, patch }) => [pod.metadata.name, patch]),
      [['p1', { labels: { role: 'stable' }, annotations: {} }]],
    )
    const lags = { ...marked, metadata: { ...marked.metadata, generation: 2 } }
    assert.deepEqual(at([current], lags), [], 'the ReplicaSet controller may still make pods of the former template')
    const [unmark] = at([current])
    assert.deepEqual(unmark?.do === 'annotateReplicaSet' && unmark.annotations, { [PENDING]: null })
  })

  test('a key that is not wanted any more leaves the pods, an absent one needs no write', () => {
    const [action] = syncPodMetadata(worldOf(withStatus({}, 'b'), [b]), revisions(b, b), []).actions ?? []
    const marked = amended(action)
    const pods = [podOf(marked, 'p1', { role: 'canary' }), podOf(marked, 'p2', {})]
    const [relabel] =
      syncPodMetadata(worldOf(withStatus({}, 'b'), [marked], pods), revisions(marked, marked), []).actions ?? []
    assert.ok(relabel?.do === 'labelPods')
    assert.deepEqual(
      relabel.pods.map(({ patch }) => patch),
      [{ labels: { role: null }, annotations: {} }],
    )
  })

  test('a second change before the pods had followed forgets no key', () => {
    const other = { stableMetadata: { labels: { tier: 'gold' } } }
    const first = amended(syncPodMetadata(worldOf(withStatus(roles, 'b'), [b]), revisions(b, b), []).actions?.[0])
    const second = amended(
      syncPodMetadata(worldOf(withStatus(other, 'b'), [first]), revisions(first, first), []).actions?.[0],
    )
    assert.deepEqual(Object.keys(JSON.parse(second.metadata.annotations?.[PENDING] ?? '{}').labels).sort(), [
      'role',
      'tier',
    ])
  })

  test('a ReplicaSet without pods needs no mark', () => {
    const empty = { ...b, spec: { ...b.spec, replicas: 0 }, status: { replicas: 0 } }
    const next = amended(
      syncPodMetadata(worldOf(withStatus(roles, 'c'), [empty]), revisions(undefined, undefined, [empty]), [])
        .actions?.[0],
    )
    assert.equal(hasPendingPods(next), false)
  })

  test('pods that cannot be read are said, and looked at again', () => {
    const marked = amended(syncPodMetadata(worldOf(withStatus(roles, 'b'), [b]), revisions(b, b), []).actions?.[0])
    const world = { ...worldOf(withStatus(roles, 'b'), [marked]), podsProblem: 'forbidden' }
    const part = syncPodMetadata(world, revisions(marked, marked), [])
    assert.match(part.holds?.[0]?.message ?? '', /forbidden/)
    assert.equal(part.wakeAtMs, 10_000)
  })
})

describe('labels of the template itself', () => {
  const own = { app: 'shop', role: 'web' }
  const spec = { template: { metadata: { labels: own }, spec: { containers: [{ name: 'app', image: 'shop:1' }] } } }
  const born = withMetadata(replicaSet('b', { labels: { role: 'web' } }), { labels: { role: 'canary' } })

  test('are covered, recorded, and the revision stays the same', () => {
    assert.equal(labelsOf(born)?.role, 'canary')
    assert.equal(born.metadata.annotations?.[OVERRIDDEN], '{"labels":{"role":"web"}}')
    assert.equal(isSameTemplate(spec.template, born), true)
    const changed = { ...spec.template, metadata: { labels: { ...own, role: 'other' } } }
    assert.equal(isSameTemplate(changed, born), false, 'another label of its own is another revision')
  })

  test('come back when the injected ones go', () => {
    const ro = { ...rollout({ spec }), status: { stableRS: 'b' } }
    const next = amended(syncPodMetadata(worldOf(ro, [born]), revisions(born, born), []).actions?.[0])
    assert.equal(labelsOf(next)?.role, 'web')
    assert.deepEqual(
      [next.metadata.annotations?.[EPHEMERAL], next.metadata.annotations?.[OVERRIDDEN]],
      [undefined, undefined],
    )
    const pods = [podOf(next, 'p1', { role: 'canary' })]
    const [relabel] = syncPodMetadata(worldOf(ro, [next], pods), revisions(next, next), []).actions ?? []
    assert.ok(relabel?.do === 'labelPods')
    assert.deepEqual(relabel.pods[0]?.patch.labels, { role: 'web' })
  })

  test('come back also where Argo has covered them, which keeps no record', () => {
    const { [OVERRIDDEN]: _record, ...annotations } = born.metadata.annotations ?? {}
    const argos = { ...born, metadata: { ...born.metadata, annotations } }
    const ro = { ...rollout({ spec }), status: { stableRS: 'b' } }
    assert.equal(
      labelsOf(amended(syncPodMetadata(worldOf(ro, [argos]), revisions(argos, argos), []).actions?.[0]))?.role,
      'web',
    )
  })
})

describe('what Argo has written', () => {
  test('is taken over without a write, in whatever order of keys', () => {
    const set = withMetadata(replicaSet('b'), { labels: { x: '1', y: '2' }, annotations: { z: '<3' } })
    const annotations = { [EPHEMERAL]: '{"labels":{"y":"2","x":"1"},"annotations":{"z":"\\u003c3"}}' }
    const argos = { ...set, metadata: { ...set.metadata, annotations } }
    const ro = withStatus({ stableMetadata: { labels: { x: '1', y: '2' }, annotations: { z: '<3' } } }, 'b')
    assert.deepEqual(syncPodMetadata(worldOf(ro, [argos]), revisions(argos, argos), []).actions, [])
  })

  test('and is of no use when it cannot be read: nothing is taken from the template', () => {
    const set = replicaSet('b')
    const odd = { ...set, metadata: { ...set.metadata, annotations: { [EPHEMERAL]: '[1' } } }
    const next = amended(syncPodMetadata(worldOf(withStatus({}, 'b'), [odd]), revisions(odd, odd), []).actions?.[0])
    assert.deepEqual(labelsOf(next), labelsOf(set))
    assert.equal(next.metadata.annotations?.[EPHEMERAL], undefined)
  })
})

describe('the manifest', () => {
  const rows: readonly (readonly [string, Partial<CanaryStrategy>, RegExp | undefined])[] = [
    ['fits', roles, undefined],
    [
      'takes a label of the selector',
      { canaryMetadata: { labels: { app: 'x' } } },
      /canaryMetadata\.labels.*"app" selects/,
    ],
    ['takes the hash', { stableMetadata: { labels: { 'rollouts-pod-template-hash': 'x' } } }, /selects/],
    ['no label value', { canaryMetadata: { labels: { role: 'a b' } } }, /canaryMetadata\.labels/],
    ['no annotation key', { canaryMetadata: { annotations: { 'a b': 'x' } } }, /canaryMetadata\.annotations/],
  ]
  for (const [name, canary, expected] of rows)
    test(name, () => {
      const text = validateRollout(rollout({ canary }))
        .map(({ field, message }) => `${field}: ${message}`)
        .join('; ')
      if (expected) assert.match(text, expected)
      else assert.equal(text, '')
    })
})
