/** Server-side apply: ownership, conflicts, force, release, list keys. */
import assert from 'node:assert/strict'
import { at, type Case, type Cluster, listAt, patchHeaders, textAt } from '../cluster.ts'
import { configMap, deployment, podTemplate, widget, widgetVersion } from '../objects.ts'

const applyTo = (path: string, manager: string, force = false): string =>
  `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`

const applyWidget = (k: Cluster, manager: string, spec: unknown, force = false) => {
  const body = { apiVersion: widgetVersion, kind: 'Widget', metadata: { name: 'a' }, spec }
  const path = applyTo(k.path(widgetVersion, 'widgets', 'a'), manager, force)
  return k.ok('PATCH', path, { body, headers: patchHeaders.apply })
}

const conflictOf = (k: Cluster, manager: string, spec: unknown, message: RegExp) => {
  const body = { apiVersion: widgetVersion, kind: 'Widget', metadata: { name: 'a' }, spec }
  const path = applyTo(k.path(widgetVersion, 'widgets', 'a'), manager)
  return k.fails('PATCH', path, { code: 409, reason: 'Conflict', message }, { body, headers: patchHeaders.apply })
}

const entryOf = (object: unknown, manager: string, subresource?: string) =>
  listAt(object, 'metadata.managedFields').find(
    (entry) => entry.manager === manager && entry.subresource === subresource,
  )

