/** What every notification channel must keep, whatever its wire: runs over the registry, so a new channel is checked by being listed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Notice, noticeKinds } from '../../controller/api/notice.ts'
import type { Notifier } from '../../controller/notify/notifier.ts'
import { type NotifierId, notifiers } from '../../controller/notify/registry.ts'
import { compileTemplates } from '../../controller/notify/templates.ts'
import { httpResponse } from '../fakes/fake-transport.ts'

interface Sample {
  readonly config: unknown
  readonly secrets: Readonly<Record<string, string>>
}

/** One sample per way in which a channel can be configured. */
const samples: Readonly<Record<NotifierId, readonly Sample[]>> = {
  slack: [
    { config: { webhookUrlFile: '/secrets/url' }, secrets: { webhookUrl: 'https://hooks.example/T0/secret-value' } },
    { config: { tokenFile: '/secrets/token', channel: 'C1' }, secrets: { token: 'xoxb-secret-value' } },
  ],
}

function open(id: NotifierId, sample: Sample): Notifier {
  const compiled = compileTemplates({})
  assert.ok('templates' in compiled)
  return notifiers[id].create(sample.config, compiled.templates)
}

const notice = (more: Partial<Notice> = {}): Notice => ({
  id: '2/Aborted',
  kind: 'Aborted',
  at: '2026-01-01T00:00:00Z',
  revision: 2,
  podHash: 'canary1',
  reason: 'AlertFiring',
  message: 'seven of ten',
  ...more,
})
const event = (more: Partial<Notice> = {}) => ({ namespace: 'shop', name: 'checkout', notice: notice(more) })

for (const [key, module] of Object.entries(notifiers)) {
  const id = key as NotifierId
  describe(`notifier ${id}`, () => {
    test('is registered under its own id', () => assert.equal(module.id, id))
    test('refuses an empty and an unknown configuration', () => {
      const compiled = compileTemplates({})
      assert.ok('templates' in compiled)
      const { templates } = compiled
      for (const config of [{}, undefined, 'x', { ...(samples[id][0]?.config as object), surplus: 1 }]) {
        assert.equal(module.schema.safeParse(config).success, false)
        assert.throws(() => module.create(config, templates))
      }
    })
    samples[id].forEach((sample, index) => {
      const channel = open(id, sample)
      describe(`configured as sample ${index + 1}`, () => {
        test('names the secrets that it formats with', () => {
          assert.deepEqual(Object.keys(channel.secretFiles), Object.keys(sample.secrets))
        })
        test('formats every kind of notice into a bounded request that says who and what', () => {
          for (const kind of noticeKinds) {
            const request = channel.format(event({ kind }), sample.secrets)
            assert.equal(request.method, 'POST')
            assert.ok(request.timeoutMs > 0 && request.timeoutMs <= 10_000)
            assert.ok(request.maxBytes > 0 && request.maxBytes <= 1024 * 1024)
            assert.match(request.target, /^[a-z]+$/)
            assert.match(request.body ?? '', /shop.*checkout/)
          }
        })
        test('tells the reason and the numbers of an abort', () => {
          assert.match(channel.format(event(), sample.secrets).body ?? '', /AlertFiring.*seven of ten/)
        })
        test('formats the same notice the same way', () => {
          assert.deepEqual(channel.format(event(), sample.secrets), channel.format(event(), sample.secrets))
        })
        test('keeps its secrets out of the body', () => {
          const body = channel.format(event(), sample.secrets).body ?? ''
          for (const secret of Object.values(sample.secrets)) assert.ok(!body.includes(secret))
        })
        test('stays bounded for the largest notice', () => {
          const largest = channel.format(event({ message: '&'.repeat(1000), reason: 'R'.repeat(100) }), sample.secrets)
          assert.ok((largest.body ?? '').length < 16_384)
        })
        test('never takes a failure for a delivery, and never throws on an answer', () => {
          for (const status of [301, 400, 401, 403, 404, 410, 429, 500, 503]) {
            for (const body of ['', 'x', '{', '{}', '[]', 'null']) {
              assert.notEqual(channel.parse(httpResponse(status, body)).outcome, 'delivered', `${status} ${body}`)
            }
          }
        })
        test('comes again after 429 and 5xx, when told to', () => {
          for (const status of [429, 500, 503]) {
            const delivery = channel.parse(httpResponse(status, '', { 'retry-after': '7' }))
            assert.deepEqual(delivery.outcome === 'retry' && delivery.afterMs, 7000)
          }
        })
      })
    })
  })
}
