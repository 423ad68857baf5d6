/** `penstock/kubernetes`: what may be read, what is read of it, and what its absence means. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { kubernetes } from '../../../../analysis/providers/kubernetes.ts'
import type { LookPorts } from '../../../../analysis/providers/long-provider.ts'
import { isCompleted, type Measurement } from '../../../../controller/api/analysis.ts'
import type { KubeObject } from '../../../../controller/api/meta.ts'
import { KubeError, type ObjectRef } from '../../../../controller/kube/client.ts'
import { kubernetesRule } from '../../../../controller/metric-language/provider-rules/kubernetes.ts'
import { createFakeClock } from '../../../fakes/fake-clock.ts'
import { type AnalysisCluster, createAnalysisCluster } from '../analysis-cluster.ts'

const chaosResult: KubeObject & { readonly status: object } = {
  apiVersion: 'litmuschaos.io/v1alpha1',
  kind: 'ChaosResult',
  metadata: { name: 'pod-delete', namespace: 'shop' },
  status: { experimentStatus: { verdict: 'Pass', probeSuccessPercentage: 100 }, none: null },
}
const config = {
  apiVersion: 'litmuschaos.io/v1alpha1',
  kind: 'ChaosResult',
  name: 'pod-delete',
  jsonPath: '{$.status.experimentStatus.verdict}',
}

interface World {
  readonly object?: unknown
  readonly served?: readonly string[]
  readonly refusal?: KubeError
}

function portsOf({ object, served = ['chaosresults'], refusal }: World) {
  const read: ObjectRef[] = []
  const ports: LookPorts = {
    send: () => Promise.reject(new Error('nobody is asked')),
    readSecret: () => Promise.reject(new Error('no Secret is read')),
    readObject(ref) {
      read.push(ref)
      return refusal ? Promise.reject(refusal) : Promise.resolve(object as KubeObject | undefined)
    },
    listResources: () => Promise.resolve(served),
  }
  return { ports, read }
}

async function look(more: object = {}, world: World = { object: chaosResult }) {
  const { ports, read } = portsOf(world)
  const outcome = await kubernetes.look(
    {
      config: { ...config, ...more },
      metric: { name: 'm', provider: {} },
      run: { name: 'r', namespace: 'shop', uid: 'u', labels: {}, annotations: {}, createdAt: 0, startedAt: 0 },
      open: undefined,
      mode: 'strict',
      now: 0,
      prometheusAddress: undefined,
      readableNamespaces: ['platform'],
    },
    ports,
    new AbortController().signal,
  )
  return { outcome, read }
}
const messageOf = (outcome: object): string => ('message' in outcome ? String(outcome.message) : '')

describe('penstock/kubernetes reads', () => {
  test('the value at the path, live and by its address', async () => {
    const { outcome, read } = await look()
    assert.deepEqual(outcome, { kind: 'sample', value: 'Pass', text: '"Pass"' })
    assert.deepEqual(read, [
      {
        kind: {
          group: 'litmuschaos.io',
          version: 'v1alpha1',
          plural: 'chaosresults',
          kind: 'ChaosResult',
          namespaced: true,
        },
        name: 'pod-delete',
        namespace: 'shop',
      },
    ])
  })

  test('the whole object without a path', async () => {
    const { outcome } = await look({ jsonPath: undefined })
    assert.ok(outcome.kind === 'sample')
    assert.deepEqual(outcome.value, chaosResult)
  })

  test('a namespace that the controller opens, and a kind without one', async () => {
    assert.deepEqual((await look({ namespace: 'platform' })).read[0]?.namespace, 'platform')
    const { read } = await look({ apiVersion: 'v1', kind: 'Node', clusterScope: true, resource: 'nodes' })
    assert.deepEqual([read[0]?.namespace, read[0]?.kind.plural, read[0]?.kind.namespaced], [undefined, 'nodes', false])
  })

  const deep = JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`)
  const forbidden = new KubeError({ code: 403, reason: 'Forbidden', message: 'no' }, 'GET x')
  const rows: readonly (readonly [string, object, World, string, RegExp])[] = [
    ['an object that is not there', {}, { object: undefined }, 'noData', /ChaosResult shop\/pod-delete does not exist/],
    [
      'a place that is not there',
      { jsonPath: '{$.status.x}' },
      { object: chaosResult },
      'noData',
      /has nothing at \{\$\.status\.x\}/,
    ],
    [
      'a kind that is not served',
      {},
      { object: undefined, served: ['chaosengines'] },
      'error',
      /serves no chaosresults in version v1alpha1 of litmuschaos\.io/,
    ],
    [
      'a kind that is not served, wanted gone',
      { exists: false },
      { object: undefined, served: [] },
      'error',
      /serves no chaosresults/,
    ],
    [
      'a right that is missing',
      {},
      { refusal: forbidden },
      'error',
      /grant its service account get on chaosresults of litmuschaos\.io$/,
    ],
    [
      'another namespace',
      { namespace: 'bank' },
      { object: chaosResult },
      'error',
      /namespace "bank" may not be read from here; see --step-plugin-namespace/,
    ],
    ['a path that cannot be read', { jsonPath: '{range .x}' }, { object: chaosResult }, 'error', /cannot read/],
    ['a bottomless object', {}, { object: deep }, 'error', /nests deeper than 100/],
    [
      'a Secret',
      { apiVersion: 'v1', kind: 'Secret' },
      { object: chaosResult },
      'error',
      /kind: a Secret is never read this way/,
    ],
    [
      'a secret in other letters',
      { apiVersion: 'v1', kind: 'secret' },
      { object: chaosResult },
      'error',
      /a Secret is never read/,
    ],
    [
      'a Secret by its plural',
      { apiVersion: 'v1', kind: 'X', resource: 'secrets' },
      { object: chaosResult },
      'error',
      /a Secret is never read/,
    ],
    ['a misspelt field', { jsonpath: 'x' }, { object: chaosResult }, 'error', /jsonpath/],
  ]
  for (const [name, more, world, kind, message] of rows)
    test(`${name}: ${kind}`, async () => {
      const { outcome, read } = await look(more, world)
      assert.equal(outcome.kind, kind)
      assert.match(outcome.kind === 'noData' ? outcome.why : messageOf(outcome), message)
      if (/namespace|Secret|path|field/i.test(name)) assert.ok(read.length === 0 || kind === 'noData')
    })

  test('no answer of the API server is passed on as what it is', async () => {
    const lost = new KubeError({ code: 0, reason: 'Timeout' }, 'GET x')
    await assert.rejects(look({}, { refusal: lost }), lost)
  })

  const existence: readonly (readonly [boolean, object, World, string])[] = [
    [true, {}, { object: chaosResult }, 'Successful'],
    [true, {}, { object: undefined }, 'Failed'],
    [true, { jsonPath: '{$.status.x}' }, { object: chaosResult }, 'Failed'],
    [true, { jsonPath: '{$.status.none}' }, { object: chaosResult }, 'Successful'],
    [false, {}, { object: chaosResult }, 'Failed'],
    [false, {}, { object: undefined }, 'Successful'],
    [false, { jsonPath: '{$.status.x}' }, { object: chaosResult }, 'Successful'],
  ]
  for (const [exists, more, world, phase] of existence)
    test(`exists: ${exists} ${JSON.stringify(more)}, ${world.object ? 'there' : 'not there'}: ${phase}`, async () => {
      const { outcome } = await look({ exists, ...more }, world)
      assert.ok(outcome.kind === 'decided')
      assert.equal(outcome.phase, phase)
    })
})

test('validation refuses what cannot be read, by its field', () => {
  const fields = (more: object) => kubernetesRule({ ...config, ...more }, 'p').map(({ field }) => field)
  assert.deepEqual(fields({}), [])
  assert.deepEqual(fields({ kind: 'Secret' }), ['p.kind'])
  assert.deepEqual(fields({ jsonPath: '{range .x}' }), ['p.jsonPath'])
  assert.deepEqual(fields({ clusterScope: true, namespace: 'x' }), ['p.namespace'])
  assert.deepEqual(fields({ name: '{{args.name}}', kind: '{{args.kind}}' }), [])
})

describe('penstock/kubernetes in a cluster', () => {
  let cluster: AnalysisCluster
  const clock = createFakeClock()
  before(async () => {
    cluster = await createAnalysisCluster({ clock, http: { send: () => Promise.reject(new Error('nobody is asked')) } })
    const kind = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
    const metadata = { name: 'load', namespace: 'default' }
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { p95: '180' } }
    await cluster.client.create<KubeObject>(kind, object)
    cluster.startController()
  })
  after(() => cluster.close())

  const measure = async (name: string, plugin: object): Promise<Measurement | undefined> => {
    const metric = {
      name: 'm',
      consecutiveErrorLimit: 0,
      successCondition: 'asFloat(result) < 200',
      provider: {
        plugin: { 'penstock/kubernetes': { apiVersion: 'v1', kind: 'ConfigMap', jsonPath: '{$.data.p95}', ...plugin } },
      },
    }
    await cluster.createRun(name, { metrics: [metric] })
    for (let step = 0; step < 50; step++) {
      await clock.advance(100)
      const status = (await cluster.getRun(name))?.status
      if (isCompleted(status?.phase)) return status?.metricResults?.[0]?.measurements?.at(-1)
    }
    return undefined
  }

  test('a value is judged by the conditions', async () => {
    const measurement = await measure('there', { name: 'load' })
    assert.deepEqual([measurement?.phase, measurement?.value], ['Successful', '"180"'])
  })
  test('an object that is not there is no data', async () => {
    const measurement = await measure('gone', { name: 'nothing' })
    assert.deepEqual(
      [measurement?.phase, measurement?.message],
      ['Inconclusive', 'NoData: ConfigMap default/nothing does not exist'],
    )
  })
  test('a version that is not served is an error, whatever exists says', async () => {
    const measurement = await measure('typo', { name: 'load', apiVersion: 'v2', exists: false })
    assert.equal(measurement?.phase, 'Error')
    assert.match(measurement?.message ?? '', /serves no configmaps in version v2 of the core group/)
  })
})