export const applyCases: readonly Case[] = [
  {
    name: 'apply creates with 201 and updates with 200',
    async run(k) {
      const options = { body: configMap('a', { x: '1' }), headers: patchHeaders.apply }
      const path = applyTo(k.path('v1', 'configmaps', 'a'), 'me')
      assert.equal((await k.call('PATCH', path, options)).code, 201)
      assert.equal((await k.call('PATCH', path, options)).code, 200)
    },
  },
  {
    name: 'apply needs a field manager',
    async run(k) {
      const options = { body: configMap('a'), headers: patchHeaders.apply }
      const message = /fieldManager: Required value: is required for apply patch/
      await k.fails('PATCH', k.path('v1', 'configmaps', 'a'), { code: 422, reason: 'Invalid', message }, options)
    },
  },
  {
    name: 'apply takes YAML',
    async run(k) {
      const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n'
      const path = applyTo(k.path('v1', 'configmaps', 'a'), 'me')
      assert.deepEqual((await k.ok('PATCH', path, { body, headers: patchHeaders.apply })).data, { x: '1' })
    },
  },
  {
    name: 'managedFields name the manager, the operation and exactly the applied fields',
    async run(k) {
      const object = await applyWidget(k, 'me', {
        size: 1,
        ports: [{ name: 'web', port: 80 }],
        tags: ['t'],
        order: ['o'],
      })
      const entry = entryOf(object, 'me')
      assert.equal(entry?.operation, 'Apply')
      assert.equal(entry?.apiVersion, widgetVersion)
      assert.equal(entry?.fieldsType, 'FieldsV1')
      assert.deepEqual(entry?.fieldsV1, {
        'f:spec': {
          'f:size': {},
          'f:order': {},
          'f:ports': { 'k:{"name":"web"}': { '.': {}, 'f:name': {}, 'f:port': {} } },
          'f:tags': { 'v:"t"': {} },
        },
      })
    },
  },
  {
    name: 'applying the same again changes nothing',
    async run(k) {
      const first = await applyWidget(k, 'me', { size: 1, color: 'red' })
      const second = await applyWidget(k, 'me', { size: 1, color: 'red' })
      assert.deepEqual(second, first)
    },
  },
  {
    name: 'a field that its only owner no longer applies is removed',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, color: 'red', options: { a: '1', b: '2' } })
      const object = await applyWidget(k, 'me', { size: 1, options: { b: '2' } })
      assert.equal(at(object, 'spec.color'), undefined)
      assert.deepEqual(at(object, 'spec.options'), { b: '2' })
    },
  },
  {
    name: 'a defaulted field comes back with its default when it is let go',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, replicas: 5 })
      assert.equal(at(await applyWidget(k, 'me', { size: 1 }), 'spec.replicas'), 1)
    },
  },
  {
    name: 'a field that another manager owns too stays when one lets go',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, color: 'red' })
      await applyWidget(k, 'you', { color: 'red' })
      const object = await applyWidget(k, 'me', { size: 1 })
      assert.equal(at(object, 'spec.color'), 'red')
      assert.deepEqual(entryOf(object, 'me')?.fieldsV1, { 'f:spec': { 'f:size': {} } })
    },
  },
  {
    name: "changing another manager's field is a Conflict that names manager and field",
    async run(k) {
      await applyWidget(k, 'me', { size: 1, color: 'red' })
      const status = await conflictOf(
        k,
        'you',
        { color: 'green' },
        /^Apply failed with 1 conflict: conflict with "me": \.spec\.color$/,
      )
      assert.deepEqual(at(status, 'details.causes'), [
        { reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.spec.color' },
      ])
    },
  },
  {
    name: 'several conflicts are all named',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, color: 'red', ports: [{ name: 'web', port: 80 }] })
      const change = { color: 'green', ports: [{ name: 'web', port: 81 }] }
      const message =
        /^Apply failed with 2 conflicts: conflicts with "me":\n- \.spec\.color\n- \.spec\.ports\[name="web"\]\.port$/
      await conflictOf(k, 'you', change, message)
    },
  },
  {
    name: 'force takes the field over',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, color: 'red' })
      const object = await applyWidget(k, 'you', { color: 'green' }, true)
      assert.equal(at(object, 'spec.color'), 'green')
      assert.deepEqual(entryOf(object, 'you')?.fieldsV1, { 'f:spec': { 'f:color': {} } })
      assert.deepEqual(entryOf(object, 'me')?.fieldsV1, { 'f:spec': { 'f:size': {} } })
    },
  },
  {
    name: 'the same value from two managers is shared, not a conflict',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, color: 'red' })
      const object = await applyWidget(k, 'you', { color: 'red' })
      assert.ok(entryOf(object, 'me') && entryOf(object, 'you'))
    },
  },
  {
    name: 'map-list items belong to who applied them, and leave with them',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, ports: [{ name: 'a', port: 1 }] })
      const both = await applyWidget(k, 'you', { ports: [{ name: 'b', port: 2 }] })
      assert.deepEqual(
        listAt(both, 'spec.ports').map(({ name }) => name),
        ['a', 'b'],
      )
      const one = await applyWidget(k, 'me', { size: 1 })
      assert.deepEqual(at(one, 'spec.ports'), [{ name: 'b', port: 2 }])
    },
  },
  {
    name: 'set items belong to who applied them',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, tags: ['a', 'b'] })
      await applyWidget(k, 'you', { tags: ['c'] })
      const object = await applyWidget(k, 'me', { size: 1, tags: ['b'] })
      assert.deepEqual((at(object, 'spec.tags') as string[]).toSorted(), ['b', 'c'])
    },
  },
  {
    name: 'atomic lists and maps are owned as a whole',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, order: ['a'], whole: { a: '1' } })
      await conflictOf(k, 'you', { order: ['a', 'b'] }, /\.spec\.order/)
      await conflictOf(k, 'you', { whole: { b: '1' } }, /\.spec\.whole/)
      const object = await applyWidget(k, 'you', { whole: { b: '1' } }, true)
      assert.deepEqual(at(object, 'spec.whole'), { b: '1' })
    },
  },
  {
    name: 'fields written by update conflict with apply, under the name of the writer',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      await k.ok('POST', `${path}?fieldManager=writer`, { body: widget('a', { color: 'red' }) })
      const message =
        /^Apply failed with 1 conflict: conflict with "writer" using conformance\.penstock\.dev\/v1.*: \.spec\.color$/s
      await conflictOf(k, 'me', { color: 'green' }, message)
    },
  },
  {
    name: 'without fieldManager an update is owned by the first word of the User-Agent',
    async run(k) {
      const headers = { 'user-agent': 'my-tool/v1 (linux)' }
      const made = await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a'), headers })
      const entry = entryOf(made, 'my-tool')
      assert.equal(entry?.operation, 'Update')
      assert.deepEqual(entry?.fieldsV1, { 'f:spec': { '.': {}, 'f:replicas': {}, 'f:size': {} } })
    },
  },
  {
    name: 'an update takes ownership of what it changes away from an applier',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, color: 'red' })
      const body = { spec: { color: 'green' } }
      const path = `${k.path(widgetVersion, 'widgets', 'a')}?fieldManager=writer`
      const object = await k.ok('PATCH', path, { body, headers: patchHeaders.merge })
      assert.deepEqual(entryOf(object, 'me')?.fieldsV1, { 'f:spec': { 'f:size': {} } })
      assert.deepEqual(entryOf(object, 'writer')?.fieldsV1, { 'f:spec': { 'f:color': {} } })
      await conflictOf(k, 'me', { size: 1, color: 'red' }, /conflict with "writer"/)
    },
  },
  {
    name: 'removing a field by an update lets its owners go',
    async run(k) {
      await applyWidget(k, 'me', { size: 1, color: 'red' })
      const options = { body: { spec: { color: null } }, headers: patchHeaders.merge }
      const object = await k.ok('PATCH', k.path(widgetVersion, 'widgets', 'a'), options)
      assert.deepEqual(entryOf(object, 'me')?.fieldsV1, { 'f:spec': { 'f:size': {} } })
    },
  },
  {
    name: 'labels and annotations are owned one by one',
    async run(k) {
      const path = k.path('v1', 'configmaps', 'a')
      const labelled = (labels: unknown) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels } })
      await k.ok('PATCH', applyTo(path, 'me'), { body: labelled({ a: '1' }), headers: patchHeaders.apply })
      await k.ok('PATCH', applyTo(path, 'you'), { body: labelled({ b: '2' }), headers: patchHeaders.apply })
      const object = await k.ok('PATCH', applyTo(path, 'me'), { body: labelled({}), headers: patchHeaders.apply })
      assert.deepEqual(at(object, 'metadata.labels'), { b: '2' })
    },
  },
  {
    name: 'containers and their ports are keyed in built-in kinds',
    async run(k) {
      const path = k.path('v1', 'podtemplates', 'a')
      const template = (image: string, port: number) =>
        podTemplate('a', { containers: [{ name: 'web', image, ports: [{ containerPort: port }] }] })
      await k.ok('PATCH', applyTo(path, 'me'), { body: template('i:1', 80), headers: patchHeaders.apply })
      const object = await k.ok('PATCH', applyTo(path, 'you'), {
        body: template('i:1', 81),
        headers: patchHeaders.apply,
      })
      const ports = listAt(object, 'template.spec.containers')[0]?.ports as { containerPort: number }[]
      assert.deepEqual(
        ports.map(({ containerPort }) => containerPort),
        [80, 81],
      )
      const fields = JSON.stringify(entryOf(object, 'you')?.fieldsV1)
      assert.match(fields, /k:\{\\"containerPort\\":81,\\"protocol\\":\\"TCP\\"\}/)
    },
  },
  {
    name: 'status is applied on its own path, and ignored on the main one',
    async run(k) {
      await applyWidget(k, 'me', { size: 1 })
      const body = {
        apiVersion: widgetVersion,
        kind: 'Widget',
        metadata: { name: 'a' },
        spec: { size: 9 },
        status: { phase: 'On' },
      }
      const main = k.path(widgetVersion, 'widgets', 'a')
      const object = await k.ok('PATCH', applyTo(`${main}/status`, 'ctl'), { body, headers: patchHeaders.apply })
      assert.deepEqual([at(object, 'spec.size'), at(object, 'status.phase')], [1, 'On'])
      assert.deepEqual(entryOf(object, 'ctl', 'status')?.fieldsV1, { 'f:status': { 'f:phase': {} } })
    },
  },
  {
    name: 'apply with a stale resourceVersion is a Conflict',
    async run(k) {
      const first = await applyWidget(k, 'me', { size: 1 })
      await applyWidget(k, 'me', { size: 2 })
      const metadata = { name: 'a', resourceVersion: textAt(first, 'metadata.resourceVersion') }
      const body = { apiVersion: widgetVersion, kind: 'Widget', metadata, spec: { size: 3 } }
      const path = applyTo(k.path(widgetVersion, 'widgets', 'a'), 'me')
      await k.fails('PATCH', path, { code: 409, reason: 'Conflict' }, { body, headers: patchHeaders.apply })
    },
  },
  {
    name: 'apply does not touch what nobody applied',
    async run(k) {
      await k.ok('POST', k.path('apps/v1', 'deployments'), { body: deployment('a') })
      const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { minReadySeconds: 5 } }
      const path = applyTo(k.path('apps/v1', 'deployments', 'a'), 'me')
      const object = await k.ok('PATCH', path, { body, headers: patchHeaders.apply })
      assert.equal(at(object, 'spec.minReadySeconds'), 5)
      assert.equal(listAt(object, 'spec.template.spec.containers').length, 1)
    },
  },
  {
    name: 'ownership cannot be applied',
    async run(k) {
      const body = configMap('a', {}, { managedFields: [{ manager: 'x', operation: 'Apply', apiVersion: 'v1' }] })
      const options = { body, headers: patchHeaders.apply }
      const message = /metadata\.managedFields must be nil/
      const path = applyTo(k.path('v1', 'configmaps', 'a'), 'me')
      await k.fails('PATCH', path, { code: 400, reason: 'BadRequest', message }, options)
    },
  },
]
