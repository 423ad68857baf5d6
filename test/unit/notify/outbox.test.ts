import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { addToOutbox, type Notice, OUTBOX, readOutbox } from '../../../controller/api/notice.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { openChannels } from '../../../controller/notify/channels.ts'
import { createOutbox, type Outbox } from '../../../controller/notify/outbox.ts'
import { hasChannels, notifySettingsSchema } from '../../../controller/notify/settings.ts'
import { TransportError } from '../../../controller/runtime/http.ts'
import { createLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { constantRandom } from '../../fakes/fake-random.ts'
import { createFakeTransport, httpResponse } from '../../fakes/fake-transport.ts'
import { createRolloutStore, type RolloutStore } from '../../fakes/rollout-store.ts'
import { notices, rolloutWith } from './notices.ts'

const HOOK = 'https://hooks.slack.example/services/T0/B0/very-secret'
let directory = ''
let started: Outbox[] = []

/** A folder of secrets for each test; inside `describe`, because hooks at the root would run for every suite of the process. */
function useFolder(): void {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'penstock-notify-'))
    writeFileSync(join(directory, 'url'), `${HOOK}\n`)
  })
  afterEach(async () => {
    await Promise.all(started.map((outbox) => outbox.stop()))
    started = []
    rmSync(directory, { recursive: true })
  })
}

function setUp(store: RolloutStore = createRolloutStore()) {
  const clock = createFakeClock(Date.parse('2026-01-01T00:00:10Z'))
  const transport = createFakeTransport()
  const redactor = createRedactor()
  const metrics = createMetricRegistry()
  const lines: string[] = []
  const log = createLogger({ level: 'debug', format: 'json', redactor, write: (line) => void lines.push(line) })
  const settings = notifySettingsSchema.parse({ slackWebhookUrlFile: join(directory, 'url') })
  const channels = openChannels(settings, redactor)
  const deps = { ...store, clock, transport, redactor, metrics, log, channels, random: constantRandom(1) }
  const open = (): Outbox => {
    const outbox = createOutbox(deps)
    started.push(outbox)
    outbox.start()
    return outbox
  }
  const texts = () => transport.requests.map(({ body }) => String(JSON.parse(body ?? '').text))
  const kinds = () => texts().map((text) => /update started|passed|paused|aborted|promoted/.exec(text)?.[0])
  const outboxOf = (name = 'checkout') => readOutbox(store.live('shop', name)?.metadata.annotations)
  return { store, clock, transport, metrics, lines, deps, open, texts, kinds, outboxOf }
}

const addNotice = (store: RolloutStore, notice: Notice): void => {
  const rollout = store.live('shop', 'checkout')
  assert.ok(rollout)
  const outbox = addToOutbox(readOutbox(rollout.metadata.annotations), [notice])
  store.put({ ...rollout, metadata: { ...rollout.metadata, annotations: { [OUTBOX]: JSON.stringify(outbox) } } })
}

