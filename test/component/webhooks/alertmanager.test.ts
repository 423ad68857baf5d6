/** The receiver against a real Alertmanager: what it posts arrives and is stored, and our 503 makes it come again. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { readAbortRequests } from '../../../controller/api/abort-request.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { defaultAlertMapping } from '../../../webhooks/mapping.ts'
import { createWebhookServer } from '../../../webhooks/server.ts'
import { createRolloutStore } from '../../fakes/rollout-store.ts'
import { bothReplicaSets, updatingRollout } from '../../unit/webhooks/alert-objects.ts'
import { startAlertmanager, waitFor } from './alertmanager-process.ts'

const TOKEN = 'a-token-that-alertmanager-knows'
const stops: (() => Promise<void>)[] = []
let directory = ''

/** A folder for each test; inside `describe`, because hooks at the root would run for every suite of the process. */
function useFolder(): void {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'penstock-receiver-'))
    writeFileSync(join(directory, 'token'), TOKEN)
  })
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    rmSync(directory, { recursive: true })
  })
}

async function setUp(options: { token?: string; findObstacle?: () => string | undefined } = {}) {
  const store = createRolloutStore()
  store.put(updatingRollout(), bothReplicaSets)
  const metrics = createMetricRegistry()
  const server = createWebhookServer({
    settings: { webhookPort: 0, webhookTokenFiles: [join(directory, 'token')], webhookInsecure: false },
    mapping: defaultAlertMapping,
    client: store.client,
    cache: store,
    findObstacle: options.findObstacle ?? (() => undefined),
    clock: systemClock,
    log: silentLogger,
    metrics,
    redactor: createRedactor(),
    host: '127.0.0.1',
  })
  await server.start()
  stops.push(() => server.stop())
  const receiverUrl = `${server.url()}/webhooks/alertmanager`
  const alertmanager = await startAlertmanager({ receiverUrl, token: options.token ?? TOKEN })
  stops.push(() => alertmanager.stop())
  const requests = () => readAbortRequests(store.live('shop', 'checkout')?.metadata.annotations)
  const count = async (line: string): Promise<number> => {
    const found = (await metrics.metrics()).split('\n').find((text) => text.startsWith(`${line} `))
    return Number(found?.slice(line.length) ?? 0)
  }
  return { alertmanager, requests, count }
}

const firing = (labels: Record<string, string> = {}, more: object = {}) => ({
  labels: { alertname: 'HighErrorRate', namespace: 'shop', rollout: 'checkout', ...labels },
  annotations: { summary: 'too many errors' },
  startsAt: new Date().toISOString(),
  ...more,
})

describe('a real Alertmanager', () => {
  useFolder()

  test('posts a firing alert, and the abort is stored', { timeout: 60_000 }, async () => {
    const { alertmanager, requests, count } = await setUp()
    await alertmanager.postAlerts([firing(), firing({ rollouts_pod_template_hash: 'stable1' })])
    await waitFor('both decisions', async () => (await count('penstock_alert_posts_total{code="200"}')) >= 2)
    const [request, ...others] = requests()
    assert.deepEqual(others, [])
    assert.equal(request?.action, 'abort')
    assert.equal(request?.podHash, 'canary1')
    assert.equal(request?.message, 'Alert HighErrorRate is firing: too many errors')
    assert.equal(await count('penstock_alerts_received_total{decision="ignored",reason="StableRevision"}'), 1)
  })

  test('posts the resolution, which changes nothing', { timeout: 60_000 }, async () => {
    const { alertmanager, requests, count } = await setUp()
    const alert = firing()
    await alertmanager.postAlerts([alert])
    await waitFor('the abort', () => requests().length === 1)
    await alertmanager.postAlerts([{ ...alert, endsAt: new Date().toISOString() }])
    const resolved = 'penstock_alerts_received_total{decision="ignored",reason="Resolved"}'
    await waitFor('the resolution', async () => (await count(resolved)) >= 1)
    assert.equal(requests().length, 1)
  })

  test('comes again after 503, until the abort is stored', { timeout: 60_000 }, async () => {
    let refusals = 0
    const findObstacle = () => {
      refusals += 1
      return refusals <= 2 ? 'not the leader' : undefined
    }
    const { alertmanager, requests, count } = await setUp({ findObstacle })
    await alertmanager.postAlerts([firing()])
    await waitFor('the abort', () => requests().length === 1)
    assert.equal(await count('penstock_alert_posts_total{code="503"}'), 2)
  })

  test('with a wrong token stores nothing', { timeout: 60_000 }, async () => {
    const { alertmanager, requests, count } = await setUp({ token: 'a-token-that-is-not-the-one' })
    await alertmanager.postAlerts([firing()])
    await waitFor('the refusal', async () => (await count('penstock_alert_posts_total{code="401"}')) >= 1)
    assert.deepEqual(requests(), [])
  })
})
