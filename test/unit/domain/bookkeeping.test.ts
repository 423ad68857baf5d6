/** What exists whatever the strategy does: the numbers of revisions and what follows the spec without a new revision. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH, REVISION, REVISION_HISTORY } from '../../../controller/api/labels.ts'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import { keepBooks } from '../../../controller/domain/bookkeeping.ts'
import { decideLifecycle } from '../../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { renderAction } from '../../../controller/domain/story.ts'
import type { World } from '../../../controller/domain/world.ts'
import { NEW_HASH, OLD_HASH, world } from '../../builders/world.ts'

function books(seen: World): readonly string[] {
  const revisions = identifyRevisions(seen)
  return (keepBooks(seen, revisions, decideLifecycle(seen, revisions)).actions ?? []).map(renderAction)
}

/** The usual world with revision numbers as given: of the new ReplicaSet (and its history), the old one and the Rollout. */
function numbered(fresh: string | undefined, old: string, own: string | undefined, history?: string): World {
  const seen = world()
  const annotate = (rs: ReplicaSet): ReplicaSet => {
    const isNew = rs.metadata.name.endsWith(NEW_HASH)
    const number = isNew ? fresh : old
    const annotations = {
      ...(number === undefined ? {} : { [REVISION]: number }),
      ...(isNew && history !== undefined ? { [REVISION_HISTORY]: history } : {}),
    }
    return { ...rs, metadata: { ...rs.metadata, annotations } }
  }
  const { metadata } = seen.rollout
  const rollout = {
    ...seen.rollout,
    metadata: { ...metadata, annotations: own === undefined ? {} : { [REVISION]: own } },
  }
  return { ...seen, rollout, replicaSets: seen.replicaSets.map(annotate) }
}

const ofNew = (text: string): string => `annotate ${NEW_HASH} ${text}`
const ofRollout = (number: string): string => `annotate rollout ${REVISION}=${number}`

describe('revision numbers', () => {
  const rows: readonly (readonly [string, World, readonly string[]])[] = [
    ['the highest stays', numbered('2', '1', '2'), []],
    ['the highest stays, though others are gone', numbered('9', '1', '9'), []],
    ['the Rollout follows', numbered('2', '1', '1'), [ofRollout('2')]],
    ['none yet', numbered(undefined, '1', '1'), [ofNew(`${REVISION}=2`), ofRollout('2')]],
    [
      'taken up again: the next number',
      numbered('1', '4', '4'),
      [ofNew(`${REVISION}=5 ${REVISION_HISTORY}=1`), ofRollout('5')],
    ],
    [
      'taken up again once more',
      numbered('3', '4', '4', '1'),
      [ofNew(`${REVISION}=5 ${REVISION_HISTORY}=1,3`), ofRollout('5')],
    ],
    ['as high as another', numbered('4', '4', '4'), [ofNew(`${REVISION}=5 ${REVISION_HISTORY}=4`), ofRollout('5')]],
    ['not a number', numbered('two', '1', '1'), [ofNew(`${REVISION}=2 ${REVISION_HISTORY}=two`), ofRollout('2')]],
  ]
  for (const [what, seen, expected] of rows) test(what, () => assert.deepEqual(books(seen), expected))
})

describe('minReadySeconds', () => {
  const wanting = (seconds: number | undefined): World => {
    const seen = numbered('2', '1', '2')
    const spec = { ...seen.rollout.spec, ...(seconds === undefined ? {} : { minReadySeconds: seconds }) }
    return { ...seen, rollout: { ...seen.rollout, spec } }
  }
  test('absent and 0 are the same', () => assert.deepEqual(books(wanting(0)), []))
  test('follows the spec, of the new revision only', () =>
    assert.deepEqual(books(wanting(7)), [`set minReadySeconds of ${NEW_HASH} to 7`]))
  test('goes back to 0', () => {
    const seen = wanting(undefined)
    const replicaSets = seen.replicaSets.map((rs) => ({ ...rs, spec: { ...rs.spec, minReadySeconds: 7 } }))
    assert.deepEqual(books({ ...seen, replicaSets }), [`set minReadySeconds of ${NEW_HASH} to 0`])
  })
})

test('history keeps what a Service names, without pods as well', () => {
  const seen = world()
  const [first] = seen.replicaSets
  assert.ok(first)
  const former = (hash: string): ReplicaSet => ({
    ...first,
    metadata: {
      ...first.metadata,
      name: `shop-${hash}`,
      labels: { ...first.metadata.labels, [POD_TEMPLATE_HASH]: hash },
    },
    spec: { ...first.spec, replicas: 0, template: {} },
    status: { replicas: 0 },
  })
  const service = {
    metadata: { name: 'canary', namespace: 'web' },
    spec: { selector: { [POD_TEMPLATE_HASH]: 'named' } },
  }
  const left: World = {
    ...seen,
    rollout: { ...seen.rollout, spec: { ...seen.rollout.spec, revisionHistoryLimit: 0 } },
    replicaSets: [...seen.replicaSets, former('named'), former('forgotten')],
    services: { ...seen.services, canary: { service, readyEndpoints: {} } },
  }
  assert.deepEqual(
    books(left).filter((action) => action.startsWith('delete')),
    ['delete ReplicaSet shop-forgotten'],
  )
})

test('nothing is created under a name that is going; it is waited for', () => {
  const seen = world()
  const going = seen.replicaSets.map((rs) =>
    rs.metadata.name.endsWith(OLD_HASH)
      ? rs
      : { ...rs, metadata: { ...rs.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
  )
  const blocked = { ...seen, replicaSets: going }
  const revisions = identifyRevisions(blocked)
  const part = keepBooks(blocked, revisions, decideLifecycle(blocked, revisions))
  assert.deepEqual(
    part.actions?.filter(({ do: verb }) => verb === 'createReplicaSet'),
    [],
  )
  assert.equal(part.holds?.[0]?.reason, 'ReplicaSetBeingDeleted')
  assert.equal(part.wakeAtMs, 10_000)
})
