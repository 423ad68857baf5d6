/** Letting field ownership go: who may take an entry out of managedFields, and what the server makes of a list without entries. */
import assert from 'node:assert/strict'
import { at, type Case, type Cluster, listAt, patchHeaders, textAt } from '../cluster.ts'
import { widget, widgetVersion } from '../objects.ts'

const pathOf = (k: Cluster, query = ''): string => `${k.path(widgetVersion, 'widgets', 'a')}${query}`

const applied = (spec: unknown) => ({
  body: { apiVersion: widgetVersion, kind: 'Widget', metadata: { name: 'a' }, spec },
  headers: patchHeaders.apply,
})
const apply = (k: Cluster, manager: string, spec: unknown) =>
  k.ok('PATCH', pathOf(k, `?fieldManager=${manager}`), applied(spec))

const patch = (k: Cluster, manager: string, body: unknown) =>
  k.ok('PATCH', pathOf(k, `?fieldManager=${manager}`), { body, headers: patchHeaders.json })

const managersOf = (object: unknown): string[] =>
  at(object, 'metadata.managedFields') === undefined
    ? []
    : listAt(object, 'metadata.managedFields').map(
        ({ manager, operation }) => `${String(manager)} ${String(operation)}`,
      )

/** As a controller does it: the entry where it was read, on the condition that the object is still the one that was read. */
const entryOut = (object: unknown, manager: string) => {
  const index = managersOf(object).findIndex((entry) => entry.startsWith(`${manager} `))
  return [
    { op: 'replace', path: '/metadata/resourceVersion', value: textAt(object, 'metadata.resourceVersion') },
    { op: 'test', path: `/metadata/managedFields/${index}/manager`, value: manager },
    { op: 'remove', path: `/metadata/managedFields/${index}` },
  ]
}

/** Applied by `user`, then changed inside of an atomic list by `robot`, as routers' objects are. */
async function createContested(k: Cluster): Promise<unknown> {
  await apply(k, 'user', { size: 1, order: ['a', 'b'] })
  return patch(k, 'robot', [{ op: 'replace', path: '/spec/order/1', value: 'c' }])
}

