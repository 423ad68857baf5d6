/** Deletion: preconditions, finalizers, grace, owners, namespaces. */
import assert from 'node:assert/strict'
import type { JsonObject } from '../../../../sandbox/api-server/json.ts'
import { at, type Case, type Cluster, listAt, namesIn, patchHeaders, textAt } from '../cluster.ts'
import { configMap, gadget, gadgets, pod, widget, widgetVersion } from '../objects.ts'

const maps = (k: Cluster, name?: string): string => k.path('v1', 'configmaps', name)
const makeMap = (k: Cluster, name: string, metadata: JsonObject = {}) =>
  k.ok('POST', maps(k), { body: configMap(name, {}, metadata) })

const ownedBy = (owner: JsonObject, extra: JsonObject = {}): JsonObject => ({
  ownerReferences: [
    {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: textAt(owner, 'metadata.name'),
      uid: textAt(owner, 'metadata.uid'),
      ...extra,
    },
  ],
})

const makeOwner = (k: Cluster, name = 'owner', metadata: JsonObject = {}) =>
  k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget(name, {}, metadata) })

const deleteOwner = (k: Cluster, propagationPolicy?: string) => {
  const body = propagationPolicy === undefined ? {} : { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy }
  return k.ok('DELETE', k.path(widgetVersion, 'widgets', 'owner'), { body })
}

const release = (k: Cluster, path: string) =>
  k.ok('PATCH', path, { body: { metadata: { finalizers: null } }, headers: patchHeaders.merge })

const allowPods = (k: Cluster) =>
  k.call('POST', k.path('v1', 'serviceaccounts'), { body: { metadata: { name: 'default' } } })

