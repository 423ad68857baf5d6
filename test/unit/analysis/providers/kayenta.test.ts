/** What a `kayenta` measurement does when a pass is cut short or an answer is lost, and which times it compares. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kayenta } from '../../../../analysis/providers/kayenta.ts'
import { renderCanaryRequest } from '../../../../analysis/providers/kayenta-request.ts'
import type { LookOrder, LookOutcome, LookPorts } from '../../../../analysis/providers/long-provider.ts'
import type { Measurement } from '../../../../controller/api/analysis.ts'
import type { KayentaMetric } from '../../../../controller/api/metric-providers/kayenta.ts'
import { formatInstant } from '../../../../controller/api/scalars.ts'
import { kayentaRule } from '../../../../controller/metric-language/provider-rules/kayenta.ts'
import { type HttpRequest, TransportError } from '../../../../controller/runtime/http.ts'

const NOW = Date.UTC(2026, 0, 1, 12)
const side = (scope: string, more: object = {}) => ({ scope, region: 'eu', step: 60, ...more })
const config: KayentaMetric = {
  address: 'http://kayenta:8090',
  application: 'shop',
  canaryConfigName: 'latency',
  metricsAccountName: 'm',
  configurationAccountName: 'c',
  storageAccountName: 's',
  threshold: { pass: 90, marginal: 75 },
  scopes: [{ name: 'default', controlScope: side('stable'), experimentScope: side('canary') }],
}

const orderOf = (open: Measurement | undefined, now: number): LookOrder => ({
  config,
  metric: { name: 'm', interval: '10m', provider: { kayenta: config } },
  run: { name: 'r', namespace: 'shop', uid: 'u', labels: {}, annotations: {}, createdAt: NOW, startedAt: NOW },
  open,
  mode: 'strict',
  now,
  prometheusAddress: undefined,
  readableNamespaces: [],
})

/** A Kayenta that keeps what it has started; `lose` decides whose answers get lost on the way back. */
function fakeKayenta(lose: (started: number) => boolean) {
  const executions: object[] = []
  const answer = (body: unknown) => ({ status: 200, headers: {}, body: JSON.stringify(body) })
  const ports: LookPorts = {
    readSecret: () => Promise.resolve(undefined),
    readObject: () => Promise.resolve(undefined),
    listResources: () => Promise.resolve([]),
    async send({ method, url, body = '' }: HttpRequest) {
      const { pathname } = new URL(url)
      if (pathname === '/canaryConfig') return answer([{ id: 'cfg', name: 'latency' }])
      if (pathname === '/canary/executions') return answer([...executions].reverse())
      if (method === 'GET') return answer({ complete: false })
      executions.push({
        pipelineId: `e${executions.length + 1}`,
        canaryConfigId: 'cfg',
        canaryExecutionRequest: JSON.parse(body),
      })
      if (lose(executions.length)) throw new TransportError('timeout', 'no answer from kayenta:8090')
      return answer({ canaryExecutionId: `e${executions.length}` })
    },
  }
  return { ports, executions }
}

const look = (open: Measurement | undefined, now: number, ports: LookPorts): Promise<LookOutcome> =>
  kayenta.look(orderOf(open, now), ports, new AbortController().signal)

function openedBy(outcome: LookOutcome): Measurement {
  assert.equal(outcome.kind, 'running', JSON.stringify(outcome))
  return {
    phase: 'Running',
    startedAt: formatInstant(NOW),
    ...('metadata' in outcome ? { metadata: outcome.metadata } : {}),
  }
}

