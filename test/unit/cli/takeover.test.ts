/** `penstock takeover check` over what Argo Rollouts 1.9 left (recorded), and over what it cannot or need not take as it is. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../../../cli/program.ts'
import type { AnalysisTemplate } from '../../../controller/api/analysis.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { type Fixture, type FixtureObject, readFixtures } from '../../argo/fixture.ts'
import { rollout } from '../../builders/rollout.ts'
import { createFakeCli, createFakeCluster, type FakeCluster } from './fake-cluster.ts'

type Objects = Readonly<Record<string, readonly KubeObject[]>>

const plurals: Readonly<Record<string, string>> = { HTTPRoute: 'httproutes', Service: 'services' }
const pluralOf = (kind: string): string => plurals[kind] ?? `${kind.toLowerCase()}s`

/** The fixture's objects in a namespace of its own, every Service with endpoints of the revision that it names. */
function restored({ name, objects }: Fixture): Objects {
  const placed = objects.map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace: name },
    ...(object.kind === 'ReplicaSet' ? { status: podsOf(object) } : {}),
  }))
  const slices = placed.flatMap((object): KubeObject[] => {
    const selector = (object.spec as { selector?: Record<string, string> } | undefined)?.selector
    const hash = selector?.['rollouts-pod-template-hash']
    if (object.kind !== 'Service' || hash === undefined) return []
    const owner = placed.find((one) => one.kind === 'ReplicaSet' && one.metadata.name.endsWith(`-${hash}`))
    const endpoint = { conditions: { ready: true }, targetRef: { kind: 'Pod', name: `${owner?.metadata.name}-a` } }
    const labels = { 'kubernetes.io/service-name': object.metadata.name }
    const slice = { metadata: { name: `${object.metadata.name}-1`, namespace: name, labels }, endpoints: [endpoint] }
    return [slice]
  })
  const all = [
    ...placed.map((object) => [pluralOf(object.kind), object] as const),
    ...slices.map((one) => ['endpointslices', one] as const),
  ]
  return Object.fromEntries(
    [...new Set(all.map(([plural]) => plural))].map((plural) => [
      plural,
      all.filter(([other]) => other === plural).map(([, object]) => object),
    ]),
  )
}

/** Whoever restores ReplicaSets gets their pods, ready where the image exists. */
function podsOf({ spec }: FixtureObject) {
  const replicas = spec?.replicas ?? 0
  const ready = JSON.stringify(spec).includes('does-not-exist') ? 0 : replicas
  return { replicas, readyReplicas: ready, availableReplicas: ready }
}

async function check(cluster: FakeCluster, namespace: string, ...flags: readonly string[]) {
  const cli = createFakeCli(cluster)
  const exitCode = await runCli(['takeover', 'check', '-n', namespace, ...flags], cli.deps)
  assert.deepEqual(cluster.patches, [], 'it changes nothing')
  return { exitCode, ...cli.output() }
}

describe('takeover check of what Argo Rollouts left', () => {
  for (const fixture of readFixtures('1.9.0'))
    test(`${fixture.name}: nothing moves`, async () => {
      const { exitCode, out } = await check(createFakeCluster(restored(fixture)), fixture.name)
      assert.equal(exitCode, 0, out)
      assert.match(out, /: nothing moves$/m)
    })
})

const gate = (metric: object): AnalysisTemplate => ({
  metadata: { name: 'gate', namespace: 'web' },
  spec: { metrics: [{ name: 'errors', provider: { prometheus: { address: 'http://p', query: 'up' } }, ...metric }] },
})

const judged = (metadata: Partial<Rollout['metadata']> = {}): Rollout => {
  const shop = rollout({ routed: false, steps: [{ analysis: { templates: [{ templateName: 'gate' }] } }] })
  return { ...shop, metadata: { ...shop.metadata, ...metadata } }
}

