/** Tables, metadata-only answers, discovery, reviews. */
import assert from 'node:assert/strict'
import { at, type Case, type Cluster, listAt, namesIn, patchHeaders, textAt } from '../cluster.ts'
import { configMap, deployment, pod, service, widget, widgetVersion } from '../objects.ts'

const asTable = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }
const asMetadata = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json' }
const asMetadataList = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' }

const shownColumns = (table: unknown): unknown[] =>
  listAt(table, 'columnDefinitions')
    .filter(({ priority }) => priority === 0)
    .map(({ name }) => name)

const cellsOf = (table: unknown, row = 0): unknown[] => listAt(table, 'rows')[row]?.cells as unknown[]

const table = (k: Cluster, apiVersion: string, plural: string) =>
  k.ok('GET', k.path(apiVersion, plural), { headers: asTable })

export const viewCases: readonly Case[] = [
  {
    name: 'a Table of custom resources has the printer columns',
    async run(k) {
      await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a', { color: 'red' }) })
      const body = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
      await k.ok('PATCH', `${k.path(widgetVersion, 'widgets', 'a')}/status`, { body, headers: patchHeaders.merge })
      const answer = await table(k, widgetVersion, 'widgets')
      assert.deepEqual([answer.kind, answer.apiVersion], ['Table', 'meta.k8s.io/v1'])
      assert.deepEqual(shownColumns(answer), ['Name', 'Color', 'Replicas', 'Age'])
      const [name, color, replicas, ready, age] = cellsOf(answer)
      assert.deepEqual([name, color, replicas, ready], ['a', 'red', 1, 'True'])
      assert.match(String(age), /^\d+s$/)
      const [row] = listAt(answer, 'rows')
      assert.equal(at(row, 'object.kind'), 'PartialObjectMetadata')
      assert.equal(at(row, 'object.metadata.name'), 'a')
    },
  },
  {
    name: 'a Table of deployments',
    async run(k) {
      await k.ok('POST', k.path('apps/v1', 'deployments'), { body: deployment('a') })
      const answer = await table(k, 'apps/v1', 'deployments')
      assert.deepEqual(shownColumns(answer), ['Name', 'Ready', 'Up-to-date', 'Available', 'Age'])
      assert.deepEqual(cellsOf(answer).slice(0, 4), ['a', '0/0', 0, 0])
    },
  },
  {
    name: 'a Table of pods',
    async run(k) {
      await k.call('POST', k.path('v1', 'serviceaccounts'), { body: { metadata: { name: 'default' } } })
      await k.ok('POST', k.path('v1', 'pods'), { body: pod('a') })
      const answer = await table(k, 'v1', 'pods')
      assert.deepEqual(shownColumns(answer), ['Name', 'Ready', 'Status', 'Restarts', 'Age'])
      assert.deepEqual(cellsOf(answer).slice(0, 4).map(String), ['a', '0/1', 'Pending', '0'])
    },
  },
  {
    name: 'a Table of services',
    async run(k) {
      await k.ok('POST', k.path('v1', 'services'), { body: service('a') })
      const answer = await table(k, 'v1', 'services')
      assert.deepEqual(shownColumns(answer), ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age'])
      assert.equal(cellsOf(answer)[4], '80/TCP')
    },
  },
  {
    name: 'Tables of replica sets, jobs, events, leases and namespaces have their columns',
    async run(k) {
      const expected = {
        'apps/v1 replicasets': ['Name', 'Desired', 'Current', 'Ready', 'Age'],
        'batch/v1 jobs': ['Name', 'Status', 'Completions', 'Duration', 'Age'],
        'v1 events': ['Last Seen', 'Type', 'Reason', 'Object', 'Message'],
        'coordination.k8s.io/v1 leases': ['Name', 'Holder', 'Age'],
      }
      for (const [key, columns] of Object.entries(expected)) {
        const [apiVersion = '', plural = ''] = key.split(' ')
        assert.deepEqual(shownColumns(await table(k, apiVersion, plural)), columns)
      }
      const namespaces = await k.ok('GET', '/api/v1/namespaces', { headers: asTable })
      assert.deepEqual(shownColumns(namespaces), ['Name', 'Status', 'Age'])
    },
  },
  {
    name: 'one object can be shown as a Table',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a', { x: '1' }) })
      const answer = await k.ok('GET', k.path('v1', 'configmaps', 'a'), { headers: asTable })
      assert.equal(answer.kind, 'Table')
      assert.deepEqual(cellsOf(answer).slice(0, 2), ['a', 1])
    },
  },
  {
    name: 'a watch can carry Tables',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      const start = textAt(await k.ok('GET', path), 'metadata.resourceVersion')
      const watch = await k.watch(`${path}?watch=true&resourceVersion=${start}`, asTable)
      await k.ok('POST', path, { body: widget('a') })
      const { type, object } = await k.nextLine(watch)
      watch.close()
      assert.deepEqual([type, object.kind, cellsOf(object)[0]], ['ADDED', 'Table', 'a'])
    },
  },
  {
    name: 'metadata only, for one object and for lists',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a', { x: '1' }, { labels: { l: 'm' } }) })
      const one = await k.ok('GET', k.path('v1', 'configmaps', 'a'), { headers: asMetadata })
      assert.equal(one.kind, 'PartialObjectMetadata')
      assert.deepEqual([at(one, 'metadata.labels'), one.data], [{ l: 'm' }, undefined])
      const path = `${k.path('v1', 'configmaps')}?labelSelector=l%3Dm`
      const list = await k.ok('GET', path, { headers: asMetadataList })
      assert.equal(list.kind, 'PartialObjectMetadataList')
      assert.deepEqual(namesIn(list), ['a'])
    },
  },
  {
    name: 'discovery names groups, versions and resources',
    async run(k) {
      const groups = await k.ok('GET', '/apis')
      assert.equal(groups.kind, 'APIGroupList')
      const own = listAt(groups, 'groups').find(({ name }) => name === 'conformance.penstock.dev')
      assert.deepEqual(
        listAt(own, 'versions').map(({ version }) => version),
        ['v1', 'v1beta1'],
      )
      assert.equal(at(own, 'preferredVersion.version'), 'v1')
      assert.deepEqual((await k.ok('GET', '/api')).versions, ['v1'])
      const group = await k.ok('GET', '/apis/apps')
      assert.equal(group.kind, 'APIGroup')
    },
  },
  {
    name: 'discovery describes resources with short names, categories, verbs and subresources',
    async run(k) {
      const list = await k.ok('GET', `/apis/${widgetVersion}`)
      assert.deepEqual([list.kind, list.groupVersion], ['APIResourceList', widgetVersion])
      const resources = listAt(list, 'resources')
      const widgets = resources.find(({ name }) => name === 'widgets')
      assert.deepEqual(widgets?.shortNames, ['wd'])
      assert.deepEqual(widgets?.categories, ['conformance'])
      assert.equal(widgets?.namespaced, true)
      assert.equal(widgets?.singularName, 'widget')
      const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
      assert.deepEqual([...((widgets?.verbs ?? []) as string[])].sort(), verbs)
      const names = resources.map(({ name }) => name)
      assert.ok(names.includes('widgets/status') && names.includes('widgets/scale'))
      const core = listAt(await k.ok('GET', '/api/v1'), 'resources')
      assert.deepEqual(core.find(({ name }) => name === 'pods')?.shortNames, ['po'])
      assert.ok(core.some(({ name }) => name === 'pods/eviction'))
    },
  },
  {
    name: 'version and health',
    async run(k) {
      const version = await k.ok('GET', '/version')
      assert.match(textAt(version, 'gitVersion'), /^v1\.\d+/)
      assert.equal(version.major, '1')
      for (const path of ['/healthz', '/livez', '/readyz']) assert.equal((await k.call('GET', path)).code, 200)
    },
  },
  {
    name: 'openapi/v3 lists the served group versions',
    async run(k) {
      const index = await k.ok('GET', '/openapi/v3')
      const paths = index.paths as Record<string, { serverRelativeURL?: string }>
      assert.match(paths['apis/apps/v1']?.serverRelativeURL ?? '', /^\/openapi\/v3\/apis\/apps\/v1/)
      assert.ok(paths['api/v1'])
    },
  },
  {
    name: 'an access review is answered',
    async run(k) {
      const spec = { resourceAttributes: { namespace: k.namespace, verb: 'get', resource: 'pods' } }
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec }
      const answer = await k.ok('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body })
      assert.equal(at(answer, 'status.allowed'), true)
    },
  },
]
