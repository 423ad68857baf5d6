/** Who writes the objects of a router, as the API server tells, and the patch that takes our name out of them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FieldManagerEntry, KubeObject } from '../../../controller/api/meta.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { normalizeObject } from '../../../controller/kube/normalize-object.ts'
import { readManagers, renderReleases } from '../../../controller/reconcile/field-managers.ts'
import { refKey } from '../../../controller/traffic/router.ts'
import { openRouter } from '../../builders/router.ts'

const router = openRouter('argoproj-labs/gatewayAPI', { httpRoute: 'shop' })
const ref = { kind: kinds.httpRoutes, namespace: 'web', name: 'shop' }
const OWNER = 'rollout-uid'

const entry = (manager: string, second: number, more: Partial<FieldManagerEntry> = {}): FieldManagerEntry => ({
  manager,
  operation: 'Update',
  time: `2026-01-01T00:00:0${second}Z`,
  ...more,
})

function objectsWith(managedFields: readonly FieldManagerEntry[], owner?: string) {
  const ownerReferences = owner === undefined ? [] : [{ apiVersion: 'v1', kind: 'Rollout', name: 'shop', uid: owner }]
  const object: KubeObject = {
    metadata: { name: 'shop', namespace: 'web', resourceVersion: '7', managedFields, ownerReferences },
  }
  return { [refKey(ref)]: object }
}

const us = (second: number) => entry('penstock', second)
const user = entry('kubectl-client-side-apply', 1)
const gateway = entry('gateway', 9, { subresource: 'status' })

describe('the last writer of routes', () => {
  const last = (...entries: readonly FieldManagerEntry[]) => {
    const { lastWriter } = readManagers(router, objectsWith(entries), OWNER)
    return lastWriter && [lastWriter.manager, lastWriter.isOurs]
  }
  const rows: readonly (readonly [string, readonly FieldManagerEntry[], unknown])[] = [
    ['the newest', [user, us(2), entry('argocd-controller', 3)], ['argocd-controller', false]],
    ['us', [user, us(2)], ['penstock', true]],
    [
      'the other, when both wrote within a second',
      [us(2), entry('argocd-controller', 2)],
      ['argocd-controller', false],
    ],
    ['who writes status only is none', [us(2), gateway], ['penstock', true]],
    ['nobody is told', [], undefined],
    ['nothing is told of the only one', [{ operation: 'Update' }], undefined],
  ]
  for (const [what, entries, expected] of rows) test(what, () => assert.deepEqual(last(...entries), expected))

  test('says where', () => {
    assert.equal(readManagers(router, objectsWith([user]), OWNER).lastWriter?.object, 'HTTPRoute "web/shop"')
    assert.deepEqual(readManagers(router, { [refKey(ref)]: undefined }, OWNER), {})
  })
})

describe('letting go of routes', () => {
  const patches = (entries: readonly FieldManagerEntry[], owner?: string) =>
    renderReleases(router, objectsWith(entries, owner), OWNER).map((write) => write.do === 'patch' && write.patch)
  const guard = { op: 'replace', path: '/metadata/resourceVersion', value: '7' }
  const path = '/metadata/managedFields'

  test('takes our entries out, from the end, each where it was read, and nobody else his', () => {
    const entries = [user, us(2), entry('rollouts-controller', 3), us(4), gateway]
    assert.deepEqual(patches(entries), [
      [
        guard,
        { op: 'test', path: `${path}/3/manager`, value: 'penstock' },
        { op: 'remove', path: `${path}/3` },
        { op: 'test', path: `${path}/1/manager`, value: 'penstock' },
        { op: 'remove', path: `${path}/1` },
      ],
    ])
    assert.deepEqual(readManagers(router, objectsWith(entries), OWNER).held, ['HTTPRoute "web/shop"'])
  })
  test('empties the list in the words of the API server when there is nobody else', () => {
    assert.deepEqual(patches([us(2)]), [[guard, { op: 'replace', path, value: [{}] }]])
  })
  test('leaves alone what names others, and what the Rollout owns', () => {
    assert.deepEqual(patches([user, gateway]), [])
    assert.deepEqual(patches([user, us(2)], OWNER), [])
    assert.deepEqual(patches([user, us(2)], 'another').length, 1)
    assert.equal(readManagers(router, objectsWith([us(2)], OWNER), OWNER).held, undefined)
  })
})

describe('objects in the caches', () => {
  const whole = { metadata: { name: 'a', managedFields: [{ ...user, fieldsV1: { 'f:spec': {} }, apiVersion: 'v1' }] } }
  test('keep the names of their field managers where they are asked for, and never the fields', () => {
    assert.deepEqual(normalizeObject(whole, kinds.httpRoutes, true).metadata, { name: 'a', managedFields: [user] })
    assert.deepEqual(normalizeObject(whole, kinds.httpRoutes).metadata, { name: 'a' })
    assert.deepEqual(normalizeObject({ metadata: { name: 'a' } }, kinds.httpRoutes, true).metadata, { name: 'a' })
  })
})