describe('the outbox', () => {
  useFolder()

  test('delivers in order and marks each notice on the Rollout', async () => {
    const { store, clock, open, kinds, outboxOf, metrics } = setUp()
    store.put(rolloutWith([notices.UpdateStarted, notices.StagePassed]))
    open()
    await clock.settle()
    addNotice(store, notices.Aborted)
    await clock.settle()
    assert.deepEqual(kinds(), ['update started', 'passed', 'aborted'])
    assert.ok(outboxOf().every((notice) => notice.deliveredAt === '2026-01-01T00:00:10Z'))
    const text = await metrics.metrics()
    assert.match(
      text,
      /notification_send_success\{namespace="shop",name="checkout",type="Warning",reason="RolloutAborted"\} 1/,
    )
    assert.match(text, /notification_send_count\{namespace="shop",name="checkout"\} 3/)
  })

  test('sends nothing twice: not while running, not after a restart, not by the next leader', async () => {
    const { store, clock, open, kinds } = setUp()
    store.put(rolloutWith([notices.UpdateStarted]))
    const first = open()
    await clock.settle()
    await first.stop()
    open()
    await clock.advance(600_000)
    assert.deepEqual(kinds(), ['update started'])
    assert.equal(store.patches.length, 1)
  })

  test('a leader that was paused between its look and its message leaves the message to its successor', async () => {
    const { store, clock, deps, texts } = setUp()
    let isLeader = true
    const paused = createOutbox({
      ...deps,
      mayDeliver: () => isLeader,
      client: {
        ...store.client,
        async get(ref) {
          const live = await store.client.get(ref)
          isLeader = false
          return live as never
        },
      },
    })
    started.push(paused)
    store.put(rolloutWith([notices.Aborted]))
    paused.start()
    await clock.advance(600_000)
    assert.deepEqual(texts(), [])
    const successor = setUp(store)
    successor.open()
    await successor.clock.settle()
    assert.equal(successor.texts().length, 1)
  })

  test('a cache that is behind tells nothing twice', async () => {
    const { store, clock, open, kinds } = setUp()
    store.put(rolloutWith([notices.UpdateStarted, notices.StagePassed]))
    store.freezeCache()
    const outbox = open()
    await clock.settle()
    await outbox.stop()
    open()
    await clock.settle()
    const successor = setUp(store)
    successor.open()
    await successor.clock.settle()
    assert.deepEqual([kinds(), successor.kinds()], [['update started', 'passed'], []])
    store.thawCache()
    await clock.advance(60_000)
    assert.equal(kinds().length, 2)
  })

  test('a live read that is older than the cache costs no message', async () => {
    const store = createRolloutStore()
    store.put(rolloutWith([]))
    const old = store.live('shop', 'checkout')
    let staleReads = 1
    const get: RolloutStore['client']['get'] = async (ref) => {
      staleReads -= 1
      return staleReads < 0 ? store.client.get(ref) : (old as never)
    }
    const { clock, open, kinds } = setUp({ ...store, client: { ...store.client, get } })
    addNotice(store, notices.Aborted)
    open()
    await clock.settle()
    await clock.advance(5_000)
    assert.deepEqual(kinds(), ['aborted'])
  })

  test('a mark that meets a conflict keeps what the other writer wrote', async () => {
    const { store, clock, open, outboxOf, kinds } = setUp()
    store.put(rolloutWith([notices.UpdateStarted]))
    let conflicts = 0
    store.beforePatch = () => {
      conflicts += 1
      if (conflicts === 1) addNotice(store, notices.StagePassed)
    }
    open()
    await clock.settle()
    assert.deepEqual(kinds(), ['update started', 'passed'])
    assert.deepEqual(
      outboxOf().map(({ id, deliveredAt }) => [id, deliveredAt !== undefined]),
      [
        ['2/UpdateStarted', true],
        ['2/StagePassed/1', true],
      ],
    )
  })

  test('a mark that fails is repeated, the message is not', async () => {
    const { store, clock, open, kinds, outboxOf } = setUp()
    store.put(rolloutWith([notices.Promoted]))
    store.beforePatch = () => {
      throw new KubeError({ code: 500 }, 'PATCH')
    }
    open()
    await clock.advance(30_000)
    assert.deepEqual(kinds(), ['promoted'])
    store.beforePatch = undefined
    await clock.advance(120_000)
    assert.deepEqual(kinds(), ['promoted'])
    assert.ok(outboxOf()[0]?.deliveredAt)
  })

  test('a dead Slack is tried with growing pauses and then given up', async () => {
    const { store, clock, open, transport, outboxOf, metrics, lines } = setUp()
    transport.answer = () => {
      throw new TransportError('refused', `${HOOK}: nobody listens`)
    }
    store.put(rolloutWith([notices.Aborted]))
    open()
    await clock.advance(3_500_000)
    assert.equal(outboxOf()[0]?.deliveredAt, undefined)
    assert.ok(transport.requests.length > 50 && transport.requests.length < 80, `${transport.requests.length} attempts`)
    await clock.advance(200_000)
    assert.equal(outboxOf()[0]?.deadLettered, true)
    const attempts = transport.requests.length
    await clock.advance(3_600_000)
    assert.equal(transport.requests.length, attempts)
    assert.match(await metrics.metrics(), /penstock_notifications_dead_lettered_total\{channel="slack"\} 1/)
    assert.ok(!lines.join('').includes('very-secret'))
  })

  test('a notice that grew old while nobody led is tried once before it is given up', async () => {
    const { store, clock, open, kinds, outboxOf } = setUp()
    store.put(rolloutWith([{ ...notices.Promoted, at: '2025-12-31T00:00:00Z' }]))
    open()
    await clock.settle()
    assert.deepEqual(kinds(), ['promoted'])
    assert.equal(outboxOf()[0]?.deadLettered, undefined)
  })

  test('a message that Slack will never take does not hold up the next', async () => {
    const { store, clock, open, transport, outboxOf } = setUp()
    transport.answer = (_request, index) =>
      index === 0 ? httpResponse(400, 'invalid_payload') : httpResponse(200, 'ok')
    store.put(rolloutWith([notices.UpdateStarted, notices.Promoted]))
    open()
    await clock.settle()
    assert.deepEqual(
      outboxOf().map(({ deadLettered }) => deadLettered),
      [true, undefined],
    )
  })

  test('Retry-After holds back the whole channel, for every rollout', async () => {
    const { store, clock, open, transport, kinds } = setUp()
    transport.answer = (_request, index) =>
      index === 0 ? httpResponse(429, '', { 'retry-after': '30' }) : httpResponse(200, 'ok')
    store.put(rolloutWith([notices.Promoted]))
    open()
    await clock.settle()
    store.put(rolloutWith([notices.Promoted], 'cart'))
    await clock.advance(29_000)
    assert.equal(transport.requests.length, 1)
    await clock.advance(2000)
    assert.equal(kinds().length, 3)
  })

  test('a message under way is marked before stop resolves, and none is begun', async () => {
    const { store, clock, open, transport, outboxOf, kinds } = setUp()
    let release = (): void => {}
    transport.answer = () =>
      new Promise((resolve) => {
        release = () => resolve(httpResponse(200, 'ok'))
      })
    store.put(rolloutWith([notices.UpdateStarted, notices.Promoted]))
    const outbox = open()
    await clock.settle()
    const stopped = outbox.stop()
    release()
    await stopped
    assert.deepEqual(kinds(), ['update started'])
    assert.deepEqual(
      outboxOf().map(({ deliveredAt }) => deliveredAt !== undefined),
      [true, false],
    )
  })

  test('a rollout that is deleted or replaced meanwhile is forgotten', async () => {
    const { store, clock, open, transport, kinds } = setUp()
    transport.answer = () => httpResponse(503)
    store.put(rolloutWith([notices.Promoted]))
    open()
    await clock.settle()
    store.remove('shop', 'checkout')
    transport.answer = () => httpResponse(200, 'ok')
    await clock.advance(600_000)
    assert.equal(kinds().length, 1)
  })

  test('a successor of the same name is told what its predecessor was told', async () => {
    const { store, clock, open, kinds } = setUp()
    const first = rolloutWith([notices.Promoted])
    store.put(first)
    store.freezeCache()
    open()
    await clock.settle()
    store.remove('shop', 'checkout')
    store.put({ ...first, metadata: { ...first.metadata, uid: 'another' } })
    store.thawCache()
    await clock.advance(60_000)
    assert.equal(kinds().length, 2)
  })

  test('without a channel nothing happens at all', async () => {
    const settings = notifySettingsSchema.parse({})
    assert.equal(hasChannels(settings), false)
    const { store, clock, deps } = setUp()
    store.put(rolloutWith([notices.Promoted]))
    const outbox = createOutbox({ ...deps, channels: openChannels(settings, deps.redactor) })
    outbox.start()
    await clock.settle()
    assert.deepEqual(store.patches, [])
    await outbox.stop()
  })
})

