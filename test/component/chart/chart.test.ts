/**
 * The chart as the real Helm renders it: hardened pod, least privilege, and a role that covers exactly what the controller does. Whether
 * an API server takes every object is asked in test/e2e.
 */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { defaultRouterIds } from '../../../controller/api/enabled-routers.ts'
import { routerIds } from '../../../controller/api/router-capabilities.ts'
import { readConfig } from '../../../controller/config.ts'
import { isOutside } from '../../../controller/traffic/outside.ts'
import { routerRegistry } from '../../../controller/traffic/registry.ts'
import { findHelm, lintChart, renderChart } from '../../chart/helm.ts'
import { variants } from '../../chart/variants.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}
interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> }
  readonly rules?: readonly Rule[]
  readonly spec?: unknown
  readonly data?: Readonly<Record<string, string>>
  readonly webhooks?: readonly Webhook[]
}

async function render(values: object): Promise<readonly Rendered[]> {
  const { code, stdout, stderr } = await renderChart({ values })
  assert.equal(code, 0, stderr)
  return parseAllDocuments(stdout).flatMap((document) => {
    assert.deepEqual(document.errors, [])
    return document.contents === null ? [] : [document.toJS() as Rendered]
  })
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean
  readonly securityContext: object
  readonly containers: readonly {
    readonly image: string
    readonly args: readonly string[]
    readonly securityContext: object
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
    readonly livenessProbe: { readonly httpGet: object }
    readonly readinessProbe: { readonly httpGet: object }
    readonly volumeMounts?: readonly {
      readonly name: string
      readonly mountPath: string
      readonly readOnly?: boolean
    }[]
  }[]
  readonly volumes?: readonly { readonly name: string }[]
}

const podOf = (objects: readonly Rendered[]): PodSpec => {
  const deployment = objects.find((object) => object.kind === 'Deployment')
  assert.ok(deployment)
  return (deployment.spec as { template: { spec: PodSpec } }).template.spec
}
interface Webhook {
  readonly failurePolicy: string
  readonly timeoutSeconds: number
  readonly sideEffects: string
  readonly clientConfig: { readonly caBundle: string; readonly service: { readonly port: number } }
  readonly rules: readonly { readonly operations: readonly string[]; readonly resources: readonly string[] }[]
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[]
  readonly namespaceSelector?: object
}
function webhookOf(objects: readonly Rendered[]): Webhook {
  const [webhook] = objects.find((object) => object.kind === 'ValidatingWebhookConfiguration')?.webhooks ?? []
  assert.ok(webhook)
  return webhook
}
const rulesOf = (objects: readonly Rendered[], name: RegExp): readonly Rule[] =>
  objects.filter((object) => name.test(object.metadata.name)).flatMap((object) => object.rules ?? [])
const controllerRules = (objects: readonly Rendered[]): readonly Rule[] =>
  rulesOf(objects, /^(penstock|gatekeeper)(-lease|-cluster-templates)?$/)
/** `group/resource verbs`, sorted, each once. */
const grantedBy = (objects: readonly Rendered[]): readonly string[] => {
  const rights = controllerRules(objects).flatMap((rule) =>
    rule.resources.map((resource) => `${rule.apiGroups[0] || 'core'}/${resource} ${rule.verbs.join(',')}`),
  )
  return [...new Set(rights)].sort()
}

