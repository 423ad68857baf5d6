/** The outbox with the real outbound transport against a local server that plays Slack's API. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readOutbox } from '../../../controller/api/notice.ts'
import { openChannels } from '../../../controller/notify/channels.ts'
import { createOutbox } from '../../../controller/notify/outbox.ts'
import { notifySettingsSchema } from '../../../controller/notify/settings.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { createHttpTransport } from '../../../controller/runtime/http-transport.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../../controller/runtime/outbound-policy.ts'
import { systemRandom } from '../../../controller/runtime/random.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { createRolloutStore } from '../../fakes/rollout-store.ts'
import { notices, rolloutWith } from '../../unit/notify/notices.ts'
import { waitFor } from '../webhooks/alertmanager-process.ts'

interface Received {
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function startSlack() {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += String(chunk)
    })
    request.on('end', () => {
      received.push({ path: request.url, headers: request.headers, body })
      if (received.length === 1) response.writeHead(429, { 'retry-after': '1' }).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"ts":"1.0"}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  return {
    received,
    url: `http://127.0.0.1:${address.port}/api`,
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

test('a message waits out Retry-After, arrives once and is marked', { timeout: 30_000 }, async () => {
  const slack = await startSlack()
  const directory = mkdtempSync(join(tmpdir(), 'penstock-slack-'))
  writeFileSync(join(directory, 'token'), 'xoxb-component-test\n')
  const redactor = createRedactor()
  const metrics = createMetricRegistry()
  const base = { clock: systemClock, random: systemRandom, redactor, metrics }
  const policy = createOutboundPolicy({ allow: ['127.0.0.1'] })
  const transport = createHttpTransport({ ...base, policy })
  const settings = notifySettingsSchema.parse({
    slackTokenFile: join(directory, 'token'),
    slackChannel: 'C1',
    slackApiUrl: slack.url,
  })
  const store = createRolloutStore()
  const now = new Date().toISOString()
  store.put(rolloutWith([{ ...notices.Aborted, at: now }]))
  const channels = openChannels(settings, redactor)
  const outbox = createOutbox({ ...base, ...store, channels, transport, log: silentLogger })
  try {
    outbox.start()
    const marked = () => readOutbox(store.live('shop', 'checkout')?.metadata.annotations)[0]?.deliveredAt !== undefined
    await waitFor('the mark', marked)
    assert.equal(slack.received.length, 2)
    const last = slack.received[1]
    assert.equal(last?.path, '/api/chat.postMessage')
    assert.equal(last?.headers.authorization, 'Bearer xoxb-component-test')
    const message = JSON.parse(last?.body ?? '') as { channel: string; text: string }
    assert.equal(message.channel, 'C1')
    assert.match(message.text, /aborted.*AlertFiring: Alert HighErrorRate is firing: 7\.2 %/)
  } finally {
    await outbox.stop()
    transport.close()
    await slack.stop()
    rmSync(directory, { recursive: true })
  }
})
