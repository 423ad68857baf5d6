/** Defaults and rules of built-in kinds that clients and controllers rely on. */
import assert from 'node:assert/strict'
import { at, type Case, listAt, patchHeaders, textAt } from '../cluster.ts'
import { configMap, deployment, pod, podSpec, service } from '../objects.ts'

const invalid = (message: RegExp) => ({ code: 422, reason: 'Invalid', message })

const job = (name: string, template: unknown = { spec: { ...podSpec(), restartPolicy: 'Never' } }) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { suspend: true, template },
})

export const builtinCases: readonly Case[] = [
  {
    name: 'a deployment is given its defaults',
    async run(k) {
      const { selector, template } = deployment('a').spec as { selector: unknown; template: unknown }
      const body = { ...deployment('a'), spec: { paused: true, selector, template } }
      const made = await k.ok('POST', `${k.path('apps/v1', 'deployments')}?dryRun=All`, { body })
      assert.equal(at(made, 'spec.replicas'), 1)
      assert.equal(at(made, 'spec.revisionHistoryLimit'), 10)
      assert.equal(at(made, 'spec.progressDeadlineSeconds'), 600)
      const rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%' }
      assert.deepEqual(at(made, 'spec.strategy'), { type: 'RollingUpdate', rollingUpdate })
    },
  },
  {
    name: 'a pod template is given its defaults',
    async run(k) {
      const made = await k.ok('POST', k.path('apps/v1', 'deployments'), { body: deployment('a') })
      const { containers, ...rest } = at(made, 'spec.template.spec') as Record<string, unknown>
      assert.deepEqual(rest, {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
      })
      assert.deepEqual(containers, [
        {
          name: 'web',
          image: 'example.test/web:1',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'IfNotPresent',
        },
      ])
    },
  },
  {
    name: 'probes, ports and untagged images are given their defaults',
    async run(k) {
      const containers = [
        {
          name: 'web',
          image: 'example.test/web',
          ports: [{ containerPort: 80 }],
          readinessProbe: { httpGet: { port: 80 } },
        },
      ]
      const template = { metadata: { labels: { app: 'a' } }, spec: { containers } }
      const made = await k.ok('POST', k.path('apps/v1', 'deployments'), { body: deployment('a', { template }) })
      const [container] = listAt(made, 'spec.template.spec.containers')
      assert.equal(container?.imagePullPolicy, 'Always')
      assert.deepEqual(container?.ports, [{ containerPort: 80, protocol: 'TCP' }])
      assert.deepEqual(container?.readinessProbe, {
        httpGet: { path: '/', port: 80, scheme: 'HTTP' },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      })
    },
  },
  {
    name: 'a selector that does not match the template is Invalid',
    async run(k) {
      const body = deployment('a', { selector: { matchLabels: { app: 'other' } } })
      const message =
        /^Deployment\.apps "a" is invalid: spec\.template\.metadata\.labels: Invalid value: .*: `selector` does not match template `labels`$/
      await k.fails('POST', k.path('apps/v1', 'deployments'), invalid(message), { body })
    },
  },
  {
    name: 'a missing selector is Invalid',
    async run(k) {
      const body = deployment('a', { selector: undefined })
      await k.fails('POST', k.path('apps/v1', 'deployments'), invalid(/spec\.selector: Required value/), { body })
    },
  },
  {
    name: 'a selector cannot be changed',
    async run(k) {
      await k.ok('POST', k.path('apps/v1', 'deployments'), { body: deployment('a') })
      const labels = { app: 'a', new: 'yes' }
      const body = { spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } } }
      const options = { body, headers: patchHeaders.merge }
      const message = /spec\.selector: Invalid value: .*: field is immutable/
      await k.fails('PATCH', k.path('apps/v1', 'deployments', 'a'), invalid(message), options)
    },
  },
  {
    name: 'negative replicas are Invalid',
    async run(k) {
      const message = /spec\.replicas: Invalid value: -1: must be greater than or equal to 0/
      await k.fails('POST', k.path('apps/v1', 'deployments'), invalid(message), {
        body: deployment('a', { replicas: -1 }),
      })
    },
  },
  {
    name: 'a container without image or name is Invalid',
    async run(k) {
      const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'web' }] } }
      const message = /spec\.template\.spec\.containers\[0\]\.image: Required value/
      await k.fails('POST', k.path('apps/v1', 'deployments'), invalid(message), { body: deployment('a', { template }) })
    },
  },
  {
    name: 'a service is given type, address and target ports',
    async run(k) {
      const made = await k.ok('POST', k.path('v1', 'services'), { body: service('a') })
      assert.equal(at(made, 'spec.type'), 'ClusterIP')
      assert.equal(at(made, 'spec.sessionAffinity'), 'None')
      assert.match(textAt(made, 'spec.clusterIP'), /^10\.\d+\.\d+\.\d+$/)
      assert.deepEqual(at(made, 'spec.clusterIPs'), [at(made, 'spec.clusterIP')])
      assert.deepEqual(at(made, 'spec.ports'), [{ port: 80, protocol: 'TCP', targetPort: 80 }])
      assert.deepEqual(at(made, 'spec.ipFamilies'), ['IPv4'])
      assert.deepEqual(made.status, { loadBalancer: {} })
    },
  },
  {
    name: 'a service keeps its address over a PUT that does not name it',
    async run(k) {
      const made = await k.ok('POST', k.path('v1', 'services'), { body: service('a') })
      const { resourceVersion } = made.metadata as { resourceVersion: string }
      const body = { ...service('a', { ports: [{ port: 81 }] }), metadata: { name: 'a', resourceVersion } }
      const changed = await k.ok('PUT', k.path('v1', 'services', 'a'), { body })
      assert.equal(at(changed, 'spec.clusterIP'), at(made, 'spec.clusterIP'))
    },
  },
  {
    name: 'a headless service has no address',
    async run(k) {
      const made = await k.ok('POST', k.path('v1', 'services'), { body: service('a', { clusterIP: 'None' }) })
      assert.equal(at(made, 'spec.clusterIP'), 'None')
    },
  },
  {
    name: 'service ports are checked',
    async run(k) {
      const path = k.path('v1', 'services')
      const many = [{ port: 80 }, { port: 81 }]
      await k.fails('POST', path, invalid(/spec\.ports: Required value/), { body: service('a', { ports: [] }) })
      await k.fails('POST', path, invalid(/spec\.ports\[0\]\.name: Required value/), {
        body: service('a', { ports: many }),
      })
      const high = service('a', { ports: [{ port: 70000 }] })
      await k.fails(
        'POST',
        path,
        invalid(/spec\.ports\[0\]\.port: Invalid value: 70000: must be between 1 and 65535, inclusive/),
        { body: high },
      )
    },
  },
  {
    name: 'a service name must be a DNS label that starts with a letter',
    async run(k) {
      const { code } = await k.call('POST', k.path('v1', 'services'), { body: service('a.b') })
      assert.equal(code, 422)
    },
  },
  {
    name: 'a pod starts Pending with its QoS class',
    async run(k) {
      await k.call('POST', k.path('v1', 'serviceaccounts'), { body: { metadata: { name: 'default' } } })
      const body = { ...pod('a'), status: { phase: 'Running' } }
      const made = await k.ok('POST', k.path('v1', 'pods'), { body })
      assert.deepEqual([at(made, 'status.phase'), at(made, 'status.qosClass')], ['Pending', 'BestEffort'])
      assert.equal(at(made, 'spec.enableServiceLinks'), true)
    },
  },
  {
    name: "a pod's image can be changed, its node cannot be taken away",
    async run(k) {
      await k.call('POST', k.path('v1', 'serviceaccounts'), { body: { metadata: { name: 'default' } } })
      await k.ok('POST', k.path('v1', 'pods'), { body: pod('a') })
      const path = k.path('v1', 'pods', 'a')
      const image = { spec: { containers: [{ name: 'web', image: 'example.test/web:2' }] } }
      await k.ok('PATCH', path, { body: image, headers: patchHeaders.strategic })
      const command = { spec: { containers: [{ name: 'web', command: ['x'] }] } }
      const message = /spec: Forbidden: pod updates may not change fields other than/
      await k.fails('PATCH', path, invalid(message), { body: command, headers: patchHeaders.strategic })
    },
  },
  {
    name: 'a job gets a selector of its own and needs a restart policy',
    async run(k) {
      const made = await k.ok('POST', k.path('batch/v1', 'jobs'), { body: job('a') })
      const uid = textAt(made, 'metadata.uid')
      assert.deepEqual(at(made, 'spec.selector.matchLabels'), { 'batch.kubernetes.io/controller-uid': uid })
      assert.equal(at(made, 'spec.backoffLimit'), 6)
      assert.equal(at(made, 'spec.completions'), 1)
      const labels = at(made, 'spec.template.metadata.labels') as Record<string, string>
      assert.equal(labels['job-name'], 'a')
      const body = job('b', { spec: podSpec() })
      await k.fails('POST', k.path('batch/v1', 'jobs'), invalid(/spec\.template\.spec\.restartPolicy/), { body })
    },
  },
  {
    name: 'stringData of a secret becomes data',
    async run(k) {
      const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, stringData: { key: 'value' } }
      const made = await k.ok('POST', k.path('v1', 'secrets'), { body })
      assert.deepEqual([made.data, made.type, made.stringData], [{ key: 'dmFsdWU=' }, 'Opaque', undefined])
    },
  },
  {
    name: 'immutable config maps keep their data',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: { ...configMap('a', { x: '1' }), immutable: true } })
      const options = { body: { data: { x: '2' } }, headers: patchHeaders.merge }
      await k.fails(
        'PATCH',
        k.path('v1', 'configmaps', 'a'),
        invalid(/field is immutable when `immutable` is set/),
        options,
      )
    },
  },
  {
    name: 'a lease is written with optimistic locking',
    async run(k) {
      const spec = {
        holderIdentity: 'me',
        leaseDurationSeconds: 15,
        renewTime: '2026-01-01T00:00:00.000000Z',
        leaseTransitions: 1,
      }
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'a' }, spec }
      const path = k.path('coordination.k8s.io/v1', 'leases')
      const made = await k.ok('POST', path, { body })
      assert.equal(at(made, 'spec.renewTime'), '2026-01-01T00:00:00.000000Z')
      await k.ok('PUT', `${path}/a`, { body: { ...made, spec: { ...spec, holderIdentity: 'you' } } })
      await k.fails('PUT', `${path}/a`, { code: 409, reason: 'Conflict' }, { body: made })
      const zero = { ...body, metadata: { name: 'b' }, spec: { ...spec, leaseDurationSeconds: 0 } }
      await k.fails('POST', path, invalid(/spec\.leaseDurationSeconds: Invalid value: 0: must be greater than 0/), {
        body: zero,
      })
    },
  },
  {
    name: 'roles are bound for good',
    async run(k) {
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' }
      const subjects = [{ kind: 'ServiceAccount', name: 'robot', namespace: k.namespace }]
      const version = 'rbac.authorization.k8s.io/v1'
      const body = { apiVersion: version, kind: 'RoleBinding', metadata: { name: 'a' }, roleRef, subjects }
      await k.ok('POST', k.path(version, 'rolebindings'), { body })
      const options = { body: { roleRef: { name: 'writer' } }, headers: patchHeaders.merge }
      await k.fails('PATCH', k.path(version, 'rolebindings', 'a'), invalid(/cannot change roleRef/), options)
    },
  },
  {
    name: 'an endpoint slice is stored with its ports defaulted',
    async run(k) {
      const body = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'a', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
        ports: [{ port: 80 }],
      }
      const made = await k.ok('POST', k.path('discovery.k8s.io/v1', 'endpointslices'), { body })
      assert.deepEqual(made.ports, [{ name: '', port: 80, protocol: 'TCP' }])
      const { addressType: _none, ...rest } = body
      const without = { ...rest, metadata: { name: 'b' } }
      await k.fails('POST', k.path('discovery.k8s.io/v1', 'endpointslices'), invalid(/addressType: Required value/), {
        body: without,
      })
    },
  },
  {
    name: 'an ingress takes equal paths and patches of one annotation, and only its spec counts as a new generation',
    async run(k) {
      const version = 'networking.k8s.io/v1'
      const to = (name: string) => ({
        path: '/*',
        pathType: 'ImplementationSpecific',
        backend: { service: { name, port: { name: 'use-annotation' } } },
      })
      const spec = { ingressClassName: 'alb', rules: [{ http: { paths: [to('root')] } }] }
      const body = { apiVersion: version, kind: 'Ingress', metadata: { name: 'a', annotations: { theirs: 'x' } }, spec }
      const made = await k.ok('POST', k.path(version, 'ingresses'), { body })
      assert.deepEqual([made.spec, at(made, 'metadata.generation')], [spec, 1])
      const patch = (operations: readonly object[]) =>
        k.ok('PATCH', k.path(version, 'ingresses', 'a'), { body: operations, headers: patchHeaders.json })
      const guard = { op: 'replace', path: '/metadata/resourceVersion', value: at(made, 'metadata.resourceVersion') }
      const annotated = await patch([guard, { op: 'add', path: '/metadata/annotations/a.io~1weight', value: '20' }])
      assert.deepEqual(at(annotated, 'metadata.annotations'), { 'a.io/weight': '20', theirs: 'x' })
      assert.equal(at(annotated, 'metadata.generation'), 1)
      const paths = [to('beta'), to('root')]
      const routed = await patch([{ op: 'replace', path: '/spec/rules/0/http/paths', value: paths }])
      assert.deepEqual([listAt(routed, 'spec.rules')[0]?.http, at(routed, 'metadata.generation')], [{ paths }, 2])
    },
  },
  {
    name: 'an autoscaler needs a target and a maximum',
    async run(k) {
      const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }
      const hpa = (spec: unknown) => ({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'a' },
        spec,
      })
      const path = k.path('autoscaling/v2', 'horizontalpodautoscalers')
      await k.fails('POST', path, invalid(/spec\.maxReplicas: Required value: must be set and greater than 0/), {
        body: hpa({ scaleTargetRef }),
      })
      const made = await k.ok('POST', path, { body: hpa({ scaleTargetRef, maxReplicas: 3 }) })
      assert.equal(at(made, 'spec.minReplicas'), 1)
    },
  },
  {
    name: 'default, kube-system and kube-public exist and are Active',
    async run(k) {
      for (const name of ['default', 'kube-system', 'kube-public'])
        assert.equal(at(await k.ok('GET', `/api/v1/namespaces/${name}`), 'status.phase'), 'Active')
      const own = await k.ok('GET', `/api/v1/namespaces/${k.namespace}`)
      assert.deepEqual(at(own, 'spec.finalizers'), ['kubernetes'])
      const labels = at(own, 'metadata.labels') as Record<string, string>
      assert.equal(labels['kubernetes.io/metadata.name'], k.namespace)
    },
  },
]
