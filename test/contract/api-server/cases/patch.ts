/** JSON, merge and strategic merge patches. */
import assert from 'node:assert/strict'
import { at, type Case, type Cluster, listAt, patchHeaders, textAt } from '../cluster.ts'
import { configMap, podTemplate, service, widget, widgetVersion } from '../objects.ts'

const patchMap = (k: Cluster, kind: 'json' | 'merge' | 'strategic', body: unknown) =>
  k.ok('PATCH', k.path('v1', 'configmaps', 'a'), { body, headers: patchHeaders[kind] })

const patchTemplate = (k: Cluster, body: unknown) =>
  k.ok('PATCH', k.path('v1', 'podtemplates', 'a'), { body, headers: patchHeaders.strategic })

const containersIn = (object: unknown): string[] =>
  listAt(object, 'template.spec.containers').map(({ name, image }) => `${String(name)}=${String(image)}`)

const makeMap = (k: Cluster) => k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a', { x: '1', y: '2' }) })

const makeTemplate = (k: Cluster, spec: unknown) =>
  k.ok('POST', k.path('v1', 'podtemplates'), { body: podTemplate('a', spec as Record<string, unknown>) })

const two = {
  containers: [
    { name: 'one', image: 'i:1', env: [{ name: 'A', value: '1' }] },
    { name: 'two', image: 'i:2' },
  ],
}

