/** Which ReplicaSet carries the template: by what it holds, what it is called and what status says of it, row by row; and names that are taken. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH, REVISION, WORKLOAD_GENERATION } from '../../../controller/api/labels.ts'
import type { PodTemplate } from '../../../controller/api/meta.ts'
import type { ReplicaSet, Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import { podTemplateHash } from '../../../controller/argo/pod-hash.ts'
import { renderReplicaSet } from '../../../controller/domain/render-replica-set.ts'
import { identifyRevisions, type RevisionWorld } from '../../../controller/domain/revisions.ts'
import { rollout } from '../../builders/rollout.ts'

const wanted = rollout().spec.template ?? {}
const NEW = podTemplateHash(wanted)
const ELDER = podTemplateHash(wanted, null, '1.8')

interface Shape {
  readonly hash: string
  /** `same` as the spec, with what a webhook `added`, with another image (`other`). */
  readonly holds?: 'same' | 'added' | 'other'
  readonly revision?: number
  readonly createdAt?: string
  readonly going?: boolean
}

const contents: Readonly<Record<'same' | 'added' | 'other', PodTemplate>> = {
  same: wanted,
  added: {
    ...wanted,
    spec: {
      ...wanted.spec,
      containers: [
        { name: 'mesh', image: 'proxy:7' },
        { name: 'app', image: 'shop:1', env: [{ name: 'ZONE', value: 'a' }] },
      ],
      nodeSelector: { pool: 'apps' },
    },
  },
  other: { ...wanted, spec: { containers: [{ name: 'app', image: 'shop:9' }] } },
}