export const deleteCases: readonly Case[] = [
  {
    name: 'a deleted object is gone, and the answer names it',
    async run(k) {
      const made = await makeMap(k, 'a')
      const status = await k.ok('DELETE', maps(k, 'a'))
      assert.equal(status.status, 'Success')
      assert.deepEqual(status.details, { name: 'a', kind: 'configmaps', uid: at(made, 'metadata.uid') })
      await k.fails('GET', maps(k, 'a'), { code: 404, reason: 'NotFound' })
      await k.fails('DELETE', maps(k, 'a'), { code: 404, reason: 'NotFound' })
    },
  },
  {
    name: 'a uid precondition that does not hold is a Conflict',
    async run(k) {
      await makeMap(k, 'a')
      const body = { preconditions: { uid: '11111111-1111-1111-1111-111111111111' } }
      const message =
        /^Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition \(11111111-.*\) does not match the UID in record/
      await k.fails('DELETE', maps(k, 'a'), { code: 409, reason: 'Conflict', message }, { body })
    },
  },
  {
    name: 'a resourceVersion precondition that does not hold is a Conflict, one that holds deletes',
    async run(k) {
      const made = await makeMap(k, 'a')
      const wrong = { preconditions: { resourceVersion: '1' } }
      const message =
        /the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)/
      await k.fails('DELETE', maps(k, 'a'), { code: 409, reason: 'Conflict', message }, { body: wrong })
      const { uid, resourceVersion } = made.metadata as { uid: string; resourceVersion: string }
      await k.ok('DELETE', maps(k, 'a'), { body: { preconditions: { uid, resourceVersion } } })
    },
  },
  {
    name: 'a finalizer keeps the object, marked, until it is taken off',
    async run(k) {
      await makeMap(k, 'a', { finalizers: ['x.test/wait'] })
      const marked = await k.ok('DELETE', maps(k, 'a'))
      assert.equal(marked.kind, 'ConfigMap')
      assert.match(textAt(marked, 'metadata.deletionTimestamp'), /Z$/)
      assert.equal(at(marked, 'metadata.deletionGracePeriodSeconds'), 0)
      const again = await k.ok('DELETE', maps(k, 'a'))
      assert.equal(at(again, 'metadata.deletionTimestamp'), at(marked, 'metadata.deletionTimestamp'))
      await release(k, maps(k, 'a'))
      await k.fails('GET', maps(k, 'a'), { code: 404, reason: 'NotFound' })
    },
  },
  {
    name: 'a marked object can be changed, but gets no new finalizers',
    async run(k) {
      await makeMap(k, 'a', { finalizers: ['x.test/wait'] })
      await k.ok('DELETE', maps(k, 'a'))
      await k.ok('PATCH', maps(k, 'a'), { body: { data: { x: '1' } }, headers: patchHeaders.merge })
      const options = { body: { metadata: { finalizers: ['x.test/wait', 'x.test/new'] } }, headers: patchHeaders.merge }
      const message = /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted/
      await k.fails('PATCH', maps(k, 'a'), { code: 422, reason: 'Invalid', message }, options)
      await release(k, maps(k, 'a'))
    },
  },
  {
    name: 'marking bumps the generation of a custom resource',
    async run(k) {
      await makeOwner(k, 'owner', { finalizers: ['x.test/wait'] })
      assert.equal(at(await deleteOwner(k), 'metadata.generation'), 2)
      await release(k, k.path(widgetVersion, 'widgets', 'owner'))
    },
  },
  {
    name: 'deletecollection deletes what the selector names',
    async run(k) {
      await makeMap(k, 'a', { labels: { gone: 'yes' } })
      await makeMap(k, 'b')
      await k.ok('DELETE', `${maps(k)}?labelSelector=gone%3Dyes`)
      assert.deepEqual(namesIn(await k.ok('GET', `${maps(k)}?fieldSelector=metadata.name!%3Dkube-root-ca.crt`)), ['b'])
    },
  },
  {
    name: 'a pod that no node runs goes at once',
    async run(k) {
      await allowPods(k)
      await k.ok('POST', k.path('v1', 'pods'), { body: pod('a') })
      await k.ok('DELETE', k.path('v1', 'pods', 'a'))
      await k.fails('GET', k.path('v1', 'pods', 'a'), { code: 404, reason: 'NotFound' })
    },
  },
  {
    name: 'a bound pod stays for its grace period, until it is deleted without grace',
    async run(k) {
      await allowPods(k)
      const body = pod('a', { nodeName: 'node-1', terminationGracePeriodSeconds: 40 })
      await k.ok('POST', k.path('v1', 'pods'), { body })
      const marked = await k.ok('DELETE', k.path('v1', 'pods', 'a'))
      assert.equal(at(marked, 'metadata.deletionGracePeriodSeconds'), 40)
      const aheadMs = Date.parse(textAt(marked, 'metadata.deletionTimestamp')) - Date.now()
      assert.ok(aheadMs > 30_000 && aheadMs < 45_000, `deletionTimestamp is ${aheadMs} ms ahead`)
      const shorter = await k.ok('DELETE', k.path('v1', 'pods', 'a'), { body: { gracePeriodSeconds: 10 } })
      assert.equal(at(shorter, 'metadata.deletionGracePeriodSeconds'), 10)
      await k.ok('DELETE', k.path('v1', 'pods', 'a'), { body: { gracePeriodSeconds: 0 } })
      await k.fails('GET', k.path('v1', 'pods', 'a'), { code: 404, reason: 'NotFound' })
    },
  },
  {
    name: 'dependents follow their owner',
    async run(k) {
      const owner = await makeOwner(k)
      await makeMap(k, 'child', ownedBy(owner))
      await deleteOwner(k)
      await k.fails('GET', k.path(widgetVersion, 'widgets', 'owner'), { code: 404, reason: 'NotFound' })
      await k.untilGone(maps(k, 'child'))
    },
  },
  {
    name: 'dependents of dependents follow too',
    async run(k) {
      const owner = await makeOwner(k)
      const child = await makeMap(k, 'child', ownedBy(owner))
      await makeMap(k, 'grandchild', ownedBy(child))
      await deleteOwner(k)
      await k.untilGone(maps(k, 'grandchild'))
    },
  },
  {
    name: 'a dependent with another owner stays and forgets the one that went',
    async run(k) {
      const owner = await makeOwner(k)
      const other = await makeOwner(k, 'other')
      const ownerReferences = [ownedBy(owner), ownedBy(other)].flatMap((meta) => listAt(meta, 'ownerReferences'))
      await makeMap(k, 'child', { ownerReferences })
      await deleteOwner(k)
      await k.until('the reference to go', async () => {
        const child = await k.ok('GET', maps(k, 'child'))
        return listAt(child, 'metadata.ownerReferences').length === 1
      })
    },
  },
  {
    name: 'Orphan keeps dependents and takes the reference off',
    async run(k) {
      const owner = await makeOwner(k)
      await makeMap(k, 'child', ownedBy(owner))
      await deleteOwner(k, 'Orphan')
      await k.untilGone(k.path(widgetVersion, 'widgets', 'owner'))
      const child = await k.ok('GET', maps(k, 'child'))
      assert.equal(at(child, 'metadata.ownerReferences'), undefined)
    },
  },
  {
    name: 'Foreground keeps the owner until blocking dependents have gone',
    async run(k) {
      const owner = await makeOwner(k)
      const metadata = { ...ownedBy(owner, { blockOwnerDeletion: true }), finalizers: ['x.test/wait'] }
      await makeMap(k, 'child', metadata)
      const marked = await deleteOwner(k, 'Foreground')
      assert.deepEqual(at(marked, 'metadata.finalizers'), ['foregroundDeletion'])
      await k.until('the dependent to be marked', async () => {
        const child = await k.ok('GET', maps(k, 'child'))
        return at(child, 'metadata.deletionTimestamp') !== undefined
      })
      await k.ok('GET', k.path(widgetVersion, 'widgets', 'owner'))
      await release(k, maps(k, 'child'))
      await k.untilGone(k.path(widgetVersion, 'widgets', 'owner'))
    },
  },
  {
    name: 'an object whose owner never existed is collected',
    async run(k) {
      const owner = {
        apiVersion: widgetVersion,
        kind: 'Widget',
        metadata: { name: 'no', uid: '11111111-1111-1111-1111-111111111111' },
      }
      await makeMap(k, 'child', ownedBy(owner))
      await k.untilGone(maps(k, 'child'))
    },
  },
  {
    name: 'a cluster-scoped owner takes namespaced dependents with it',
    async run(k) {
      const owner = await k.ok('POST', gadgets, { body: gadget(k.unique) })
      await makeMap(k, 'child', ownedBy(owner))
      await k.ok('DELETE', `${gadgets}/${k.unique}`)
      await k.untilGone(maps(k, 'child'))
    },
  },
  {
    name: 'a namespace empties itself, refuses new objects meanwhile, and goes',
    async run(k) {
      await makeMap(k, 'a', { finalizers: ['x.test/wait'] })
      await makeMap(k, 'b')
      const marked = await k.ok('DELETE', `/api/v1/namespaces/${k.namespace}`)
      assert.match(textAt(marked, 'metadata.deletionTimestamp'), /Z$/)
      assert.equal(at(marked, 'status.phase'), 'Terminating')
      const message = /because it is being terminated/
      const expected = { code: 403, reason: 'Forbidden', message }
      await k.fails('POST', maps(k), expected, { body: configMap('c') })
      await k.untilGone(maps(k, 'b'))
      await k.ok('GET', `/api/v1/namespaces/${k.namespace}`)
      await release(k, maps(k, 'a'))
      await k.untilGone(`/api/v1/namespaces/${k.namespace}`)
    },
  },
]
