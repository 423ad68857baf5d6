/**
 * The chart and its CRDs on a real kube-apiserver: schemas that it calls structural, objects that come back as they went in, every rendered
 * object taken under strict validation, and a service account that can do what the controller does and nothing else.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { renderCrdFiles } from '../../charts/crd-files.ts'
import { findHelm, renderChart } from '../chart/helm.ts'
import { variants } from '../chart/variants.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { startControlPlane } from '../control-plane/start.ts'

const NAMESPACE = 'penstock-system'
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:penstock`

/** Fields that today's schemas do not know, at every level: a newer Argo's, or somebody's own. */
const rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: {
    replicas: 2,
    future: { nested: [1, 'two', { three: true }] },
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'web:1', resources: { limits: { cpu: '0.5' } }, unknown: 1 }] },
    },
    strategy: {
      canary: {
        future: 'x',
        maxSurge: '25%',
        steps: [
          { setWeight: 5, future: 1 },
          { pause: { duration: '1m', future: 1 } },
          { pause: {} },
          { setHeaderRoute: { match: [{ headerName: 'a', headerValue: { exact: 'b' } }] } },
          { plugin: { name: 'p', config: { any: { thing: [1] } } } },
          { analysis: { templates: [{ clusterScope: true }], args: [{ name: 'a', value: 'b', future: 1 }] } },
        ],
        trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'web' }, odd: 'a string' }, future: {} },
      },
    },
  },
}

const run = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: { name: 'run', namespace: NAMESPACE },
  spec: {
    metrics: [
      {
        name: 'a',
        count: '{{args.count}}',
        failureLimit: 2,
        provider: { plugin: { 'penstock/gate': { x: 1 } }, future: {} },
      },
    ],
  },
  status: { phase: 'Running', future: 1 },
}

type Json = Record<string, unknown>