describe('kayenta, cut short', () => {
  test('a start whose pass was never written down is found again', async () => {
    const { ports, executions } = fakeKayenta(() => false)
    const intent = openedBy(await look(undefined, NOW, ports))
    await look(intent, NOW + 1000, ports)
    const again = await look(intent, NOW + 90_000, ports)
    assert.equal(executions.length, 1)
    assert.deepEqual('metadata' in again && again.metadata, { canaryConfigId: 'cfg', canaryExecutionId: 'e1' })
  })

  test('a start whose answer was lost is found again', async () => {
    const { ports, executions } = fakeKayenta(() => true)
    const intent = openedBy(await look(undefined, NOW, ports))
    const lost = openedBy(await look(intent, NOW + 1000, ports))
    assert.deepEqual(lost.metadata, { canaryConfigId: 'cfg', lostAnswers: '1' })
    const found = await look(lost, NOW + 16_000, ports)
    assert.equal(executions.length, 1)
    assert.deepEqual('metadata' in found && found.metadata, { canaryConfigId: 'cfg', canaryExecutionId: 'e1' })
  })

  test('an execution of another request is not taken for it', async () => {
    const { ports, executions } = fakeKayenta(() => false)
    const intent = openedBy(await look(undefined, NOW, ports))
    await look(intent, NOW, ports)
    await look({ ...intent, startedAt: formatInstant(NOW + 1000) }, NOW + 1000, ports)
    assert.equal(executions.length, 2)
  })

  test('a Kayenta that lists nothing is asked to start', async () => {
    const { ports, executions } = fakeKayenta(() => false)
    const deaf: LookPorts = {
      ...ports,
      send: (request) =>
        request.url.includes('/executions')
          ? Promise.reject(new TransportError('tooLarge', 'too much'))
          : ports.send(request),
    }
    const outcome = await look({ phase: 'Running', metadata: { canaryConfigId: 'cfg' } }, NOW, deaf)
    assert.equal(executions.length, 1)
    assert.equal(outcome.kind, 'running')
  })

  test('a cancelled look says nothing', async () => {
    const { ports } = fakeKayenta(() => false)
    const cancelled: LookPorts = { ...ports, send: () => Promise.reject(new TransportError('cancelled', 'ended')) }
    for (const metadata of [{}, { canaryConfigId: 'cfg' }, { canaryConfigId: 'cfg', canaryExecutionId: 'e1' }])
      await assert.rejects(look({ phase: 'Running', metadata }, NOW, cancelled), { kind: 'cancelled' })
  })
})

describe('what kayenta compares', () => {
  const times = { measurementStartedAt: NOW, runStartedAt: NOW - 3_600_000, interval: '10m' }
  const given = { start: '2026-01-01T08:00:00Z', end: '2026-01-01T09:00:00Z' }
  const at = (more: Partial<KayentaMetric>, how = times) => {
    const request = renderCanaryRequest({ ...config, ...more }, how)
    if ('problem' in request) return request.problem
    const { start, end } = request.scopes.default?.experimentScope ?? {}
    return `${start} ${end}`
  }
  const scoped = (control: object, experiment: object) => ({
    scopes: [{ name: 'default', controlScope: side('a', control), experimentScope: side('b', experiment) }],
  })

  const rows: readonly (readonly [string, string, string])[] = [
    ['the interval before', at({}), '2026-01-01T11:50:00Z 2026-01-01T12:00:00Z'],
    ['looking back, from the start of the run', at({ lookback: true }), '2026-01-01T11:00:00Z 2026-01-01T12:00:00Z'],
    ['given times', at(scoped(given, given)), '2026-01-01T08:00:00Z 2026-01-01T09:00:00Z'],
    [
      'a given start',
      at(scoped({ start: given.start }, { start: given.start })),
      '2026-01-01T08:00:00Z 2026-01-01T12:00:00Z',
    ],
    ['a given end', at(scoped({ end: given.end }, { end: given.end })), '2026-01-01T11:50:00Z 2026-01-01T09:00:00Z'],
    [
      'a start of one side',
      at(scoped({ start: given.start }, {})),
      'controlScope.start and experimentScope.start must both be set or be empty',
    ],
    [
      'an end of one side',
      at(scoped({}, { end: given.end })),
      'controlScope.end and experimentScope.end must both be set or be empty',
    ],
    ['no interval', at({}, { ...times, interval: '' }), 'the metric has no interval that says how far back to look'],
    [
      'no interval, looking back',
      at({ lookback: true }, { ...times, interval: '' }),
      '2026-01-01T11:00:00Z 2026-01-01T12:00:00Z',
    ],
  ]
  for (const [name, found, expected] of rows) test(name, () => assert.equal(found, expected))

  test('validation names a scope that mixes times, and one that is there twice', () => {
    const [first] = scoped({ start: given.start }, {}).scopes
    const problems = kayentaRule({ ...config, scopes: [first, ...config.scopes] }, 'kayenta')
    assert.deepEqual(
      problems.map(({ field }) => field),
      ['kayenta.scopes[0]', 'kayenta.scopes[1].name'],
    )
    assert.deepEqual(kayentaRule(config, 'kayenta'), [])
  })
})
