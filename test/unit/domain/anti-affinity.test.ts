/** The term against the stable revision, as Argo writes it: when it is there, what it names, and that nobody takes it for another revision. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStrategy, ReplicaSet, Rollout } from '../../../controller/api/rollout.ts'
import { isSameTemplate } from '../../../controller/argo/pod-template.ts'
import { refreshAntiAffinity, withAntiAffinity } from '../../../controller/domain/anti-affinity.ts'
import type { Revisions } from '../../../controller/domain/revisions.ts'
import type { World } from '../../../controller/domain/world.ts'
import { amend } from '../../../controller/small-world/pods.ts'
import { rollout } from '../../builders/rollout.ts'

const required = { requiredDuringSchedulingIgnoredDuringExecution: {} }
const preferred = { preferredDuringSchedulingIgnoredDuringExecution: { weight: 7 } }
const termOf = (hash: string) => ({
  labelSelector: { matchExpressions: [{ key: 'rollouts-pod-template-hash', operator: 'In', values: [hash] }] },
  namespaces: ['web'],
  topologyKey: 'kubernetes.io/hostname',
})
const ownTerm = { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'zone' }

const following = (antiAffinity: CanaryStrategy['antiAffinity'], stableRS?: string): Rollout => ({
  ...rollout({ canary: antiAffinity ? { antiAffinity } : {} }),
  status: stableRS === undefined ? {} : { stableRS },
})
const replicaSet = (pods: number, affinity?: object): ReplicaSet => ({
  metadata: { name: 'shop-b', labels: { 'rollouts-pod-template-hash': 'b' } },
  spec: {
    replicas: pods,
    selector: {},
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: { containers: [{ name: 'app', image: 'shop:1' }], ...(affinity ? { affinity } : {}) },
    },
  },
  status: { replicas: pods },
})
const requiring = (...terms: object[]) => ({
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms },
})

describe('a ReplicaSet is created', () => {
  const born = (ro: Rollout, affinity?: object) =>
    withAntiAffinity(replicaSet(0, affinity), ro, 'b').spec.template.spec?.affinity
  test('with the term against stable', () => assert.deepEqual(born(following(required, 'a')), requiring(termOf('a'))))
  test('with its weight when it is preferred', () =>
    assert.deepEqual(born(following(preferred, 'a')), {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, podAffinityTerm: termOf('a') }],
      },
    }))
  test('after the terms that are there', () =>
    assert.deepEqual(born(following(required, 'a'), { ...requiring(ownTerm), nodeAffinity: { x: 1 } }), {
      ...requiring(ownTerm, termOf('a')),
      nodeAffinity: { x: 1 },
    }))
  test('without, when nobody asks', () => assert.equal(born(following(undefined, 'a')), undefined))
  test('without, at the first deployment', () => assert.equal(born(following(required)), undefined))
  test('without, when it is stable itself', () => assert.equal(born(following(required, 'b')), undefined))
  test('in blue-green too', () => {
    const strategy = { blueGreen: { activeService: 'active', antiAffinity: required } }
    assert.deepEqual(born({ ...rollout({ spec: { strategy } }), status: { stableRS: 'a' } }), requiring(termOf('a')))
  })
})

describe('a ReplicaSet that was there', () => {
  const refreshed = (ro: Rollout, set: ReplicaSet): object | undefined => {
    const revisions = { podHash: 'b', newRs: set } as Revisions
    const [action] = refreshAntiAffinity({ rollout: ro } as World, revisions).actions ?? []
    if (!action) return undefined
    assert.ok(action.do === 'amendTemplate')
    return amend(set, action.template, {}).spec.template.spec?.affinity as object
  }
  const rows: readonly (readonly [string, Rollout, ReplicaSet, object | undefined])[] = [
    [
      'comes back with the term of another time',
      following(required, 'c'),
      replicaSet(0, requiring(termOf('a'))),
      requiring(termOf('c')),
    ],
    ['comes back without a term', following(required, 'a'), replicaSet(0), requiring(termOf('a'))],
    ['comes back with the right term', following(required, 'a'), replicaSet(0, requiring(termOf('a'))), undefined],
    [
      'has pods and the term of another time',
      following(required, 'c'),
      replicaSet(2, requiring(ownTerm, termOf('a'))),
      requiring(ownTerm, termOf('c')),
    ],
    ['has pods and no term', following(required, 'a'), replicaSet(2), undefined],
    ['comes back when nobody asks any more', following(undefined, 'a'), replicaSet(0, requiring(termOf('a'))), {}],
    ['has pods when nobody asks any more', following(undefined, 'a'), replicaSet(2, requiring(termOf('a'))), undefined],
    ['became stable', following(required, 'b'), replicaSet(2, requiring(termOf('a'))), undefined],
    ['never heard of it', following(undefined, 'a'), replicaSet(0, requiring(ownTerm)), undefined],
  ]
  for (const [name, ro, set, expected] of rows) test(name, () => assert.deepEqual(refreshed(ro, set), expected))
})

test('the term makes no other revision, and a term of one’s own does', () => {
  const plain = replicaSet(2)
  assert.equal(isSameTemplate(plain.spec.template, replicaSet(2, requiring(termOf('a')))), true)
  assert.equal(isSameTemplate(plain.spec.template, replicaSet(2, requiring(ownTerm))), false)
})
