import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createHealth } from '../../../controller/runtime/health.ts'
import { createMetricRegistry, declareCounter } from '../../../controller/runtime/metrics.ts'
import { startHealthServer, startMetricsServer } from '../../../controller/runtime/server.ts'

const at = { host: '127.0.0.1', port: 0 }

describe('servers for machines', () => {
  test('health answers ok, or 503 with every reason', async (t) => {
    const health = createHealth()
    let wrong: string | undefined
    health.addReadiness('watches', () => wrong)
    const server = await startHealthServer(health, at)
    t.after(() => server.close(0))
    const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init)
    assert.equal(await (await get('/healthz')).text(), 'ok')
    wrong = 'pods silent'
    const unready = await get('/readyz?verbose')
    assert.deepEqual([unready.status, await unready.text()], [503, 'watches: pods silent\n'])
    assert.equal((await get('/healthz')).status, 200)
    assert.equal((await get('/secrets')).status, 404)
    assert.equal((await get('/healthz', { method: 'POST' })).status, 405)
  })

  test('metrics are served as Prometheus reads them', async (t) => {
    const registry = createMetricRegistry()
    declareCounter(registry, { name: 'x_total', help: 'x' }).inc()
    const server = await startMetricsServer(registry, at)
    t.after(() => server.close(0))
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`)
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    assert.match(await answer.text(), /^x_total 1$/m)
  })

  test('a port in use is reported, and close ends also idle connections', async () => {
    const first = await startHealthServer(createHealth(), at)
    await assert.rejects(startHealthServer(createHealth(), { host: '127.0.0.1', port: first.port }), /EADDRINUSE/)
    await (await fetch(`http://127.0.0.1:${first.port}/healthz`)).text()
    await first.close(1_000)
  })
})
