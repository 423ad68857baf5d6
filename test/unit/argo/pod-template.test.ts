/**
 * When two pod templates are the same: whatever the API server and controllers add by themselves makes no difference, whatever an author can
 * mean does. Row by row; `test/e2e` asks a real API server about the same templates.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { EPHEMERAL_METADATA, POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { PodTemplate } from '../../../controller/api/meta.ts'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import { coversTemplate, isSameTemplate } from '../../../controller/argo/pod-template.ts'

type Fields = Readonly<Record<string, unknown>>
interface Parts {
  readonly spec?: Fields
  readonly container?: Fields
  readonly metadata?: PodTemplate['metadata'] & { readonly creationTimestamp?: null }
}

const pods = ({ spec, container, metadata }: Parts): PodTemplate => ({
  metadata: { labels: { app: 'shop' }, ...metadata },
  spec: { containers: [{ name: 'app', image: 'shop:1', ...container }], ...spec },
})

const holding = (template: PodTemplate, annotations: Readonly<Record<string, string>> = {}): ReplicaSet => ({
  metadata: { name: 'shop-x', annotations },
  spec: { selector: {}, template },
})

const same = (a: Parts, b: Parts): boolean => isSameTemplate(pods(a), holding(pods(b)))

const volume = (source: Fields): Parts => ({ spec: { volumes: [{ name: 'v', ...source }] } })
const probe = (fields: Fields): Parts => ({ container: { livenessProbe: fields } })
const cpu = (value: unknown): Parts => ({ container: { resources: { limits: { cpu: value } } } })
const spread = (labelSelector?: Fields): Parts => ({
  spec: {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'ScheduleAnyway',
        ...(labelSelector ? { labelSelector } : {}),
      },
    ],
  },
})

const equal: readonly (readonly [string, Parts, Parts])[] = [
  ['nothing said', {}, {}],
  [
    "the pod's defaults",
    {},
    {
      spec: {
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        schedulerName: 'default-scheduler',
        terminationGracePeriodSeconds: 30,
        securityContext: {},
      },
    },
  ],
  [
    "the container's defaults",
    {},
    {
      container: {
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        resources: {},
      },
    },
  ],
  [
    'nulls and empties',
    {},
    { spec: { volumes: null, nodeSelector: {}, tolerations: [] }, container: { env: [], command: null } },
  ],
  [
    'what a false says that is the default',
    {},
    { spec: { hostNetwork: false }, container: { stdin: false, tty: false } },
  ],
  ['a time stamp of creation', {}, { metadata: { labels: { app: 'shop' }, creationTimestamp: null } }],
  ['a moving tag', { container: { image: 'shop' } }, { container: { image: 'shop', imagePullPolicy: 'Always' } }],
  [
    'a digest',
    { container: { image: 'shop@sha256:0' } },
    { container: { image: 'shop@sha256:0', imagePullPolicy: 'IfNotPresent' } },
  ],
  [
    'a registry with a port',
    { container: { image: 'r:5000/shop' } },
    { container: { image: 'r:5000/shop', imagePullPolicy: 'Always' } },
  ],
  ['an amount in another notation', cpu('1'), cpu('1000m')],
  ['an amount as a number', cpu(0.5), cpu('500m')],
  ['less than a thousandth of a resource', cpu('0.0001'), cpu('1m')],
  [
    "a probe's defaults",
    probe({ httpGet: { port: 80 } }),
    probe({
      httpGet: { port: 80, path: '/', scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    }),
  ],
  [
    'a gRPC probe',
    probe({ grpc: { port: 80 } }),
    probe({
      grpc: { port: 80, service: '' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    }),
  ],
  [
    'the protocol of a port',
    { container: { ports: [{ containerPort: 80 }] } },
    { container: { ports: [{ containerPort: 80, protocol: 'TCP' }] } },
  ],
  ['an empty value', { container: { env: [{ name: 'A' }] } }, { container: { env: [{ name: 'A', value: '' }] } }],
  [
    'the API version of a field',
    { container: { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] } },
    { container: { env: [{ name: 'A', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }] } },
  ],
  [
    'the divisor of a resource',
    { container: { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] } },
    { container: { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } } }] } },
  ],
  [
    'the account, by its old name',
    { spec: { serviceAccount: 'bot' } },
    { spec: { serviceAccountName: 'bot', serviceAccount: 'bot' } },
  ],
  [
    'the account, by both',
    { spec: { serviceAccountName: 'bot' } },
    { spec: { serviceAccountName: 'bot', serviceAccount: 'bot' } },
  ],
  ['a volume without a source', volume({}), volume({ emptyDir: {} })],
  ['the mode of files', volume({ configMap: { name: 'c' } }), volume({ configMap: { name: 'c', defaultMode: 420 } })],
  [
    'the life of a token',
    volume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }),
    volume({
      projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }] },
    }),
  ],
  ['the kind of a path', volume({ hostPath: { path: '/x' } }), volume({ hostPath: { path: '/x', type: '' } })],
  [
    'the mode of a claim',
    volume({ ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } }),
    volume({
      ephemeral: {
        volumeClaimTemplate: {
          metadata: { creationTimestamp: null },
          spec: { accessModes: ['ReadWriteOnce'], resources: {}, volumeMode: 'Filesystem' },
        },
      },
    }),
  ],
  [
    'ports of the node, which can be no other',
    { spec: { hostNetwork: true }, container: { ports: [{ containerPort: 80 }] } },
    { spec: { hostNetwork: true }, container: { ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] } },
  ],
  [
    'containers of another list',
    { spec: { initContainers: [{ name: 'i', image: 'i:1' }] } },
    {
      spec: {
        initContainers: [
          { name: 'i', image: 'i:1', imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' },
        ],
      },
    },
  ],
  ["a field of tomorrow's API server", {}, { spec: { invented: true }, container: { invented: { a: 1 } } }],
]

const different: readonly (readonly [string, Parts, Parts])[] = [
  ['an image', {}, { container: { image: 'shop:2' } }],
  ['a label', {}, { metadata: { labels: { app: 'shop', tier: 'x' } } }],
  [
    'a restart that somebody asked for',
    {},
    {
      metadata: {
        labels: { app: 'shop' },
        annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' },
      },
    },
  ],
  ['an amount', cpu('1'), cpu('1001m')],
  ['an amount that is gone', cpu('1'), {}],
  ['no grace', {}, { spec: { terminationGracePeriodSeconds: 0 } }],
  ['a pull policy that is not the default', {}, { container: { imagePullPolicy: 'Always' } }],
  ['a selector of everything, and of nothing', spread(), spread({})],
  ['a port by name, and by a number', probe({ httpGet: { port: 80 } }), probe({ httpGet: { port: '80' } })],
  [
    'the order of containers',
    { spec: { initContainers: [{ name: 'a' }, { name: 'b' }] } },
    { spec: { initContainers: [{ name: 'b' }, { name: 'a' }] } },
  ],
  [
    'a right that is refused, and one that is not spoken of',
    {},
    { container: { securityContext: { runAsNonRoot: false } } },
  ],
  ['a volume of another kind', volume({ emptyDir: {} }), volume({ emptyDir: { medium: 'Memory' } })],
  [
    'a port of the node',
    { container: { ports: [{ containerPort: 80 }] } },
    { container: { ports: [{ containerPort: 80, hostPort: 80 }] } },
  ],
  ['a field that only its author knows', { spec: { invented: 1 } }, {}],
  ['another value of one', { spec: { invented: 1 } }, { spec: { invented: 2 } }],
]

describe('the same template', () => {
  for (const [what, a, b] of equal) test(`in spite of ${what}`, () => assert.ok(same(a, b)))
  for (const [what, a, b] of different) test(`not with ${what}`, () => assert.equal(same(a, b), false))

  test('is every template, to itself, in whatever order it is written', () => {
    const backwards = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(backwards)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, field]) => [key, backwards(field)]),
      )
    }
    const lines = readFileSync(new URL('./go-vectors.jsonl', import.meta.url), 'utf8')
      .trim()
      .split('\n')
    for (const line of lines) {
      const { template } = JSON.parse(line) as { readonly template?: PodTemplate }
      if (template) assert.ok(isSameTemplate(template, holding(backwards(template) as PodTemplate)), line)
    }
  })
})

describe('what a controller wrote into the template', () => {
  const labels = { app: 'shop', [POD_TEMPLATE_HASH]: 'abc', role: 'canary' }
  const injected = { [EPHEMERAL_METADATA]: JSON.stringify({ labels: { role: 'canary' }, annotations: { note: 'n' } }) }
  const marked = pods({ metadata: { labels, annotations: { note: 'n' } } })

  test('is not the author: role metadata that the ReplicaSet lists', () => {
    assert.ok(isSameTemplate(pods({}), holding(marked, injected)))
    assert.equal(isSameTemplate(pods({}), holding(marked)), false)
    const changed = { [EPHEMERAL_METADATA]: JSON.stringify({ labels: { role: 'stable' } }) }
    assert.equal(isSameTemplate(pods({}), holding(marked, changed)), false)
    assert.equal(isSameTemplate(pods({}), holding(marked, { [EPHEMERAL_METADATA]: 'no JSON' })), false)
  })

  const term = {
    labelSelector: { matchExpressions: [{ key: POD_TEMPLATE_HASH, operator: 'In', values: ['old'] }] },
    namespaces: ['web'],
    topologyKey: 'kubernetes.io/hostname',
  }
  const own = { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'kubernetes.io/hostname' }
  const apart = (required?: readonly unknown[], preferred?: readonly unknown[]): PodTemplate =>
    pods({
      spec: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: required,
            preferredDuringSchedulingIgnoredDuringExecution: preferred,
          },
        },
      },
    })

  test("is not the author: the term that keeps revisions apart, beside the author's own", () => {
    assert.ok(isSameTemplate(pods({}), holding(apart([term]))))
    assert.ok(isSameTemplate(pods({}), holding(apart(undefined, [{ weight: 1, podAffinityTerm: term }]))))
    assert.ok(isSameTemplate(apart([own]), holding(apart([own, term]))))
    assert.ok(isSameTemplate(apart([term]), holding(apart([term]))))
    assert.equal(isSameTemplate(apart([own]), holding(apart([term]))), false)
  })
})

describe('a template that holds all that was asked for', () => {
  const more = {
    spec: { initContainers: [{ name: 'mesh', image: 'mesh:1' }] },
    container: { env: [{ name: 'A', value: 'a' }] },
  }
  test('may hold more', () => assert.ok(coversTemplate(pods({}), holding(pods(more)))))
  test('may not hold less', () => assert.equal(coversTemplate(pods(more), holding(pods({}))), false))
  test('may not hold something else', () =>
    assert.equal(coversTemplate(pods({}), holding(pods({ ...more, container: { image: 'shop:2' } }))), false))
})
