import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { readAbortRequests } from '../../../controller/api/abort-request.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { createLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { defaultAlertMapping } from '../../../webhooks/mapping.ts'
import { createWebhookServer, type WebhookServer, type WebhookServerDeps } from '../../../webhooks/server.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { createRolloutStore } from '../../fakes/rollout-store.ts'
import { bothReplicaSets, T0, updatingRollout, wireAlert, wirePayload } from './alert-objects.ts'

const TOKEN = 'correct-horse-battery-staple'
const NEXT_TOKEN = 'the-token-after-the-rotation'

let directory = ''
let tokenFile = ''
const servers: WebhookServer[] = []

/** A token file for each test; inside `describe`, because hooks at the root would run for every suite of the process. */
function useTokenFile(): void {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'penstock-webhooks-'))
    tokenFile = join(directory, 'token')
    writeFileSync(tokenFile, `${TOKEN}\n`)
  })
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
    rmSync(directory, { recursive: true })
  })
}

async function setUp(more: Partial<WebhookServerDeps> = {}) {
  const store = createRolloutStore()
  store.put(updatingRollout(), bothReplicaSets)
  const clock = createFakeClock(T0 + 90_000)
  const redactor = createRedactor()
  const lines: string[] = []
  const log = createLogger({ level: 'debug', format: 'json', redactor, write: (line) => void lines.push(line) })
  const metrics = createMetricRegistry()
  const server = createWebhookServer({
    settings: { webhookPort: 0, webhookTokenFiles: [tokenFile], webhookInsecure: false },
    mapping: defaultAlertMapping,
    client: store.client,
    cache: store,
    findObstacle: () => undefined,
    clock,
    log,
    metrics,
    redactor,
    host: '127.0.0.1',
    ...more,
  })
  servers.push(server)
  await server.start()
  const post = (body: unknown, headers: Record<string, string> = {}, path = '/webhooks/alertmanager') =>
    fetch(`${server.url()}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${TOKEN}`,

        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const requests = () => readAbortRequests(store.live('shop', 'checkout')?.metadata.annotations)
  return { store, clock, lines, metrics, server, post, requests }
}

const one = wirePayload([wireAlert()])

describe('the alert receiver', () => {
  useTokenFile()

  test('answers 200 with a decision per alert once the abort is stored', async () => {
    const { post, requests, metrics } = await setUp()
    const response = await post(
      wirePayload([wireAlert(), wireAlert({ fingerprint: 'b', labels: { rollout: 'other' } })]),
    )
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), {
      alerts: [
        {
          fingerprint: 'f00dcafe00000001',
          alertname: 'HighErrorRate',
          decision: 'abort',
          reason: 'AlertFiring',
          rollout: 'shop/checkout',
        },
        {
          fingerprint: 'b',
          alertname: 'HighErrorRate',
          decision: 'ignored',
          reason: 'UnknownRollout',
          rollout: 'shop/other',
        },
      ],
    })
    assert.equal(requests().length, 1)
    const text = await metrics.metrics()
    assert.match(text, /penstock_alerts_received_total\{decision="abort",reason="AlertFiring"\} 1/)
    assert.match(text, /penstock_alerts_received_total\{decision="ignored",reason="UnknownRollout"\} 1/)
    assert.match(text, /penstock_alert_to_abort_stored_seconds_count 1/)
  })

  test('refuses a missing and a wrong token and never prints one', async () => {
    const { post, requests, lines } = await setUp()
    for (const authorization of [
      '',
      'Bearer ',
      `Bearer ${TOKEN}x`,
      `Basic ${TOKEN}`,
      'Bearer wrong-token-of-some-length',
    ]) {
      assert.equal((await post(one, { authorization })).status, 401, authorization)
    }
    assert.deepEqual(requests(), [])
    assert.ok(!lines.join('').includes(TOKEN))
  })

  test('takes both tokens during a rotation and forgets the old one afterwards', async () => {
    const { post, clock } = await setUp()
    const status = async (token: string) => (await post(one, { authorization: `Bearer ${token}` })).status
    assert.equal(await status(NEXT_TOKEN), 401)
    writeFileSync(tokenFile, `${TOKEN}\n${NEXT_TOKEN}\n`)
    await clock.advance(1500)
    assert.deepEqual([await status(TOKEN), await status(NEXT_TOKEN)], [200, 200])
    writeFileSync(tokenFile, `${NEXT_TOKEN}\n`)
    await clock.advance(1500)
    assert.deepEqual([await status(TOKEN), await status(NEXT_TOKEN)], [401, 200])
    rmSync(tokenFile)
    await clock.advance(1500)
    assert.equal(await status(NEXT_TOKEN), 200)
    writeFileSync(tokenFile, '')
  })

  test('answers 503 while not ready, whatever the body', async () => {
    const { post, requests } = await setUp({ findObstacle: () => 'caches are not synced' })
    const response = await post('{')
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('connection'), 'close', 'the next attempt may reach another replica')
    assert.deepEqual(await response.json(), { error: 'Not ready: caches are not synced' })
    assert.deepEqual(requests(), [])
  })

  test('answers 503 when the API server refuses, and stores the rest', async () => {
    const { post, store, requests, metrics } = await setUp()
    store.put(updatingRollout({ name: 'cart' }), bothReplicaSets)
    let calls = 0
    store.beforePatch = () => {
      calls += 1
      if (calls === 1) throw new KubeError({ code: 500 }, 'PATCH')
    }
    const both = wirePayload([wireAlert({ labels: { rollout: 'cart' } }), wireAlert()])
    assert.equal((await post(both)).status, 503)
    assert.equal(requests().length, 1)
    assert.equal((await post(both)).status, 200)
    assert.equal(readAbortRequests(store.live('shop', 'cart')?.metadata.annotations).length, 1)
    assert.match(await metrics.metrics(), /penstock_alerts_received_total\{decision="failed",reason="StoreFailed"\} 1/)
  })

  test('answers 503 in time when the API server hangs', async () => {
    const { post, store, clock } = await setUp()
    let reached = (): void => {}
    const atPatch = new Promise<void>((resolve) => {
      reached = resolve
    })
    store.beforePatch = () => {
      reached()
      return new Promise(() => {})
    }
    const response = post(one)
    await atPatch
    await clock.advance(1800)
    assert.equal((await response).status, 503)
  })

  test('refuses for good, with the reason, what can never be right', async () => {
    const { post, server } = await setUp()
    const bad = await post(wirePayload([{ ...wireAlert(), startsAt: 'x' }]))
    assert.equal(bad.status, 400)
    assert.match(((await bad.json()) as { error: string }).error, /^alerts\[0\]\.startsAt: /)
    assert.equal((await post(one, { 'content-type': 'text/plain' })).status, 415)
    assert.equal((await post(`"${'x'.repeat(1024 * 1024)}"`)).status, 413)
    assert.equal((await post(one, {}, '/elsewhere')).status, 404)
    assert.equal((await fetch(`${server.url()}/webhooks/alertmanager`)).status, 405)
  })

  test('a runaway source gets 503, never a final code, and is let in again', async () => {
    const { post, clock } = await setUp()
    const codes = new Set<number>()
    for (let i = 0; i < 501; i += 1) {
      const response = await post('{')
      await response.arrayBuffer()
      codes.add(response.status)
    }
    assert.deepEqual([...codes], [400, 503])
    await clock.advance(1000)
    assert.equal((await post(one)).status, 200)
  })

  test('the heartbeat sets its gauge and names no rollout', async () => {
    const { post, metrics, requests } = await setUp()
    assert.equal((await post(wirePayload([wireAlert({ labels: { alertname: 'PenstockHeartbeat' } })]))).status, 200)
    assert.match(await metrics.metrics(), /penstock_alert_heartbeat_timestamp_seconds 17672256\d\d/)
    assert.deepEqual(requests(), [])
  })

  test('what Alertmanager left out is counted and logged', async () => {
    const { post, metrics, lines } = await setUp()
    await post(wirePayload([wireAlert()], { truncatedAlerts: 3 }))
    assert.match(await metrics.metrics(), /penstock_alerts_truncated_total 3/)
    assert.ok(lines.some((line) => line.includes('TruncatedAlerts')))
  })

  test('one alert for many rollouts aborts up to the limit and pauses the rest', async () => {
    const { post, store } = await setUp()
    const names = Array.from({ length: 25 }, (_, i) => `app-${i}`)
    for (const name of names) store.put(updatingRollout({ name }), bothReplicaSets)
    assert.equal((await post(wirePayload(names.map((rollout) => wireAlert({ labels: { rollout } }))))).status, 200)
    const actions = names.map((name) => readAbortRequests(store.live('shop', name)?.metadata.annotations)[0]?.action)
    assert.equal(actions.filter((action) => action === 'abort').length, 20)
    assert.equal(actions.filter((action) => action === 'pause').length, 5)
  })
})

