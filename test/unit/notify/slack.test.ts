import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Notice } from '../../../controller/api/notice.ts'
import { escapeSlack, slack } from '../../../controller/notify/slack.ts'
import { compileTemplates } from '../../../controller/notify/templates.ts'
import { httpResponse } from '../../fakes/fake-transport.ts'
import { notices } from './notices.ts'

function defaultTemplates() {
  const compiled = compileTemplates({})
  assert.ok('templates' in compiled)
  return compiled.templates
}
const templates = defaultTemplates()
const event = (notice: Notice) => ({ namespace: 'shop', name: 'checkout', notice })
const webhook = slack.create({ webhookUrlFile: '/secrets/url' }, templates)
const bot = slack.create({ tokenFile: '/secrets/token', channel: 'C1' }, templates)
const hook = { webhookUrl: 'https://hooks.slack.com/services/T/B/x' }

describe('what is sent to Slack', () => {
  test('an incoming webhook gets the text alone', () => {
    const request = webhook.format(event(notices.Promoted), hook)
    assert.equal(request.url, hook.webhookUrl)
    assert.equal(request.target, 'slack')
    assert.deepEqual(JSON.parse(request.body ?? ''), {
      text: ':tada: *shop/checkout* revision 2: promoted, it is the stable version now.',
      mrkdwn: true,
      parse: 'none',
      link_names: false,
      unfurl_links: false,
      unfurl_media: false,
    })
  })
  test('a bot posts to its channel with its token in the header alone', () => {
    const request = bot.format(event(notices.Promoted), { token: 'xoxb-secret' })
    assert.equal(request.url, 'https://slack.com/api/chat.postMessage')
    assert.equal(request.headers?.authorization, 'Bearer xoxb-secret')
    assert.equal(JSON.parse(request.body ?? '').channel, 'C1')
    assert.ok(!`${request.body}${request.url}`.includes('xoxb'))
  })
  test('a sandbox may stand in for Slack', () => {
    const local = slack.create({ tokenFile: '/t', channel: 'C1', apiUrl: 'http://127.0.0.1:9/api/' }, templates)
    assert.equal(
      local.format(event(notices.Promoted), { token: 'xoxb-secret' }).url,
      'http://127.0.0.1:9/api/chat.postMessage',
    )
  })
  test('a secret that is none is refused without being repeated', () => {
    assert.throws(() => webhook.format(event(notices.Promoted), { webhookUrl: 'my secret' }), /holds no http\(s\) URL$/)
    assert.throws(() => bot.format(event(notices.Promoted), { token: 'two words\nmore' }), /holds no token$/)
  })
  test('the text is bounded and never ends within an entity', () => {
    const long = slack.create(
      { webhookUrlFile: '/u' },
      { render: (_event, escapeValue) => escapeValue('&'.repeat(2000)) },
    )
    const { text } = JSON.parse(long.format(event(notices.Aborted), hook).body ?? '')
    assert.ok(text.length <= 3000)
    assert.match(text, /&amp;…$/)
  })
})

describe('escaping', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a < b && c > d', 'a &lt; b &amp;&amp; c &gt; d'],
    ['<!channel>', '&lt;!channel&gt;'],
    ['<https://evil.example|click>', '&lt;https:\u200b//evil.example|click&gt;'],
    ['@here @channel @everyone @you', '@\u200bhere @\u200bchannel @\u200beveryone @you'],
    ['line\nbreak\u0000', 'line break '],
    ['`code`', "'code'"],
  ]
  for (const [value, escaped] of cases) test(JSON.stringify(value), () => assert.equal(escapeSlack(value), escaped))
})

describe('what Slack answers', () => {
  const table: readonly (readonly [string, ReturnType<typeof httpResponse>, object, object])[] = [
    ['taken', httpResponse(200, 'ok'), { outcome: 'delivered' }, {}],
    ['taken by the API', httpResponse(200, '{"ok":true,"ts":"1.2"}'), {}, { outcome: 'delivered' }],
    [
      'too fast',
      httpResponse(429, '', { 'retry-after': '30' }),
      { outcome: 'retry', why: 'HTTP 429', afterMs: 30_000 },
      { outcome: 'retry', why: 'HTTP 429', afterMs: 30_000 },
    ],
    ['down', httpResponse(503), { outcome: 'retry', why: 'HTTP 503' }, { outcome: 'retry', why: 'HTTP 503' }],
    ['a bad message', httpResponse(400, 'invalid_payload'), { outcome: 'rejected', why: 'invalid_payload' }, {}],
    [
      'a bad message to the API',
      httpResponse(200, '{"ok":false,"error":"msg_too_long"}'),
      {},
      { outcome: 'rejected', why: 'msg_too_long' },
    ],
    [
      'a deleted webhook',
      httpResponse(404, 'no_service'),
      { outcome: 'retry', why: 'no_service', afterMs: 60_000 },
      {},
    ],
    [
      'a revoked token',
      httpResponse(200, '{"ok":false,"error":"invalid_auth"}'),
      {},
      { outcome: 'retry', why: 'invalid_auth', afterMs: 60_000 },
    ],
    [
      'rate limit in the body',
      httpResponse(200, '{"ok":false,"error":"ratelimited"}'),
      {},
      { outcome: 'retry', why: 'ratelimited' },
    ],
    [
      'a proxy instead of the API',
      httpResponse(200, '<html>'),
      {},
      { outcome: 'retry', why: 'HTTP 200 without JSON', afterMs: 60_000 },
    ],
    [
      'a proxy instead of the webhook',
      httpResponse(403, '<html> secret'),
      { outcome: 'retry', why: 'unknown answer', afterMs: 60_000 },
      {},
    ],
    [
      'JSON of somebody else',
      httpResponse(200, '[]'),
      {},
      { outcome: 'retry', why: 'unknown answer', afterMs: 60_000 },
    ],
  ]
  for (const [what, response, byWebhook, byBot] of table) {
    test(what, () => {
      if ('outcome' in byWebhook) assert.deepEqual(webhook.parse(response), byWebhook)
      if ('outcome' in byBot) assert.deepEqual(bot.parse(response), byBot)
    })
  }
})
