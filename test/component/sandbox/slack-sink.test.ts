import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import { type SlackSink, startSlackSink } from '../../../sandbox/slack-sink/slack-sink.ts'

describe('Slack sink', () => {
  let sink: SlackSink
  beforeEach(async () => {
    sink = await startSlackSink({ clock })
  })
  afterEach(() => sink.stop())

  const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const call = async (body: unknown, token = 'Bearer xoxb-1') =>
    (await post(`${sink.apiUrl}/chat.postMessage`, body, { authorization: token })).json()

  test('keeps messages of the Web API and of the incoming webhook', async () => {
    assert.equal(((await call({ channel: '#a', text: 'one' })) as { ok: boolean }).ok, true)
    assert.equal((await post(sink.webhookUrl, { text: 'two' })).status, 200)
    assert.deepEqual(
      sink.messages().map(({ channel, text }) => [channel, text]),
      [
        ['#a', 'one'],
        ['(webhook)', 'two'],
      ],
    )
  })

  test('refuses what Slack refuses', async () => {
    assert.deepEqual(await call({ channel: '#a', text: 'x' }, ''), { ok: false, error: 'not_authed' })
    assert.deepEqual(await call({ text: 'x' }), { ok: false, error: 'channel_not_found' })
    assert.deepEqual(await call({ channel: '#a' }), { ok: false, error: 'no_text' })
    assert.equal((await post(sink.webhookUrl, 'no json')).status, 400)
    assert.deepEqual(sink.messages(), [])
  })

  test('fails and is slow on request, and slow answers do not outlive it', async () => {
    sink.setMood({ kind: 'failing', code: 500 })
    assert.equal((await post(sink.webhookUrl, { text: 'lost' })).status, 500)
    sink.setMood({ kind: 'slow', delayMs: 60_000 })
    const slow = post(sink.webhookUrl, { text: 'late' }).then(
      () => 'answered',
      () => 'cut',
    )
    const begun = await Promise.race([slow, clock.sleep(50).then(() => 'waiting')])
    assert.equal(begun, 'waiting')
    await sink.stop()
    await slow
  })
})