describe('takeover check tells', () => {
  test('what would move: a Rollout that nobody has begun', async () => {
    const { exitCode, out } = await check(createFakeCluster({ rollouts: [rollout({ routed: false })] }), 'web')
    assert.equal(exitCode, 1)
    assert.match(out, /^web\/shop: something moves$/m)
    assert.match(out, /^ {2}moves {4}create ReplicaSet shop-/m)
    assert.match(out, /^1 rollouts: 0 where nothing moves, 1 where something does, 0 refused$/m)
  })

  test('what is refused, field by field', async () => {
    const canary = { canaryService: 'c', stableService: 's', trafficRouting: { plugins: { 'example/other': {} } } }
    const { exitCode, out } = await check(createFakeCluster({ rollouts: [rollout({ routed: false, canary })] }), 'web')
    assert.equal(exitCode, 1)
    assert.match(out, /^web\/shop: would not be driven$/m)
    assert.match(out, /^ {2}refused {2}spec\.strategy\.canary\.trafficRouting\S*: /m)
  })

  const thrice = { successCondition: 'result < 1', count: 3, interval: '10s' }
  const rows: readonly (readonly [string, object, RegExp | undefined])[] = [
    ['a success condition', { successCondition: 'result < 1' }, undefined],
    ['no condition', {}, /metric "errors" has no condition/],
    ['a failure condition alone', { failureCondition: 'result > 1' }, /metric "errors" has only a failureCondition/],
    [
      'a limit as high as the count',
      { ...thrice, failureLimit: 3 },
      /count of 3 without one success \(failureLimit 3\)/,
    ],
    ['the other limit', { ...thrice, inconclusiveLimit: '3' }, /without one success \(inconclusiveLimit 3\)/],
    ['a limit below the count', { ...thrice, failureLimit: 2 }, undefined],
    ['successes in a row to reach', { ...thrice, failureLimit: 2, consecutiveSuccessLimit: 1 }, undefined],
  ]
  for (const [what, metric, expected] of rows)
    test(`whether strict rules touch it: ${what}`, async () => {
      const objects = { rollouts: [judged()], analysistemplates: [gate(metric)] }
      const { out } = await check(createFakeCluster(objects), 'web')
      const told = out.split('\n').filter((line) => line.startsWith('  stricter'))
      assert.equal(told.length, expected ? 1 : 0)
      if (expected) assert.match(told[0] ?? '', expected)
      const own = judged({ annotations: { 'penstock.dev/compat': 'argo' } })
      const inCompat = await check(createFakeCluster({ ...objects, rollouts: [own] }), 'web')
      assert.doesNotMatch(inCompat.out, /stricter/)
    })

  test('a dry run gates nothing', async () => {
    const template = gate({})
    const dry = { ...template, spec: { ...template.spec, dryRun: [{ metricName: 'errors' }] } }
    const { out } = await check(createFakeCluster({ rollouts: [judged()], analysistemplates: [dry] }), 'web')
    assert.doesNotMatch(out, /stricter/)
  })

  test('a rollback window, whose memory begins with us', async () => {
    const shop = rollout({ routed: false, spec: { rollbackWindow: { revisions: 2 } } })
    const { out } = await check(createFakeCluster({ rollouts: [shop] }), 'web')
    assert.match(out, /^ {2}stricter spec\.rollbackWindow: /m)
  })

  const lease = (renewTime: string): KubeObject & { readonly spec: unknown } => ({
    metadata: { name: 'argo-rollouts-controller-lock', namespace: 'argo' },
    spec: { holderIdentity: 'argo-0_1', leaseDurationSeconds: 15, renewTime },
  })
  test('a controller that still runs, and none that is gone', async () => {
    const running = await check(createFakeCluster({ leases: [lease('2026-01-01T00:59:50Z')] }), 'web')
    assert.match(running.out, /^controllers: Lease argo\/argo-rollouts-controller-lock is held by "argo-0_1"/m)
    assert.equal(running.exitCode, 0)
    const gone = await check(createFakeCluster({ leases: [lease('2026-01-01T00:59:40Z')] }), 'web')
    assert.match(gone.out, /^controllers: none holds the Lease$/m)
  })

  test('that it may not look at Leases', async () => {
    const cluster = createFakeCluster({})
    cluster.onRead = (plural) => {
      if (plural === 'leases') throw new KubeError({ code: 403, reason: 'Forbidden', message: 'no' }, 'list leases')
    }
    assert.match((await check(cluster, 'web')).out, /^controllers: Leases cannot be read/m)
  })
})

describe('takeover check for programs', () => {
  for (const flag of [['--json'], ['-o', 'json']])
    test(flag.join(' '), async () => {
      const { out } = await check(createFakeCluster({ rollouts: [rollout({ routed: false })] }), 'web', ...flag)
      const { rollouts, controllers } = JSON.parse(out)
      assert.deepEqual(controllers, [])
      assert.deepEqual([rollouts[0].name, rollouts[0].verdict, rollouts[0].writes[0].moves], ['shop', 'moves', true])
    })

  test('2 when there is no answer: the cluster cannot be read, or the command line is wrong', async () => {
    const cluster = createFakeCluster({})
    cluster.onRead = () => {
      throw new KubeError({ code: 0, reason: 'NotSent', message: 'connection refused' }, 'list rollouts')
    }
    assert.equal((await check(cluster, 'web')).exitCode, 2)
    assert.equal((await check(createFakeCluster({}), 'web', '-o', 'yaml')).exitCode, 2)
  })
})
