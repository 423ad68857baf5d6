import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import {
  applyJsonPatch,
  applyMergePatch,
  applyObject,
  controllerOf,
  escapeJsonPointer,
  isPreconditionFailed,
  renderControllerReference,
  retryOnConflict,
} from '../../../controller/kube/apply.ts'
import { hasUnknownOutcome, type KubeClient, KubeError } from '../../../controller/kube/client.ts'
import { replicaSets, rollouts } from '../../../controller/kube/kinds.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { constantRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'

const child: KubeObject = { metadata: { name: 'c', namespace: 'shop', labels: { app: 'x' } } }
const ref = { kind: replicaSets, namespace: 'shop', name: 'c' }

describe('writes with preconditions', () => {
  test('a JSON patch tests uid and resourceVersion before anything else', async () => {
    const kube = createMemoryKube()
    const created = await kube.client.create(replicaSets, child)
    const { uid = '', resourceVersion = '' } = created.metadata
    const operations = [{ op: 'replace' as const, path: '/metadata/labels/app', value: 'y' }]
    const stale = applyJsonPatch(kube.client, ref, operations, { precondition: { uid, resourceVersion: '999' } })
    await assert.rejects(stale, isPreconditionFailed)
    const done = await applyJsonPatch(kube.client, ref, operations, { precondition: { uid, resourceVersion } })
    assert.equal(done.metadata.labels?.app, 'y')
  })

  test('a merge patch carries its precondition and keeps the rest of the metadata', async () => {
    const kube = createMemoryKube()
    await kube.client.create(replicaSets, child)
    const patch = { metadata: { labels: { tier: 'web' } } }
    await assert.rejects(
      applyMergePatch(kube.client, ref, patch, { precondition: { uid: 'another' } }),
      isPreconditionFailed,
    )
    const done = await applyMergePatch(kube.client, ref, patch, { precondition: { resourceVersion: '1' } })
    assert.deepEqual(done.metadata.labels, { app: 'x', tier: 'web' })
  })

  test('apply names the field manager and completes apiVersion and kind', async () => {
    const calls: unknown[] = []
    const client: Pick<KubeClient, 'patch'> = {
      patch: <T extends KubeObject>(...call: unknown[]) => {
        calls.push(call)
        return Promise.resolve(child as T)
      },
    }
    await applyObject(client, replicaSets, child, { force: true })
    assert.deepEqual(calls, [
      [
        ref,
        'apply',
        { ...child, apiVersion: 'apps/v1', kind: 'ReplicaSet' },
        { fieldManager: 'penstock', force: true },
      ],
    ])
  })

  test('conflicts are repeated a bounded number of times, other failures never', async () => {
    const clock = createFakeClock()
    const options = { clock, random: constantRandom(0), attempts: 3 }
    let tries = 0
    const fail = (code: number) => () => {
      tries += 1
      return Promise.reject(new KubeError({ code, reason: code === 409 ? 'Conflict' : 'X' }, 'patch'))
    }
    const conflicting = assert.rejects(retryOnConflict(fail(409), options))
    await clock.advance(5_000)
    await conflicting
    assert.equal(tries, 3)
    tries = 0
    await assert.rejects(retryOnConflict(fail(403), options))
    assert.equal(tries, 1)
  })

  for (const [message, expected] of [
    ['the server rejected our request due to an error in our request', true],
    ['ReplicaSet.apps "x" is invalid: metadata.uid: Invalid value: "a": field is immutable', true],
    ['ReplicaSet.apps "test" is invalid: spec.replicas: Invalid value: -1: precondition test', false],
  ] as const) {
    test(`422 "${message}" is ${expected ? 'a lost race' : 'an invalid object'}`, () =>
      assert.equal(isPreconditionFailed(new KubeError({ code: 422, reason: 'Invalid', message }, 'patch x')), expected))
  }

  test('owner references need a stored owner', () => {
    assert.throws(() => renderControllerReference(child, rollouts), /has no uid yet/)
    const reference = renderControllerReference({ metadata: { name: 'r', uid: 'u' } }, rollouts)
    assert.deepEqual(reference, {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      name: 'r',
      uid: 'u',
      controller: true,
      blockOwnerDeletion: true,
    })
    const owned = {
      metadata: { name: 'c', ownerReferences: [{ ...reference, controller: false, uid: 'v' }, reference] },
    }
    assert.equal(controllerOf(owned)?.uid, 'u')
  })

  test('JSON pointers escape what labels may contain', () => {
    assert.equal(escapeJsonPointer('example.com/a~b'), 'example.com~1a~0b')
  })

  for (const [code, reason, unknown] of [
    [0, 'ConnectionLost', true],
    [0, 'Timeout', true],
    [0, 'NotSent', false],
    [0, 'NotLeader', false],
    [500, 'InternalError', true],
    [504, 'Timeout', true],
    [409, 'Conflict', false],
    [422, 'Invalid', false],
    [429, 'TooManyRequests', false],
  ] as const) {
    test(`a write that failed with ${code} ${reason} ${unknown ? 'may have been' : 'was not'} applied`, () =>
      assert.equal(hasUnknownOutcome(new KubeError({ code, reason }, 'patch')), unknown))
  }
})