describe('the start of notifications', () => {
  useFolder()

  test('a wrong secret or template file stops it with one sentence', () => {
    const open = (settings: object) => openChannels(notifySettingsSchema.parse(settings), createRedactor())
    assert.throws(() => open({ slackWebhookUrlFile: join(directory, 'none') }), /ENOENT/)
    writeFileSync(join(directory, 'url'), 'no url')
    assert.throws(() => open({ slackWebhookUrlFile: join(directory, 'url') }), /holds no http\(s\) URL/)
    writeFileSync(join(directory, 'templates'), 'Promoted: "{{x}}"')
    assert.throws(() => open({ notifyTemplates: join(directory, 'templates') }), /Promoted: \{\{x\}\} is not a field/)
  })
  test('contradicting flags are named', () => {
    const fields = (settings: object) =>
      notifySettingsSchema.safeParse(settings).error?.issues.map(({ path }) => path[0])
    assert.deepEqual(fields({ slackWebhookUrlFile: 'a', slackTokenFile: 'b', slackChannel: 'c' }), ['slackTokenFile'])
    assert.deepEqual(fields({ slackTokenFile: 'b' }), ['slackChannel'])
    assert.deepEqual(fields({ slackApiUrl: 'file:///etc' }), ['slackApiUrl'])
  })
})