describe('chart', () => {
  before(() => findHelm(), { timeout: 30 * 60_000 })

  for (const [name, values] of Object.entries(variants)) {
    test(`${name}: lint and render without complaint, no name twice`, async () => {
      const lint = await lintChart(values)
      assert.equal(lint.code, 0, lint.stdout + lint.stderr)
      const objects = await render(values)
      const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`)
      assert.equal(new Set(names).size, names.length)
      assert.equal(objects.filter((object) => object.kind === 'CustomResourceDefinition').length, 5)
    })

    test(`${name}: no wildcard, no listing of secrets, no write to templates`, async () => {
      for (const rule of (await render(values)).flatMap((object) => object.rules ?? [])) {
        const all = [...rule.apiGroups, ...rule.resources, ...rule.verbs]
        assert.ok(!all.includes('*'), `wildcard in ${JSON.stringify(rule)}`)
        if (!rule.resources.includes('secrets')) continue
        assert.deepEqual(rule.verbs, ['get'])
        assert.ok((rule.resourceNames ?? []).length > 0, 'secrets may be read by name only')
      }
    })

    test(`${name}: the controller takes the flags that the chart gives it`, async () => {
      const args = podOf(await render(values)).containers[0]?.args ?? []
      const config = readConfig(args, { POD_NAMESPACE: 'penstock-system' })
      assert.ok(config !== 'help')
      assert.deepEqual(config.ignored, [])
      assert.equal(config.settings['leader-elect'], true)
    })
  }

  test('the pod runs as nobody, on a read-only file system, without capabilities', async () => {
    const pod = podOf(await render({}))
    const [container] = pod.containers
    assert.ok(container && pod.containers.length === 1)
    assert.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    assert.deepEqual(container.livenessProbe.httpGet, { path: '/healthz', port: 'healthz' })
    assert.deepEqual(container.readinessProbe.httpGet, { path: '/readyz', port: 'healthz' })
    assert.deepEqual(
      container.ports.map(({ name, containerPort }) => [name, containerPort]),
      [
        ['metrics', 8090],
        ['healthz', 8080],
        ['webhook', 8088],
      ],
    )
    assert.match(container.image, /^penstock:\d/)
  })

  test('every mount has its volume and is read-only', async () => {
    const pod = podOf(await render(variants.everything ?? {}))
    const mounts = pod.containers[0]?.volumeMounts ?? []
    assert.deepEqual(
      mounts.map((mount) => mount.name),
      (pod.volumes ?? []).map((volume) => volume.name),
    )
    assert.ok(mounts.length === 7 && mounts.every((mount) => mount.readOnly === true))
  })

  let withoutRouters: Promise<readonly string[]> = Promise.resolve([])
  before(() => {
    withoutRouters = render({ routers: [] }).then(grantedBy)
  })

  for (const id of routerIds)
    test(`router ${id}: enabled alone, it brings the rights to its kinds and nothing else`, async () => {
      const objects = await render({ routers: [id] })
      const others = new Set(await withoutRouters)
      const kinds = routerRegistry[id].watches.filter(({ kind }) => !isOutside(kind))
      const expected = kinds.map(({ kind, verbs }) =>
        [`${kind.group || 'core'}/${kind.plural}`, ['get', 'list', 'watch', ...verbs].join()].join(' '),
      )
      assert.deepEqual(
        grantedBy(objects).filter((right) => !others.has(right)),
        expected.sort(),
      )
      assert.ok(podOf(objects).containers[0]?.args.includes(`--routers=${id}`))
    })

  test('by itself the chart enables the routers that the controller drives by itself', async () => {
    const objects = await render({})
    assert.deepEqual(grantedBy(objects), grantedBy(await render({ routers: [...defaultRouterIds] })))
    const config = readConfig(podOf(objects).containers[0]?.args ?? [], {})
    assert.ok(config !== 'help')
    assert.deepEqual(new Set(config.settings.routers), new Set(defaultRouterIds))
  })

  test('the whole of what the controller may do without a router, so that every change of it is seen in review', async () => {
    assert.deepEqual(await withoutRouters, [
      'apps/deployments get,list,watch',
      'apps/deployments/scale patch',
      'apps/replicasets get,list,watch,create,patch,delete',
      'argoproj.io/analysisruns get,list,watch,create,patch,delete',
      'argoproj.io/analysisruns/finalizers update',
      'argoproj.io/analysistemplates get,list,watch',
      'argoproj.io/clusteranalysistemplates get,list,watch',
      'argoproj.io/experiments get,list,watch,create,patch,delete',
      'argoproj.io/experiments/finalizers update',
      'argoproj.io/rollouts get,list,watch,patch',
      'argoproj.io/rollouts/finalizers update',
      'argoproj.io/rollouts/status patch',
      'batch/jobs get,list,watch,create,delete',
      'coordination.k8s.io/leases create',
      'coordination.k8s.io/leases get,patch',
      'core/events create,patch',
      'core/pods list,patch',
      'core/pods/eviction create',
      'core/podtemplates get,list,watch',
      'core/services get,list,watch,create,patch,delete',
      'discovery.k8s.io/endpointslices get,list,watch',
    ])
  })

  test('a namespaced release gets nothing cluster-wide but the reading of ClusterAnalysisTemplates', async () => {
    const objects = await render(variants.namespaced ?? {})
    const wide = objects.filter((object) => object.kind === 'ClusterRole')
    assert.deepEqual(
      wide.flatMap((object) => object.rules ?? []),
      [{ apiGroups: ['argoproj.io'], resources: ['clusteranalysistemplates'], verbs: ['get', 'list', 'watch'] }],
    )
  })

  test("Helm's own certificate fits the Service, and the webhook trusts its authority and nobody else", async () => {
    const objects = await render({ admission: { enabled: true } })
    const data = objects.find((object) => object.kind === 'Secret')?.data ?? {}
    const webhook = webhookOf(objects)
    const pem = (name: string): X509Certificate => new X509Certificate(Buffer.from(data[name] ?? '', 'base64'))
    assert.equal(webhook.clientConfig.caBundle, data['ca.crt'])
    assert.ok(pem('tls.crt').verify(pem('ca.crt').publicKey))
    assert.equal(pem('tls.crt').checkHost('penstock.penstock-system.svc'), 'penstock.penstock-system.svc')
    assert.equal(pem('tls.crt').ca, false)
    const service = objects.find((object) => object.kind === 'Service')?.spec as { ports: readonly object[] }
    assert.ok(service.ports.some((port) => 'port' in port && port.port === webhook.clientConfig.service.port))
  })

  test('the webhook harms nobody while Penstock is away, and is never asked about status or by the controller', async () => {
    const webhook = webhookOf(await render({ admission: { enabled: true } }))
    assert.deepEqual([webhook.failurePolicy, webhook.timeoutSeconds, webhook.sideEffects], ['Ignore', 3, 'None'])
    assert.deepEqual(
      webhook.rules.map(({ operations, resources }) => `${operations.join()} ${resources.join()}`),
      ['CREATE,UPDATE rollouts,analysistemplates,clusteranalysistemplates,experiments', 'CREATE analysisruns'],
    )
    assert.deepEqual(
      webhook.matchConditions.map(({ name }) => name),
      ['spec-changed', 'not-the-controller'],
    )
    assert.match(JSON.stringify(webhook.matchConditions), /system:serviceaccount:penstock-system:penstock'/)
  })

  test('a namespaced release asks about its own namespace only', async () => {
    const { namespaceSelector } = webhookOf(await render({ namespaced: true, admission: { enabled: true } }))
    assert.deepEqual(namespaceSelector, { matchLabels: { 'kubernetes.io/metadata.name': 'penstock-system' } })
  })

  test('there is no webhook unless it is asked for', async () => {
    const objects = await render({})
    assert.ok(objects.every(({ kind }) => kind !== 'ValidatingWebhookConfiguration' && kind !== 'Secret'))
    assert.ok(!podOf(objects).containers[0]?.args.some((arg) => arg.includes('admission')))
  })

  test('two replicas get a disruption budget, one does not', async () => {
    const budgets = async (values: object) =>
      (await render(values)).filter((object) => object.kind === 'PodDisruptionBudget').length
    assert.deepEqual([await budgets({}), await budgets({ replicas: 2 })], [0, 1])
  })

  test('two replicas go to different nodes, unless the values say otherwise', async () => {
    const constraints = async (values: object) => {
      const deployment = (await render(values)).find((object) => object.kind === 'Deployment')
      assert.ok(deployment)
      const { template } = deployment.spec as {
        readonly template: { readonly spec: { readonly topologySpreadConstraints?: unknown } }
      }
      const { spec } = template
      return spec.topologySpreadConstraints
    }
    assert.equal(await constraints({}), undefined)
    assert.match(
      JSON.stringify(await constraints({ replicas: 2 })),
      /kubernetes.io\/hostname.*ScheduleAnyway.*penstock/,
    )
    const own = [{ maxSkew: 2, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }]
    assert.deepEqual(await constraints({ replicas: 2, topologySpreadConstraints: own }), own)
  })

  test('ServiceMonitor is rendered when asked for', async () => {
    const objects = await render({ serviceMonitor: { enabled: true, labels: { release: 'x' } } })
    assert.equal(objects.find((object) => object.kind === 'ServiceMonitor')?.metadata.labels?.release, 'x')
  })

  test('the gates arrive with their own placeholders untouched', async () => {
    const gates = (await render({})).filter((object) => object.kind === 'ClusterAnalysisTemplate')
    assert.ok(gates.length >= 3, 'error rate, latency and missing events')
    assert.match(JSON.stringify(gates), /\{\{args\./)
  })

  const refused: [string, object, RegExp][] = [
    ['a misspelt value', { replicsa: 2 }, /replicsa/],
    ['a router that does not exist', { routers: ['haproxy'] }, /routers/],
    ['an image without version', { image: { repository: 'x', tag: 'latest' } }, /image.*tag/s],
    ['a foreign service account without a name', { serviceAccount: { create: false } }, /serviceAccount\.name/],
    [
      'a certificate of an unknown authority',
      { admission: { enabled: true, tls: { secret: 'x' } } },
      /admission\.tls: name the authority/,
    ],
    ['an authority that is no PEM', { admission: { tls: { caBundle: 'x' } } }, /caBundle/],
    ['an address that is no URL', { prometheus: { address: 'prometheus' } }, /address/],
  ]
  for (const [name, values, message] of refused)
    test(`${name} stops the installation and is named`, async () => {
      const { code, stderr } = await renderChart({ values })
      assert.notEqual(code, 0)
      assert.match(stderr, message)
    })
})
