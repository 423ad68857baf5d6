/** status, scale, eviction, binding, token. */
import assert from 'node:assert/strict'
import { at, type Case, type Cluster, listAt, patchHeaders, textAt } from '../cluster.ts'
import { configMap, deployment, gadget, gadgets, pod, widget, widgetVersion } from '../objects.ts'

const widgets = (k: Cluster, rest = ''): string => `${k.path(widgetVersion, 'widgets')}${rest}`

const allowPods = (k: Cluster) =>
  k.call('POST', k.path('v1', 'serviceaccounts'), { body: { metadata: { name: 'default' } } })

const patchStatus = (k: Cluster, path: string, status: unknown) =>
  k.ok('PATCH', `${path}/status`, { body: { status }, headers: patchHeaders.merge })

const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }

const makeReadyPod = async (k: Cluster, name: string): Promise<void> => {
  await k.ok('POST', k.path('v1', 'pods'), { body: pod(name, { nodeName: 'node-1' }, { app: 'web' }) })
  await patchStatus(k, k.path('v1', 'pods', name), ready)
}

const evict = (k: Cluster, name: string) => ({
  path: `${k.path('v1', 'pods', name)}/eviction`,
  options: { body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: k.namespace } } },
})

export const subresourceCases: readonly Case[] = [
  {
    name: 'status given at creation is dropped where status is a subresource',
    async run(k) {
      const made = await k.ok('POST', widgets(k), { body: { ...widget('a'), status: { phase: 'On' } } })
      assert.equal(made.status, undefined)
    },
  },
  {
    name: 'status is kept where it is no subresource',
    async run(k) {
      const made = await k.ok('POST', gadgets, { body: { ...gadget(k.unique), status: { phase: 'On' } } })
      assert.equal(at(made, 'status.phase'), 'On')
      await k.fails('GET', `${gadgets}/${k.unique}/status`, { code: 404, reason: 'NotFound' })
      await k.ok('DELETE', `${gadgets}/${k.unique}`)
    },
  },
  {
    name: 'the main path ignores status, the status path ignores the rest',
    async run(k) {
      const made = await k.ok('POST', widgets(k), { body: widget('a') })
      const main = await k.ok('PUT', widgets(k, '/a'), { body: { ...made, status: { phase: 'On' } } })
      assert.equal(main.status, undefined)
      const metadata = { ...(made.metadata as object), labels: { x: 'y' } }
      const body = { ...made, metadata, spec: { size: 9 }, status: { phase: 'On' } }
      const written = await k.ok('PUT', widgets(k, '/a/status'), { body })
      assert.deepEqual([at(written, 'spec.size'), at(written, 'status.phase')], [1, 'On'])
      assert.equal(at(written, 'metadata.labels'), undefined)
    },
  },
  {
    name: 'a custom resource with status counts spec changes in its generation, and nothing else',
    async run(k) {
      await k.ok('POST', widgets(k), { body: widget('a') })
      const status = await patchStatus(k, widgets(k, '/a'), { phase: 'On' })
      assert.equal(at(status, 'metadata.generation'), 1)
      const labelled = { body: { metadata: { labels: { x: 'y' } } }, headers: patchHeaders.merge }
      assert.equal(at(await k.ok('PATCH', widgets(k, '/a'), labelled), 'metadata.generation'), 1)
      const changed = { body: { spec: { size: 2 } }, headers: patchHeaders.merge }
      assert.equal(at(await k.ok('PATCH', widgets(k, '/a'), changed), 'metadata.generation'), 2)
    },
  },
  {
    name: 'a custom resource without status counts every change but metadata',
    async run(k) {
      await k.ok('POST', gadgets, { body: gadget(k.unique, { a: 1 }) })
      const path = `${gadgets}/${k.unique}`
      const patch = (body: unknown) => k.ok('PATCH', path, { body, headers: patchHeaders.merge })
      assert.equal(at(await patch({ metadata: { labels: { a: 'b' } } }), 'metadata.generation'), 1)
      assert.equal(at(await patch({ status: { x: 1 } }), 'metadata.generation'), 2)
      await k.ok('DELETE', path)
    },
  },
  {
    name: 'a stale status write is a Conflict',
    async run(k) {
      const made = await k.ok('POST', widgets(k), { body: widget('a') })
      await patchStatus(k, widgets(k, '/a'), { phase: 'On' })
      const body = { ...made, status: { phase: 'Off' } }
      await k.fails('PUT', widgets(k, '/a/status'), { code: 409, reason: 'Conflict' }, { body })
    },
  },
  {
    name: 'status is validated',
    async run(k) {
      await k.ok('POST', widgets(k), { body: widget('a') })
      const options = { body: { status: { replicas: 'many' } }, headers: patchHeaders.merge }
      const message =
        /status\.replicas: Invalid value: "string": (status\.)?replicas in body must be of type integer: "string"/
      await k.fails('PATCH', widgets(k, '/a/status'), { code: 422, reason: 'Invalid', message }, options)
    },
  },
  {
    name: 'built-in generation counts spec changes only',
    async run(k) {
      const path = k.path('apps/v1', 'replicasets', 'a')
      const { apiVersion, spec } = deployment('a')
      const { selector, template } = spec as { selector: unknown; template: unknown }
      const body = {
        apiVersion,
        kind: 'ReplicaSet',
        metadata: { name: 'a' },
        spec: { replicas: 0, selector, template },
      }
      assert.equal(at(await k.ok('POST', k.path('apps/v1', 'replicasets'), { body }), 'metadata.generation'), 1)
      const patch = (change: unknown) => k.ok('PATCH', path, { body: change, headers: patchHeaders.merge })
      assert.equal(at(await patch({ metadata: { annotations: { a: 'b' } } }), 'metadata.generation'), 1)
      assert.equal(at(await patchStatus(k, path, { observedGeneration: 1, replicas: 0 }), 'metadata.generation'), 1)
      assert.equal(at(await patch({ spec: { minReadySeconds: 3 } }), 'metadata.generation'), 2)
    },
  },
  {
    name: 'pod conditions merge by type through the status path',
    async run(k) {
      await allowPods(k)
      await makeReadyPod(k, 'a')
      const body = { status: { conditions: [{ type: 'x.test/gate', status: 'True' }] } }
      const path = `${k.path('v1', 'pods', 'a')}/status`
      const object = await k.ok('PATCH', path, { body, headers: patchHeaders.strategic })
      const types = listAt(object, 'status.conditions').map(({ type }) => String(type))
      assert.deepEqual(types.toSorted(), ['Ready', 'x.test/gate'])
    },
  },
  {
    name: 'scale of a deployment: read, replace, patch',
    async run(k) {
      await k.ok('POST', k.path('apps/v1', 'deployments'), { body: deployment('a') })
      const path = `${k.path('apps/v1', 'deployments', 'a')}/scale`
      const scale = await k.ok('GET', path)
      assert.equal(scale.kind, 'Scale')
      assert.equal(scale.apiVersion, 'autoscaling/v1')
      assert.deepEqual([at(scale, 'spec.replicas') ?? 0, at(scale, 'status.selector')], [0, 'app=a'])
      const patched = await k.ok('PATCH', path, { body: { spec: { replicas: 3 } }, headers: patchHeaders.merge })
      assert.equal(at(patched, 'spec.replicas'), 3)
      assert.equal(at(await k.ok('GET', k.path('apps/v1', 'deployments', 'a')), 'spec.replicas'), 3)
    },
  },
  {
    name: 'scale of a custom resource follows its paths',
    async run(k) {
      await k.ok('POST', widgets(k), { body: widget('a', { replicas: 2 }) })
      await patchStatus(k, widgets(k, '/a'), { replicas: 1, selector: 'app=a,track in (x)' })
      const scale = await k.ok('GET', widgets(k, '/a/scale'))
      assert.deepEqual(
        [at(scale, 'spec.replicas'), at(scale, 'status.replicas'), at(scale, 'status.selector')],
        [2, 1, 'app=a,track in (x)'],
      )
      const body = { ...scale, spec: { replicas: 4 } }
      assert.equal(at(await k.ok('PUT', widgets(k, '/a/scale'), { body }), 'spec.replicas'), 4)
      const object = await k.ok('GET', widgets(k, '/a'))
      assert.deepEqual([at(object, 'spec.replicas'), at(object, 'metadata.generation')], [4, 2])
      await k.fails(
        'PUT',
        widgets(k, '/a/scale'),
        { code: 409, reason: 'Conflict' },
        { body: { ...body, spec: { replicas: 5 } } },
      )
    },
  },
  {
    name: 'scale is validated by the schema',
    async run(k) {
      await k.ok('POST', widgets(k), { body: widget('a') })
      const options = { body: { spec: { replicas: 11 } }, headers: patchHeaders.merge }
      await k.fails(
        'PATCH',
        widgets(k, '/a/scale'),
        { code: 422, reason: 'Invalid', message: /less than or equal to 10/ },
        options,
      )
    },
  },
  {
    name: 'eviction without a budget deletes the pod',
    async run(k) {
      await allowPods(k)
      await k.ok('POST', k.path('v1', 'pods'), { body: pod('a') })
      const { path, options } = evict(k, 'a')
      const answer = await k.call('POST', path, options)
      assert.equal(answer.code, 201)
      await k.fails('GET', k.path('v1', 'pods', 'a'), { code: 404, reason: 'NotFound' })
    },
  },
  {
    name: 'eviction of an unknown pod is NotFound',
    async run(k) {
      const { path, options } = evict(k, 'no')
      await k.fails('POST', path, { code: 404, reason: 'NotFound' }, options)
    },
  },
  {
    name: 'eviction against a spent budget is 429 with the reason',
    async run(k) {
      await allowPods(k)
      await makeReadyPod(k, 'a')
      const spec = { minAvailable: 1, selector: { matchLabels: { app: 'web' } } }
      const body = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'budget' }, spec }
      await k.ok('POST', k.path('policy/v1', 'poddisruptionbudgets'), { body })
      const { path, options } = evict(k, 'a')
      const message = /Cannot evict pod as it would violate the pod's disruption budget\./
      const status = await k.fails('POST', path, { code: 429, reason: 'TooManyRequests', message }, options)
      assert.equal(listAt(status, 'details.causes')[0]?.reason, 'DisruptionBudget')
      await k.ok('GET', k.path('v1', 'pods', 'a'))
    },
  },
  {
    name: 'eviction honours grace and dry run',
    async run(k) {
      await allowPods(k)
      await makeReadyPod(k, 'a')
      const { path, options } = evict(k, 'a')
      const dry = { ...options.body, deleteOptions: { dryRun: ['All'] } }
      await k.ok('POST', path, { body: dry })
      assert.equal(at(await k.ok('GET', k.path('v1', 'pods', 'a')), 'metadata.deletionTimestamp'), undefined)
      await k.ok('POST', path, options)
      const marked = await k.ok('GET', k.path('v1', 'pods', 'a'))
      assert.match(textAt(marked, 'metadata.deletionTimestamp'), /Z$/)
      await k.ok('DELETE', k.path('v1', 'pods', 'a'), { body: { gracePeriodSeconds: 0 } })
    },
  },
  {
    name: 'binding gives a pod its node once',
    async run(k) {
      await allowPods(k)
      await k.ok('POST', k.path('v1', 'pods'), { body: pod('a') })
      const path = `${k.path('v1', 'pods', 'a')}/binding`
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'a' },
        target: { kind: 'Node', name: 'node-1' },
      }
      await k.ok('POST', path, { body })
      assert.equal(at(await k.ok('GET', k.path('v1', 'pods', 'a')), 'spec.nodeName'), 'node-1')
      await k.fails('POST', path, { code: 409, reason: 'Conflict' }, { body })
      await k.ok('DELETE', k.path('v1', 'pods', 'a'), { body: { gracePeriodSeconds: 0 } })
    },
  },
  {
    name: 'a service account gives out a token',
    async run(k) {
      await k.ok('POST', k.path('v1', 'serviceaccounts'), { body: { metadata: { name: 'robot' } } })
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } }
      const made = await k.ok('POST', `${k.path('v1', 'serviceaccounts', 'robot')}/token`, { body })
      assert.ok(textAt(made, 'status.token').length > 10)
    },
  },
  {
    name: 'a subresource that the kind does not have is NotFound',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a') })
      await k.fails('GET', `${k.path('v1', 'configmaps', 'a')}/status`, { code: 404, reason: 'NotFound' })
    },
  },
]