function replicaSet({
  hash,
  holds = 'same',
  revision = 1,
  createdAt = '2026-01-01T00:00:00Z',
  going,
}: Shape): ReplicaSet {
  const template = contents[holds]
  const labels = { app: 'shop', [POD_TEMPLATE_HASH]: hash }
  return {
    metadata: {
      name: `shop-${hash}`,
      namespace: 'web',
      labels,
      annotations: { [REVISION]: String(revision) },
      creationTimestamp: createdAt,
      ...(going ? { deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: ['example.com/slow'] } : {}),
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

const seen: RolloutStatus = { observedGeneration: '1' }
const invalid: RolloutStatus['conditions'] = [
  { type: 'InvalidSpec', status: 'True', reason: 'InvalidSpec', message: '' },
]

interface Row {
  readonly name: string
  readonly sets: readonly Shape[]
  readonly status?: RolloutStatus
  /** Hash of the ReplicaSet that is the new one; undefined: none of them. */
  readonly expected: string | undefined
}

const rows: readonly Row[] = [
  { name: 'nothing there', sets: [], expected: undefined },
  { name: 'same content under our hash', sets: [{ hash: NEW }], expected: NEW },
  { name: 'same content under the hash of 1.8', sets: [{ hash: ELDER }], expected: ELDER },
  { name: 'same content under a hash of nobody', sets: [{ hash: 'strange' }], expected: 'strange' },
  { name: 'other content alone', sets: [{ hash: 'strange', holds: 'other' }], expected: undefined },
  {
    name: 'twins: the one that status names, though the other has our hash',
    sets: [{ hash: ELDER }, { hash: NEW, revision: 2, createdAt: '2026-01-03T00:00:00Z' }],
    status: { currentPodHash: ELDER },
    expected: ELDER,
  },
  {
    name: 'twins that status does not name: the one with a hash of the template',
    sets: [{ hash: 'strange', revision: 9, createdAt: '2026-01-09T00:00:00Z' }, { hash: NEW }],
    expected: NEW,
  },
  {
    name: 'twins with both hashes: the younger',
    sets: [{ hash: ELDER, createdAt: '2026-01-05T00:00:00Z' }, { hash: NEW }],
    expected: ELDER,
  },
  {
    name: 'twins of nobody, equally old: the higher revision',
    sets: [
      { hash: 'one', revision: 3 },
      { hash: 'two', revision: 4 },
    ],
    expected: 'two',
  },
  {
    name: 'named by status but with other content: the one with the content',
    sets: [{ hash: 'strange', holds: 'other' }, { hash: 'right' }],
    status: { ...seen, currentPodHash: 'strange' },
    expected: 'right',
  },
  {
    name: 'changed by hand, named by status, under our hash: it was made for this template',
    sets: [{ hash: NEW, holds: 'other' }],
    status: { currentPodHash: NEW },
    expected: NEW,
  },
  {
    name: 'changed by hand, stable, under the hash of 1.8',
    sets: [{ hash: ELDER, holds: 'other' }],
    status: { currentPodHash: 'gone', stableRS: ELDER },
    expected: ELDER,
  },
  {
    name: 'changed by hand, active of a blue-green',
    sets: [{ hash: NEW, holds: 'other' }],
    status: { currentPodHash: 'gone', blueGreen: { activeSelector: NEW } },
    expected: NEW,
  },
  {
    name: 'our hash, other content, no part in status: a collision',
    sets: [{ hash: NEW, holds: 'other' }],
    expected: undefined,
  },
  {
    name: 'a webhook added to it, hash of nobody, status saw this spec',
    sets: [{ hash: 'strange', holds: 'added' }],
    status: { ...seen, currentPodHash: 'strange' },
    expected: 'strange',
  },
  {
    name: 'likewise, but status saw an earlier spec',
    sets: [{ hash: 'strange', holds: 'added' }],
    status: { observedGeneration: '0', currentPodHash: 'strange' },
    expected: undefined,
  },
  {
    name: 'likewise, but the spec was invalid when status saw it',
    sets: [{ hash: 'strange', holds: 'added' }],
    status: { ...seen, currentPodHash: 'strange', conditions: invalid },
    expected: undefined,
  },
  {
    name: 'likewise, but status names another',
    sets: [{ hash: 'strange', holds: 'added' }],
    status: { ...seen, currentPodHash: 'other' },
    expected: undefined,
  },
  {
    name: 'status saw this spec, but the image is another: whoever saw it did not get to act on it',
    sets: [{ hash: 'strange', holds: 'other' }],
    status: { ...seen, currentPodHash: 'strange' },
    expected: undefined,
  },
  { name: 'same content, being deleted', sets: [{ hash: 'strange', going: true }], expected: undefined },
]

const worldOf = (
  sets: readonly Shape[],
  status: RolloutStatus = {},
  strangers: readonly Shape[] = [],
): RevisionWorld => ({
  rollout: { ...rollout(), status },
  replicaSets: sets.map(replicaSet),
  strangers: strangers.map(replicaSet),
})

describe('which ReplicaSet is the new one', () => {
  for (const { name, sets, status, expected } of rows)
    test(name, () => {
      const world = worldOf(sets, status)
      const found = identifyRevisions(world)
      assert.equal(found.newRs?.metadata.labels?.[POD_TEMPLATE_HASH], expected)
      const backwards = identifyRevisions({ ...world, replicaSets: world.replicaSets.toReversed() })
      assert.equal(backwards.podHash, found.podHash, 'the order of the list says nothing')
    })

  test('a workload of which status saw an earlier generation has not been seen', () => {
    const own = rollout({ spec: { workloadRef: { kind: 'Deployment', name: 'shop' } } })
    const at = (generation: string): Rollout => ({
      ...own,
      metadata: { ...own.metadata, annotations: { [WORKLOAD_GENERATION]: generation } },
      status: { ...seen, currentPodHash: 'strange', workloadObservedGeneration: '4' },
    })
    const replicaSets = [replicaSet({ hash: 'strange', holds: 'added' })]
    assert.equal(identifyRevisions({ rollout: at('4'), replicaSets }).newRs, replicaSets[0])
    assert.equal(identifyRevisions({ rollout: at('5'), replicaSets }).newRs, undefined)
  })
})

describe('the name of a ReplicaSet that is to be created', () => {
  const again = (count: number): string => podTemplateHash(wanted, count)

  test('is the hash', () => {
    const { podHash, collisionCount, blocked } = identifyRevisions(worldOf([]))
    assert.deepEqual([podHash, collisionCount, blocked], [NEW, undefined, undefined])
  })

  test('counts on while one of ours has it with other content', () => {
    const { podHash, collisionCount } = identifyRevisions(worldOf([{ hash: NEW, holds: 'other' }]))
    assert.deepEqual([podHash, collisionCount], [again(1), 1])
    const twice = [NEW, again(1)].map((hash) => ({ hash, holds: 'other' as const }))
    assert.equal(identifyRevisions(worldOf(twice)).collisionCount, 2)
  })

  test('goes on from the count in status', () => {
    const { podHash, collisionCount } = identifyRevisions(
      worldOf([{ hash: again(3), holds: 'other' }], { collisionCount: 3 }),
    )
    assert.deepEqual([podHash, collisionCount], [again(4), 4])
  })

  test("counts on when somebody else's ReplicaSet has it", () => {
    assert.equal(identifyRevisions(worldOf([], {}, [{ hash: NEW }])).podHash, again(1))
  })

  test('is waited for when it belongs to one that is going', () => {
    const { podHash, collisionCount, blocked } = identifyRevisions(worldOf([{ hash: NEW, going: true }]))
    assert.deepEqual([podHash, collisionCount, blocked?.reason], [NEW, undefined, 'ReplicaSetBeingDeleted'])
    assert.match(blocked?.message ?? '', /example\.com\/slow/)
  })

  test('is the one that status gave to this template already, in whatever dialect', () => {
    assert.equal(identifyRevisions(worldOf([], { currentPodHash: ELDER })).podHash, ELDER)
    assert.equal(identifyRevisions(worldOf([], { currentPodHash: 'strange' })).podHash, NEW)
  })
})

test('what is created is found again, and looks as Argo would have made it', () => {
  const world = worldOf([{ hash: 'before', holds: 'other', revision: 4 }])
  const created = renderReplicaSet(world.rollout, identifyRevisions(world))
  assert.equal(identifyRevisions({ ...world, replicaSets: [...world.replicaSets, created] }).newRs, created)
  assert.deepEqual(created.metadata.annotations, {
    'rollout.argoproj.io/desired-replicas': '5',
    'rollout.argoproj.io/revision': '5',
  })
  assert.equal(created.metadata.name, `shop-${NEW}`)
  assert.equal(created.spec.replicas, 0)
})