describe('the start of the receiver', () => {
  useTokenFile()

  const settings = { webhookPort: 0, webhookTokenFiles: [] as string[], webhookInsecure: false }
  test('is refused without a token, unless told otherwise', async () => {
    await assert.rejects(setUp({ settings }), /--webhook-token-file, or --webhook-insecure/)
    const { post } = await setUp({ settings: { ...settings, webhookInsecure: true } })
    assert.equal((await post(one, { authorization: '' })).status, 200)
  })
  test('is refused with contradicting flags and with half of a TLS pair', async () => {
    await assert.rejects(
      setUp({ settings: { ...settings, webhookInsecure: true, webhookTokenFiles: [tokenFile] } }),
      /--webhook-insecure contradicts --webhook-token-file/,
    )
    const insecure = { ...settings, webhookInsecure: true, webhookTlsCert: tokenFile }
    await assert.rejects(setUp({ settings: insecure }), /needs both --webhook-tls-cert and --webhook-tls-key/)
    await assert.rejects(
      setUp({ settings: { ...insecure, webhookTlsKey: tokenFile } }),
      /--webhook-tls-key: not usable/,
    )
  })
  test('is refused with an empty, a short or no token in the file', async () => {
    writeFileSync(tokenFile, ' \n')
    await assert.rejects(setUp(), /holds no token/)
    writeFileSync(tokenFile, 'short')
    await assert.rejects(setUp(), /shorter than 16 characters/)
    await assert.rejects(setUp({ settings: { ...settings, webhookTokenFiles: [join(directory, 'none')] } }), /ENOENT/)
  })
})