describe('chart on a real API server', () => {
  let controlPlane: ControlPlane

  before(
    async () => {
      await findHelm()
      controlPlane = await startControlPlane()
      await controlPlane.apply([...renderCrdFiles().values()].join('---\n'))
      await controlPlane.kubectl('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all')
      await controlPlane.kubectl('create', 'namespace', NAMESPACE)
    },
    { timeout: 90 * 60_000 },
  )
  after(() => controlPlane?.stop())

  const get = async (kind: string, name: string): Promise<Json> =>
    JSON.parse(await controlPlane.kubectl('get', kind, name, '-n', NAMESPACE, '-o', 'json')) as Json
  const patch = (...args: string[]) => controlPlane.runKubectl(['patch', '-n', NAMESPACE, '--type=merge', ...args])

  test('every schema is structural', async () => {
    const { items } = JSON.parse(await controlPlane.kubectl('get', 'crd', '-o', 'json')) as {
      items: {
        metadata: { name: string }
        status: { conditions: { type: string; status: string; message: string }[] }
      }[]
    }
    assert.equal(items.length, 5)
    const complaints = items.flatMap(({ metadata, status }) =>
      status.conditions
        .filter(({ type, status: value }) => type === 'NonStructuralSchema' && value === 'True')
        .map(({ message }) => `${metadata.name}: ${message}`),
    )
    assert.deepEqual(complaints, [])
  })

  test('unknown fields survive at every level, and nothing is added', async () => {
    await controlPlane.apply(rollout)
    assert.deepEqual((await get('rollout', 'web')).spec, rollout.spec)
    await controlPlane.apply(run)
    const stored = await get('analysisrun', 'run')
    assert.deepEqual([stored.spec, stored.status], [run.spec, run.status], 'AnalysisRun has no status subresource')
  })

  test('the selector cannot be changed', async () => {
    const { code, stderr } = await patch('ro', 'web', '-p', '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}')
    assert.notEqual(code, 0)
    assert.match(stderr, /\.spec\.selector is immutable/)
  })

  test('status is a subresource of Rollout, with null meaning "remove"', async () => {
    await patch('ro', 'web', '-p', '{"status":{"abort":true}}')
    assert.equal((await get('ro', 'web')).status, undefined)
    await patch('ro', 'web', '--subresource=status', '-p', '{"status":{"abort":true,"pauseConditions":[],"future":1}}')
    assert.deepEqual((await get('ro', 'web')).status, { abort: true, pauseConditions: [], future: 1 })
    await patch('ro', 'web', '--subresource=status', '-p', '{"status":{"abort":null,"pauseConditions":null}}')
    assert.deepEqual((await get('ro', 'web')).status, { future: 1 })
  })

  test('kubectl scale and the short names and columns work', async () => {
    await controlPlane.kubectl('scale', 'ro/web', '-n', NAMESPACE, '--replicas=3')
    const table = await controlPlane.kubectl('get', 'ro', '-n', NAMESPACE)
    assert.match(table, /^NAME +DESIRED +CURRENT +UP-TO-DATE +AVAILABLE +AGE\nweb +3 /)
    assert.match(await controlPlane.kubectl('get', 'ar', '-n', NAMESPACE), /^NAME +STATUS +AGE\nrun +Running /)
    for (const shortName of ['at', 'cat', 'exp']) await controlPlane.kubectl('get', shortName, '-A')
  })

  for (const [name, values] of Object.entries(variants))
    test(`${name}: every object is taken under strict validation`, async () => {
      const { code, stdout, stderr } = await renderChart({ values, namespace: NAMESPACE })
      assert.equal(code, 0, stderr)
      const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-']
      const applied = await controlPlane.runKubectl(args, { input: stdout })
      assert.equal(applied.code, 0, applied.stderr)
      assert.doesNotMatch(applied.stderr, /Warning/)
      const count = parseAllDocuments(stdout).filter((document) => document.contents !== null).length
      assert.equal(applied.stdout.trim().split('\n').length, count)
    })

  describe('the service account', () => {
    before(async () => {
      const { stdout } = await renderChart({ namespace: NAMESPACE })
      await controlPlane.apply(stdout)
    })
    /** Verb, `group/resource[/subresource]`, namespace and name, asked of the API server itself: kubectl would need the CRDs of routers. */
    async function may(verb: string, path: string, namespace: string, name = ''): Promise<boolean> {
      const [group = '', resource = '', subresource = ''] = path.split('/')
      const resourceAttributes = { verb, group, resource, subresource, namespace, name }
      const answer = await controlPlane.api({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: { user: ACCOUNT, resourceAttributes },
        },
      })
      return (answer.body as { status: { allowed: boolean } }).status.allowed
    }
    const rows: [boolean, string, string, string, string?][] = [
      [true, 'patch', 'argoproj.io/rollouts/status', 'default'],
      [true, 'create', 'apps/replicasets', 'default'],
      [true, 'patch', 'gateway.networking.k8s.io/httproutes', 'default'],
      [true, 'watch', 'argoproj.io/clusteranalysistemplates', ''],
      [true, 'patch', 'coordination.k8s.io/leases', NAMESPACE, 'argo-rollouts-controller-lock'],
      [false, 'patch', 'coordination.k8s.io/leases', NAMESPACE, 'another'],
      [false, 'create', 'coordination.k8s.io/leases', 'default'],
      [false, 'get', '/secrets', NAMESPACE],
      [false, 'list', '/secrets', NAMESPACE],
      [false, 'create', '/pods', 'default'],
      [false, 'delete', 'argoproj.io/rollouts', 'default'],
      // Those of Experiments.
      [true, 'delete', '/services', 'default'],
      [false, 'delete', 'apps/deployments', 'default'],
      [false, 'patch', 'argoproj.io/analysistemplates', 'default'],
      [false, 'escalate', 'rbac.authorization.k8s.io/clusterroles', ''],
    ]
    for (const [allowed, verb, path, namespace, name] of rows)
      test(`${allowed ? 'may' : 'may not'} ${verb} ${path} ${name ?? ''} in ${namespace || 'the cluster'}`, async () => {
        assert.equal(await may(verb, path, namespace, name), allowed)
      })
  })

  test('the chart carries the CRDs that are generated', () => {
    for (const [name, text] of renderCrdFiles())
      assert.equal(readFileSync(new URL(`../../charts/penstock/crds/${name}`, import.meta.url), 'utf8'), text)
  })
})