export const ownershipCases: readonly Case[] = [
  {
    name: 'a change inside of an atomic list takes the whole list from who applied it',
    async run(k) {
      const object = await createContested(k)
      assert.deepEqual(managersOf(object), ['user Apply', 'robot Update'])
      const [user, robot] = listAt(object, 'metadata.managedFields')
      assert.deepEqual(user?.fieldsV1, { 'f:spec': { 'f:size': {} } })
      assert.deepEqual(robot?.fieldsV1, { 'f:spec': { 'f:order': {} } })
      const message = /conflict with "robot" using conformance.penstock.dev\/v1.*: \.spec\.order/
      const path = pathOf(k, '?fieldManager=user')
      await k.fails('PATCH', path, { code: 409, reason: 'Conflict', message }, applied({ size: 1, order: ['a', 'b'] }))
    },
  },
  {
    name: 'a JSON patch takes one entry out of managedFields, and nothing else changes',
    async run(k) {
      const before = await createContested(k)
      const after = await patch(k, 'robot', entryOut(before, 'robot'))
      assert.deepEqual(managersOf(after), ['user Apply'])
      assert.deepEqual(at(after, 'spec'), at(before, 'spec'))
      assert.equal(at(after, 'metadata.generation'), at(before, 'metadata.generation'))
      assert.notEqual(at(after, 'metadata.resourceVersion'), at(before, 'metadata.resourceVersion'))
      const [entry] = listAt(before, 'metadata.managedFields')
      assert.deepEqual(at(after, 'metadata.managedFields'), [entry], 'the other entry is as it was, its time too')
    },
  },
  {
    name: 'what was let go is applied by another manager without a conflict',
    async run(k) {
      await patch(k, 'robot', entryOut(await createContested(k), 'robot'))
      const object = await apply(k, 'user', { size: 1, order: ['a', 'b'] })
      assert.deepEqual(at(object, 'spec.order'), ['a', 'b'])
      assert.deepEqual(managersOf(object), ['user Apply'])
    },
  },
  {
    name: 'applying the value that was let go makes it owned again, and changes nothing else',
    async run(k) {
      const released = await patch(k, 'robot', entryOut(await createContested(k), 'robot'))
      const object = await apply(k, 'user', { size: 1, order: ['a', 'c'] })
      assert.deepEqual(at(object, 'spec'), at(released, 'spec'))
      assert.equal(at(object, 'metadata.generation'), at(released, 'metadata.generation'))
      const again = await apply(k, 'user', { size: 1, order: ['a', 'c'] })
      assert.deepEqual(again, object)
    },
  },
  {
    name: 'an entry is taken out only of the object that was read',
    async run(k) {
      const before = await createContested(k)
      await patch(k, 'robot', [{ op: 'replace', path: '/spec/order/1', value: 'd' }])
      const options = { body: entryOut(before, 'robot'), headers: patchHeaders.json }
      await k.fails(
        'PATCH',
        pathOf(k),
        { code: 409, reason: 'Conflict', message: /the object has been modified/ },
        options,
      )
    },
  },
  {
    name: 'an entry is taken out only where it is: the test of another manager fails',
    async run(k) {
      await createContested(k)
      const body = [
        { op: 'test', path: '/metadata/managedFields/0/manager', value: 'robot' },
        { op: 'remove', path: '/metadata/managedFields/0' },
      ]
      const message = /the server rejected our request due to an error in our request/
      await k.fails('PATCH', pathOf(k), { code: 422, reason: 'Invalid', message }, { body, headers: patchHeaders.json })
    },
  },
  {
    name: 'a list without entries is none: the server keeps those that it has',
    async run(k) {
      const before = await k.ok('POST', `${k.path(widgetVersion, 'widgets')}?fieldManager=robot`, {
        body: widget('a', { size: 1 }),
      })
      const after = await patch(k, 'robot', entryOut(before, 'robot'))
      assert.deepEqual(managersOf(after), ['robot Update'])
      const without = await patch(k, 'robot', [{ op: 'remove', path: '/metadata/managedFields' }])
      assert.deepEqual(managersOf(without), ['robot Update'])
    },
  },
  {
    name: 'one empty entry empties the list, and updates of others are not tracked from then on',
    async run(k) {
      await k.ok('POST', `${k.path(widgetVersion, 'widgets')}?fieldManager=robot`, { body: widget('a', { size: 1 }) })
      const after = await patch(k, 'robot', [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }])
      assert.deepEqual(managersOf(after), [])
      const changed = await patch(k, 'you', [{ op: 'replace', path: '/spec/size', value: 2 }])
      assert.deepEqual(managersOf(changed), [])
    },
  },
  {
    name: 'the first apply to an object that nobody owns finds everything owned by nobody in particular',
    async run(k) {
      await k.ok('POST', `${k.path(widgetVersion, 'widgets')}?fieldManager=robot`, { body: widget('a', { size: 1 }) })
      await patch(k, 'robot', [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }])
      const object = await apply(k, 'user', { size: 1 })
      assert.deepEqual(managersOf(object).sort(), ['before-first-apply Update', 'user Apply'])
    },
  },
  {
    name: 'a PUT without managedFields keeps them, one with an empty entry empties them',
    async run(k) {
      const object = await k.ok('POST', `${k.path(widgetVersion, 'widgets')}?fieldManager=robot`, {
        body: widget('a', { size: 1 }),
      })
      const { managedFields: _fields, ...metadata } = Object(at(object, 'metadata'))
      const kept = await k.ok('PUT', pathOf(k, '?fieldManager=you'), { body: { ...object, metadata } })
      assert.deepEqual(managersOf(kept), ['robot Update'])
      const body = { ...object, metadata: { ...metadata, managedFields: [{}] } }
      assert.deepEqual(managersOf(await k.ok('PUT', pathOf(k, '?fieldManager=you'), { body })), [])
    },
  },
]