export const patchCases: readonly Case[] = [
  {
    name: 'JSON patch: add, replace, remove, copy and move',
    async run(k) {
      await makeMap(k)
      const object = await patchMap(k, 'json', [
        { op: 'add', path: '/data/z', value: '3' },
        { op: 'replace', path: '/data/x', value: '9' },
        { op: 'copy', from: '/data/x', path: '/data/copied' },
        { op: 'move', from: '/data/y', path: '/data/moved' },
        { op: 'remove', path: '/data/z' },
      ])
      assert.deepEqual(object.data, { x: '9', copied: '9', moved: '2' })
    },
  },
  {
    name: 'JSON patch: a passing test lets the rest through',
    async run(k) {
      const made = await makeMap(k)
      const object = await patchMap(k, 'json', [
        { op: 'test', path: '/metadata/resourceVersion', value: at(made, 'metadata.resourceVersion') },
        { op: 'add', path: '/metadata/annotations', value: { 'a/b': 'c' } },
        { op: 'replace', path: '/metadata/annotations/a~1b', value: 'd' },
      ])
      assert.deepEqual(at(object, 'metadata.annotations'), { 'a/b': 'd' })
    },
  },
  {
    name: 'JSON patch: a failing test is a 422 and changes nothing',
    async run(k) {
      const made = await makeMap(k)
      const body = [
        { op: 'replace', path: '/data/x', value: '9' },
        { op: 'test', path: '/data/y', value: 'other' },
      ]
      const expected = { code: 422, reason: 'Invalid' }
      await k.fails('PATCH', k.path('v1', 'configmaps', 'a'), expected, { body, headers: patchHeaders.json })
      assert.deepEqual(await k.ok('GET', k.path('v1', 'configmaps', 'a')), made)
    },
  },
  {
    name: 'JSON patch: replacing a missing field adds it, removing it is a 422, so is a missing parent',
    async run(k) {
      await makeMap(k)
      const path = k.path('v1', 'configmaps', 'a')
      const replaced = await patchMap(k, 'json', [{ op: 'replace', path: '/data/no', value: '1' }])
      assert.equal(at(replaced, 'data.no'), '1')
      const refused = [
        { op: 'remove', path: '/data/nothing' },
        { op: 'add', path: '/binaryData/x', value: '1' },
        { op: 'replace', path: '/binaryData/x', value: '1' },
      ]
      for (const operation of refused) {
        const options = { body: [operation], headers: patchHeaders.json }
        await k.fails('PATCH', path, { code: 422, reason: 'Invalid' }, options)
      }
    },
  },
  {
    name: 'JSON patch: a body that is no list is a BadRequest',
    async run(k) {
      await makeMap(k)
      const options = { body: { op: 'remove' }, headers: patchHeaders.json }
      await k.fails('PATCH', k.path('v1', 'configmaps', 'a'), { code: 400, reason: 'BadRequest' }, options)
    },
  },
  {
    name: 'JSON patch: list positions',
    async run(k) {
      await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a', { order: ['one', 'two'] }) })
      const body = [
        { op: 'add', path: '/spec/order/-', value: 'last' },
        { op: 'add', path: '/spec/order/0', value: 'first' },
        { op: 'remove', path: '/spec/order/1' },
      ]
      const object = await k.ok('PATCH', k.path(widgetVersion, 'widgets', 'a'), { body, headers: patchHeaders.json })
      assert.deepEqual(at(object, 'spec.order'), ['first', 'two', 'last'])
    },
  },
  {
    name: 'merge patch: sets, nests and removes by null',
    async run(k) {
      await makeMap(k)
      const object = await patchMap(k, 'merge', { data: { x: null, z: '3' }, metadata: { labels: { a: 'b' } } })
      assert.deepEqual(object.data, { y: '2', z: '3' })
      assert.deepEqual(at(object, 'metadata.labels'), { a: 'b' })
    },
  },
  {
    name: 'merge patch: replaces lists',
    async run(k) {
      await k.ok('POST', k.path(widgetVersion, 'widgets'), {
        body: widget('a', { ports: [{ name: 'x' }, { name: 'y' }] }),
      })
      const body = { spec: { ports: [{ name: 'z', port: 1 }] } }
      const object = await k.ok('PATCH', k.path(widgetVersion, 'widgets', 'a'), { body, headers: patchHeaders.merge })
      assert.deepEqual(at(object, 'spec.ports'), [{ name: 'z', port: 1 }])
    },
  },
  {
    name: 'a patch with a stale resourceVersion is a Conflict',
    async run(k) {
      const made = await makeMap(k)
      await patchMap(k, 'merge', { data: { x: '5' } })
      const body = { metadata: { resourceVersion: at(made, 'metadata.resourceVersion') }, data: { x: '6' } }
      const options = { body, headers: patchHeaders.merge }
      await k.fails('PATCH', k.path('v1', 'configmaps', 'a'), { code: 409, reason: 'Conflict' }, options)
    },
  },
  {
    name: 'a patch with another uid is Invalid',
    async run(k) {
      await makeMap(k)
      const body = { metadata: { uid: '11111111-1111-1111-1111-111111111111' } }
      const options = { body, headers: patchHeaders.merge }
      await k.fails(
        'PATCH',
        k.path('v1', 'configmaps', 'a'),
        { code: 422, reason: 'Invalid', message: /metadata\.uid: Invalid value: .*: field is immutable/ },
        options,
      )
    },
  },
  {
    name: 'a patch that changes nothing keeps the resourceVersion',
    async run(k) {
      const made = await makeMap(k)
      const same = await patchMap(k, 'merge', { data: { x: '1' } })
      assert.equal(at(same, 'metadata.resourceVersion'), at(made, 'metadata.resourceVersion'))
    },
  },
  {
    name: 'a patch of an unknown name is NotFound',
    async run(k) {
      const options = { body: {}, headers: patchHeaders.merge }
      await k.fails('PATCH', k.path('v1', 'configmaps', 'no'), { code: 404, reason: 'NotFound' }, options)
    },
  },
  {
    name: 'an unknown patch type is UnsupportedMediaType',
    async run(k) {
      await makeMap(k)
      const options = { body: {}, headers: { 'content-type': 'application/json' } }
      await k.fails('PATCH', k.path('v1', 'configmaps', 'a'), { code: 415, reason: 'UnsupportedMediaType' }, options)
    },
  },
  {
    name: 'custom resources have no strategic merge',
    async run(k) {
      await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a') })
      const options = { body: {}, headers: patchHeaders.strategic }
      await k.fails(
        'PATCH',
        k.path(widgetVersion, 'widgets', 'a'),
        { code: 415, reason: 'UnsupportedMediaType' },
        options,
      )
    },
  },
  {
    name: 'strategic merge: containers and env are matched by name',
    async run(k) {
      await makeTemplate(k, two)
      const object = await patchTemplate(k, {
        template: { spec: { containers: [{ name: 'one', image: 'i:9', env: [{ name: 'B', value: '2' }] }] } },
      })
      assert.deepEqual(containersIn(object), ['one=i:9', 'two=i:2'])
      const env = listAt(object, 'template.spec.containers')[0]?.env as { name: string }[]
      assert.deepEqual(env.map(({ name }) => name).sort(), ['A', 'B'])
    },
  },
  {
    name: 'strategic merge: $patch delete removes an item',
    async run(k) {
      await makeTemplate(k, two)
      const object = await patchTemplate(k, { template: { spec: { containers: [{ $patch: 'delete', name: 'one' }] } } })
      assert.deepEqual(containersIn(object), ['two=i:2'])
    },
  },
  {
    name: 'strategic merge: $patch replace replaces a list',
    async run(k) {
      await makeTemplate(k, two)
      const body = { template: { spec: { containers: [{ name: 'new', image: 'i:3' }, { $patch: 'replace' }] } } }
      assert.deepEqual(containersIn(await patchTemplate(k, body)), ['new=i:3'])
    },
  },
  {
    name: 'strategic merge: $patch replace replaces a map',
    async run(k) {
      await makeMap(k)
      const object = await patchMap(k, 'strategic', { data: { $patch: 'replace', only: '1' } })
      assert.deepEqual(object.data, { only: '1' })
    },
  },
  {
    name: 'strategic merge: $setElementOrder orders the list',
    async run(k) {
      await makeTemplate(k, two)
      const body = {
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'three' }, { name: 'two' }, { name: 'one' }],
            containers: [{ name: 'three', image: 'i:3' }],
          },
        },
      }
      assert.deepEqual(containersIn(await patchTemplate(k, body)), ['three=i:3', 'two=i:2', 'one=i:1'])
    },
  },
  {
    name: 'strategic merge: $retainKeys drops the other volume source',
    async run(k) {
      await makeTemplate(k, { ...two, volumes: [{ name: 'v', emptyDir: {} }] })
      const body = {
        template: { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] } },
      }
      const [volume] = listAt(await patchTemplate(k, body), 'template.spec.volumes')
      assert.deepEqual(Object.keys(volume ?? {}).sort(), ['configMap', 'name'])
    },
  },
  {
    name: 'strategic merge: $deleteFromPrimitiveList and merged finalizers',
    async run(k) {
      const metadata = { finalizers: ['x.test/a', 'x.test/b'] }
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a', {}, metadata) })
      const added = await patchMap(k, 'strategic', { metadata: { finalizers: ['x.test/c'] } })
      assert.deepEqual((at(added, 'metadata.finalizers') as string[]).toSorted(), ['x.test/a', 'x.test/b', 'x.test/c'])
      const body = { metadata: { '$deleteFromPrimitiveList/finalizers': ['x.test/a', 'x.test/c'] } }
      assert.deepEqual(at(await patchMap(k, 'strategic', body), 'metadata.finalizers'), ['x.test/b'])
      await patchMap(k, 'merge', { metadata: { finalizers: null } })
    },
  },
  {
    name: 'strategic merge: service ports are matched by port',
    async run(k) {
      const ports = [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ]
      await k.ok('POST', k.path('v1', 'services'), { body: service('a', { ports }) })
      const body = { spec: { ports: [{ port: 81, targetPort: 9000 }] } }
      const object = await k.ok('PATCH', k.path('v1', 'services', 'a'), { body, headers: patchHeaders.strategic })
      const found = listAt(object, 'spec.ports').map(({ name, port, targetPort }) => [name, port, targetPort])
      assert.deepEqual(found, [
        ['a', 80, 80],
        ['b', 81, 9000],
      ])
      const cleared = { spec: { selector: null } }
      const open = await k.ok('PATCH', k.path('v1', 'services', 'a'), {
        body: cleared,
        headers: patchHeaders.strategic,
      })
      assert.equal(at(open, 'spec.selector'), undefined)
    },
  },
  {
    name: 'system metadata cannot be patched away',
    async run(k) {
      const made = await makeMap(k)
      const object = await patchMap(k, 'merge', { metadata: { creationTimestamp: null, uid: null } })
      assert.equal(at(object, 'metadata.uid'), textAt(made, 'metadata.uid'))
      assert.equal(at(object, 'metadata.creationTimestamp'), at(made, 'metadata.creationTimestamp'))
    },
  },
]
