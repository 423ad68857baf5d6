/** Create, read, replace: what every object is given, and how writes are refused. */
import assert from 'node:assert/strict'
import { at, type Case, textAt } from '../cluster.ts'
import { configMap, widget, widgetVersion } from '../objects.ts'

export const crudCases: readonly Case[] = [
  {
    name: 'a created object gets uid, resourceVersion and creationTimestamp',
    async run(k) {
      const made = await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a', { x: '1' }) })
      assert.equal(made.kind, 'ConfigMap')
      assert.equal(made.apiVersion, 'v1')
      assert.equal(at(made, 'metadata.namespace'), k.namespace)
      assert.match(textAt(made, 'metadata.uid'), /^[0-9a-f-]{36}$/)
      assert.match(textAt(made, 'metadata.creationTimestamp'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      assert.ok(Number(textAt(made, 'metadata.resourceVersion')) > 0)
      const read = await k.ok('GET', k.path('v1', 'configmaps', 'a'))
      assert.deepEqual(read, made)
    },
  },
  {
    name: 'create answers 201, update 200',
    async run(k) {
      const first = await k.call('POST', k.path('v1', 'configmaps'), { body: configMap('a') })
      const second = await k.call('PUT', k.path('v1', 'configmaps', 'a'), { body: configMap('a', { x: '1' }) })
      assert.deepEqual([first.code, second.code], [201, 200])
    },
  },
  {
    name: 'a second create of the same name is AlreadyExists',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a') })
      const expected = { code: 409, reason: 'AlreadyExists', message: /^configmaps "a" already exists$/ }
      const status = await k.fails('POST', k.path('v1', 'configmaps'), expected, { body: configMap('a') })
      assert.deepEqual(status.details, { name: 'a', kind: 'configmaps' })
    },
  },
  {
    name: 'reading what does not exist is NotFound with details',
    async run(k) {
      const expected = { code: 404, reason: 'NotFound', message: /^deployments\.apps "no" not found$/ }
      const status = await k.fails('GET', k.path('apps/v1', 'deployments', 'no'), expected)
      assert.deepEqual(status.details, { name: 'no', group: 'apps', kind: 'deployments' })
    },
  },
  {
    name: 'creating in a missing namespace is NotFound of the namespace',
    async run(k) {
      const path = '/api/v1/namespaces/no-such-namespace/configmaps'
      const expected = { code: 404, reason: 'NotFound', message: /^namespaces "no-such-namespace" not found$/ }
      await k.fails('POST', path, expected, { body: configMap('a') })
    },
  },
  {
    name: 'generateName makes distinct names',
    async run(k) {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } }
      const names = [
        textAt(await k.ok('POST', k.path('v1', 'configmaps'), { body }), 'metadata.name'),
        textAt(await k.ok('POST', k.path('v1', 'configmaps'), { body }), 'metadata.name'),
      ]
      assert.notEqual(names[0], names[1])
      for (const name of names) assert.match(name, /^gen-[a-z0-9]{5}$/)
    },
  },
  {
    name: 'an object without a name is Invalid',
    async run(k) {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }
      const message = /metadata\.name: Required value: name or generateName is required/
      await k.fails('POST', k.path('v1', 'configmaps'), { code: 422, reason: 'Invalid', message }, { body })
    },
  },
  {
    name: 'a name that is no DNS subdomain is Invalid and says why',
    async run(k) {
      const message =
        /^ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/
      const expected = { code: 422, reason: 'Invalid', message }
      const status = await k.fails('POST', k.path('v1', 'configmaps'), expected, { body: configMap('Bad_Name') })
      assert.equal(at(status, 'details.kind'), 'ConfigMap')
      const [cause] = at(status, 'details.causes') as { reason: string; field: string }[]
      assert.equal(cause?.reason, 'FieldValueInvalid')
      assert.equal(cause?.field, 'metadata.name')
    },
  },
  {
    name: 'a bad label value is Invalid',
    async run(k) {
      const body = configMap('a', {}, { labels: { app: 'not valid!' } })
      const message =
        /metadata\.labels: Invalid value: "not valid!": a valid label must be an empty string or consist of/
      await k.fails('POST', k.path('v1', 'configmaps'), { code: 422, reason: 'Invalid', message }, { body })
    },
  },
  {
    name: 'a body of another kind is a BadRequest',
    async run(k) {
      const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }
      await k.fails('POST', k.path('v1', 'configmaps'), { code: 400, reason: 'BadRequest' }, { body })
    },
  },
  {
    name: 'a wrong JSON type in a built-in kind is a BadRequest',
    async run(k) {
      const body = { ...configMap('a'), data: { x: 1 } }
      await k.fails('POST', k.path('v1', 'configmaps'), { code: 400, reason: 'BadRequest' }, { body })
    },
  },
  {
    name: 'a namespace in the body that differs from the URL is a BadRequest',
    async run(k) {
      const body = configMap('a', {}, { namespace: 'elsewhere' })
      const message = /the namespace of the provided object does not match the namespace sent on the request/
      await k.fails('POST', k.path('v1', 'configmaps'), { code: 400, reason: 'BadRequest', message }, { body })
    },
  },
  {
    name: 'resourceVersion may not be set at creation',
    async run(k) {
      const body = configMap('a', {}, { resourceVersion: '5' })
      const { code, body: status } = await k.call('POST', k.path('v1', 'configmaps'), { body })
      assert.equal(code, 500)
      assert.match(String(status.message), /resourceVersion should not be set on objects to be created/)
    },
  },
  {
    name: 'a PUT with a stale resourceVersion is a Conflict',
    async run(k) {
      const made = await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a') })
      await k.ok('PUT', k.path('v1', 'configmaps', 'a'), { body: configMap('a', { x: '1' }) })
      const message =
        /^Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again$/
      const expected = { code: 409, reason: 'Conflict', message }
      await k.fails('PUT', k.path('v1', 'configmaps', 'a'), expected, { body: { ...made, data: { x: '2' } } })
    },
  },
  {
    name: 'a PUT with another uid is a Conflict that names both',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a') })
      const body = configMap('a', { x: '1' }, { uid: '11111111-1111-1111-1111-111111111111' })
      const message =
        /Precondition failed: UID in precondition: 11111111-1111-1111-1111-111111111111, UID in object meta: /
      await k.fails('PUT', k.path('v1', 'configmaps', 'a'), { code: 409, reason: 'Conflict', message }, { body })
    },
  },
  {
    name: 'a PUT of a custom resource needs a resourceVersion',
    async run(k) {
      await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a') })
      const message = /metadata\.resourceVersion: Invalid value: .*: must be specified for an update/
      const expected = { code: 422, reason: 'Invalid', message }
      await k.fails('PUT', k.path(widgetVersion, 'widgets', 'a'), expected, { body: widget('a', { size: 2 }) })
    },
  },
  {
    name: 'a PUT of an unknown name is NotFound',
    async run(k) {
      const expected = { code: 404, reason: 'NotFound' }
      await k.fails('PUT', k.path('v1', 'configmaps', 'no'), expected, { body: configMap('no') })
    },
  },
  {
    name: 'a PUT whose name differs from the URL is a BadRequest',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a') })
      const message = /name of the object \(b\).* does not match the name on the URL \(a\)/
      const expected = { code: 400, reason: 'BadRequest', message }
      await k.fails('PUT', k.path('v1', 'configmaps', 'a'), expected, { body: configMap('b') })
    },
  },
  {
    name: 'a PUT that changes nothing keeps the resourceVersion',
    async run(k) {
      const made = await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a', { x: '1' }) })
      const same = await k.ok('PUT', k.path('v1', 'configmaps', 'a'), { body: made })
      assert.equal(at(same, 'metadata.resourceVersion'), at(made, 'metadata.resourceVersion'))
    },
  },
  {
    name: 'resourceVersions grow over all kinds',
    async run(k) {
      const one = await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a') })
      const two = await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a') })
      const versions = [one, two].map((object) => Number(textAt(object, 'metadata.resourceVersion')))
      assert.ok((versions[1] ?? 0) > (versions[0] ?? 0))
    },
  },
  {
    name: 'clients cannot set uid, creationTimestamp or generation',
    async run(k) {
      const metadata = { uid: 'mine', creationTimestamp: '2000-01-01T00:00:00Z', generation: 7 }
      const made = await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a', {}, metadata) })
      assert.notEqual(at(made, 'metadata.uid'), 'mine')
      assert.notEqual(at(made, 'metadata.creationTimestamp'), '2000-01-01T00:00:00Z')
      assert.equal(at(made, 'metadata.generation'), 1)
    },
  },
  {
    name: 'dryRun=All answers as if, and stores nothing',
    async run(k) {
      const path = `${k.path('v1', 'configmaps')}?dryRun=All`
      const made = await k.ok('POST', path, { body: configMap('a') })
      assert.match(textAt(made, 'metadata.uid'), /-/)
      await k.fails('GET', k.path('v1', 'configmaps', 'a'), { code: 404, reason: 'NotFound' })
      const kept = await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a', { x: '1' }) })
      const changed = await k.ok('PUT', `${k.path('v1', 'configmaps', 'a')}?dryRun=All`, {
        body: configMap('a', { x: '2' }),
      })
      assert.equal(at(changed, 'data.x'), '2')
      assert.deepEqual(await k.ok('GET', k.path('v1', 'configmaps', 'a')), kept)
      await k.ok('DELETE', `${k.path('v1', 'configmaps', 'a')}?dryRun=All`)
      assert.deepEqual(await k.ok('GET', k.path('v1', 'configmaps', 'a')), kept)
    },
  },
  {
    name: 'another value of dryRun is Invalid',
    async run(k) {
      const path = `${k.path('v1', 'configmaps')}?dryRun=Some`
      await k.fails(
        'POST',
        path,
        { code: 422, reason: 'Invalid', message: /dryRun: Unsupported value/ },
        { body: configMap('a') },
      )
    },
  },
  {
    name: 'a path that is not served is NotFound',
    async run(k) {
      const message = /the server could not find the requested resource/
      await k.fails('GET', k.path('v1', 'gizmos'), { code: 404, reason: 'NotFound', message })
      await k.fails('GET', '/apis/no.such.group/v1/things', { code: 404, reason: 'NotFound' }).catch((error: Error) => {
        // A real server answers an unknown group in plain text.
        assert.match(error.message, /404/)
      })
    },
  },
  {
    name: 'POST to an object path is MethodNotAllowed',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a') })
      const expected = { code: 405, reason: 'MethodNotAllowed' }
      await k.fails('POST', k.path('v1', 'configmaps', 'a'), expected, { body: configMap('a') })
    },
  },
  {
    name: 'the KubeClient port reads, creates and deletes',
    async run(k) {
      const kind = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
      const ref = { kind, namespace: k.namespace, name: 'a' }
      const { client } = k.connection
      assert.equal(await client.get(ref), undefined)
      await client.create(kind, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a', namespace: k.namespace },
      })
      const list = await client.list(kind, { namespace: k.namespace, fieldSelector: 'metadata.name=a' })
      assert.deepEqual(
        list.items.map((item) => item.metadata.name),
        ['a'],
      )
      const patched = await client.patch(ref, 'merge', { metadata: { labels: { x: 'y' } } })
      assert.deepEqual(patched.metadata.labels, { x: 'y' })
      await client.delete(ref)
      await client.delete(ref)
      assert.equal(await client.get(ref), undefined)
    },
  },
]
