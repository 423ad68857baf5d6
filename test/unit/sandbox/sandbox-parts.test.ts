import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSpread, latencyAt, readBehaviour, shareSlowerThan } from '../../../sandbox/app/behaviour.ts'
import { createAppMetrics } from '../../../sandbox/app/exposition.ts'
import { isCovered } from '../../../sandbox/git/sync.ts'
import { judgeAnswer } from '../../../sandbox/load/outcome.ts'
import { parseManifests } from '../../../sandbox/manifests.ts'
import { renderTargets } from '../../../sandbox/observability/targets.ts'
import { createStopList } from '../../../sandbox/stop-list.ts'
import { sumSeries } from '../../../sandbox/story/controller-process.ts'

describe('the demo service', () => {
  test('takes its behaviour from the environment and refuses nonsense by name', () => {
    assert.equal(readBehaviour({ LATENCY_MS: '50', LATENCY_FACTOR: '1.4' }).latencyMs, 70)
    assert.equal(readBehaviour({ ORDERS: 'off' }).orderRate, 0)
    assert.throws(() => readBehaviour({ ERROR_RATE: '2' }), /ERROR_RATE/)
    assert.throws(() => readBehaviour({ ORDERS: 'maybe' }), /ORDERS/)
  })

  test('spreads a share evenly', () => {
    const next = createSpread(0.5)
    const hits = Array.from({ length: 100 }, next).filter((value) => value < 0.2).length
    assert.ok(hits >= 19 && hits <= 21, String(hits))
  })

  test('is slow as often as it says', () => {
    for (const rank of [0, 0.5, 0.99, 0.999])
      assert.ok(Math.abs(shareSlowerThan(latencyAt(rank, 100), 100) - (1 - rank)) < 1e-9, String(rank))
    assert.ok(Math.abs(latencyAt(0.99, 140) / latencyAt(0.99, 100) - 1.4) < 1e-9)
  })

  test('exposes cumulative buckets that end at the count, and no orders where there are none', () => {
    const metrics = createAppMetrics({ hasOrders: false, leaks: false })
    for (const seconds of [0.02, 0.1, 5]) metrics.observe('GET', 200, seconds)
    const text = metrics.render()
    const buckets = [...text.matchAll(/_bucket\{le="([^"]+)"\} (\d+)/g)].map(
      ([, le, n]) => [Number(le), Number(n)] as const,
    )
    assert.deepEqual(
      buckets.map(([, n]) => n),
      buckets.map(([, n]) => n).sort((a, b) => a - b),
    )
    assert.match(text, /_bucket\{le="\+Inf"\} 3\n/)
    assert.match(text, /http_requests_total\{method="GET",code="200"\} 3\n/)
    assert.ok(!text.includes('orders_'))
  })

  test('counts orders that are shipped beside those that are taken, and connections that stay open', () => {
    const metrics = createAppMetrics({ hasOrders: true, leaks: true })
    for (const isShipped of [true, false, true]) {
      metrics.order(isShipped)
      metrics.observe('GET', 200, 0.1)
    }
    assert.match(metrics.render(), /\norders_total 3\n/)
    assert.match(metrics.render(), /\norders_shipped_total 2\n/)
    assert.match(metrics.render(), /\nshop_open_connections 3\n/)
  })
})

describe('load outcomes', () => {
  test('only what the application did not answer is lost', () => {
    assert.equal(judgeAnswer({ code: 200 }), 'ok')
    assert.equal(judgeAnswer({ code: 500 }), 'appError')
    assert.equal(judgeAnswer({ code: 503, refusal: 'no-endpoint' }), 'lost')
    assert.equal(judgeAnswer({ code: 404, refusal: 'no-route' }), 'lost')
    assert.equal(judgeAnswer(undefined), 'lost')
  })
})

describe('manifests', () => {
  test('several documents, empty ones left out', () => {
    const text =
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n---\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: b }\n'
    assert.deepEqual(
      parseManifests(text, 'f.yaml').map(({ metadata }) => metadata.name),
      ['a', 'b'],
    )
  })

  test('what is no object is refused with the file and the document', () => {
    assert.throws(() => parseManifests('kind: Namespace\n', 'f.yaml'), /f\.yaml, document 1/)
    assert.throws(() => parseManifests('a: [\n', 'f.yaml'), /f\.yaml, document 1/)
  })

  test('live objects may say more than their manifest, not less', () => {
    assert.ok(isCovered({ a: { b: 1 }, l: [{ n: 'x' }] }, { a: { b: 1, c: 2 }, l: [{ n: 'x', weight: 5 }] }))
    assert.ok(!isCovered({ a: { b: 1 } }, { a: { b: 2 } }))
    assert.ok(!isCovered({ l: [1] }, { l: [1, 2] }))
    assert.ok(!isCovered({ a: 1 }, undefined))
  })
})

describe('scrape targets', () => {
  const pod = (name: string, more: object = {}) => ({
    metadata: {
      name,
      namespace: 'shop',
      annotations: { 'prometheus.io/scrape': 'true' },
      labels: { 'app.kubernetes.io/name': 'shop', 'rollouts-pod-template-hash': 'abc' },
      ...more,
    },
    spec: { containers: [{ ports: [{ containerPort: 8080 }] }] },
    status: { phase: 'Running', podIP: '127.9.0.1' },
  })

  test('names the pod, its service and its revision', () => {
    assert.deepEqual(renderTargets([pod('a')]), [
      {
        targets: ['127.9.0.1:8080'],
        labels: { namespace: 'shop', pod: 'a', service: 'shop', rollouts_pod_template_hash: 'abc' },
      },
    ])
  })

  test('leaves out pods that did not ask, that leave, and that have no address yet', () => {
    const silent = pod('a', { annotations: {} })
    const leaving = pod('b', { deletionTimestamp: '2026-01-01T00:00:00Z' })
    const starting = { ...pod('c'), status: { phase: 'Pending' } }
    assert.deepEqual(renderTargets([silent, leaving, starting]), [])
  })
})

describe('stop list', () => {
  test('last started stops first, a failure keeps nothing running, and it runs once', async () => {
    const order: string[] = []
    const stops = createStopList()
    stops.add(() => void order.push('first'))
    stops.add(() => {
      order.push('second')
      throw new Error('second failed')
    })
    stops.add(async () => void order.push('third'))
    await assert.rejects(stops.run(), /second failed/)
    await assert.rejects(stops.run(), /second failed/)
    assert.deepEqual(order, ['third', 'second', 'first'])
  })
})

describe('metrics text', () => {
  test('sums the wanted series of one metric', () => {
    const text =
      '# HELP x y\nx{verb="patch",kind="leases"} 5\nx{verb="patch",kind="rollouts"} 2\nx{verb="get",kind="rollouts"} 9\nxy 100\nz 7\n'
    assert.equal(
      sumSeries(text, 'x', ({ verb, kind }) => verb === 'patch' && kind !== 'leases'),
      2,
    )
    assert.equal(
      sumSeries(text, 'z', () => true),
      7,
    )
  })
})
