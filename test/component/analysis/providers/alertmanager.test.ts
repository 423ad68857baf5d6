/**
 * `penstock/alertmanager` against a server that takes the documented requests of API v2 only, and against the real Alertmanager, which is asked the same
 * questions.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AlertmanagerProcess, startAlertmanager } from '../../webhooks/alertmanager-process.ts'
import { type Handler, type Lab, openLab, type Reply } from './lab.ts'

/** Made when it is asked for: how long it has been up is told by the clock. */
const status = (cluster: string, upSeconds: number) => (): Reply => ({
  body: JSON.stringify({
    cluster: { status: cluster, name: 'x', peers: [] },
    versionInfo: { version: '0.27.0' },
    config: { original: 'secret config' },
    uptime: new Date(Date.now() - upSeconds * 1000).toISOString(),
  }),
})
const alert = (alertname: string, startsAt: string, more: object = {}) => ({
  annotations: {},
  endsAt: '2026-01-01T01:00:00.000Z',
  fingerprint: alertname,
  receivers: [{ name: 'x' }],
  startsAt,
  status: { inhibitedBy: [], silencedBy: [], state: 'active' },
  updatedAt: startsAt,
  labels: { alertname, severity: 'page', ...more },
})

interface Server {
  readonly alerts?: unknown
  readonly alertsStatus?: number
  readonly state?: () => Reply
  readonly silenced?: string
  readonly prefix?: string
}
const api =
  ({
    alerts = [],
    alertsStatus = 200,
    state = status('ready', 3600),
    silenced = 'false',
    prefix = '',
  }: Server): Handler =>
  (request) => {
    assert.equal(request.method, 'GET')
    assert.equal(request.headers.accept, 'application/json')
    assert.equal(request.headers.authorization, 'Basic YWxleDpzZXNhbWU=')
    if (request.path === `${prefix}/api/v2/status`) {
      assert.deepEqual(request.query, {})
      return state()
    }
    assert.equal(request.path, `${prefix}/api/v2/alerts`)
    const { filter: _last, ...flags } = request.query
    assert.deepEqual(flags, { active: 'true', silenced, inhibited: 'false', unprocessed: 'true' })
    assert.deepEqual(request.search.getAll('filter'), ['severity="page"', 'team=~"shop|pay"'])
    return { status: alertsStatus, body: typeof alerts === 'string' ? alerts : JSON.stringify(alerts) }
  }

const firing = [alert('Slow', '2026-01-01T00:05:00.123Z'), alert('Down', '2026-01-01T00:01:00Z')]

describe('penstock/alertmanager', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab()
  })
  after(() => lab.close())

  const metric = (more: object = {}, conditions: object = {}, prefix = '') => ({
    provider: {
      plugin: {
        'penstock/alertmanager': {
          address: `${lab.address}${prefix}`,
          matchers: ['severity = page', 'team=~"shop|pay"'],
          authentication: { basicAuth: { username: 'alex', password: 'sesame' } },
          ...more,
        },
      },
    },
    ...conditions,
  })

  const rows: readonly (readonly [string, Server, object, string, string | RegExp])[] = [
    ['none fires', {}, {}, 'Successful', 'no matching alert is firing'],
    ['one fires', { alerts: firing.slice(1) }, {}, 'Failed', 'an alert is firing: Down since 2026-01-01T00:01:00Z'],
    [
      'two fire',
      { alerts: firing },
      {},
      'Failed',
      '2 alerts are firing: Down since 2026-01-01T00:01:00Z, Slow since 2026-01-01T00:05:00Z',
    ],
    ['one fires just after a restart', { alerts: firing.slice(1), state: status('settling', 1) }, {}, 'Failed', /Down/],
    [
      'none fires just after a restart',
      { state: status('ready', 30) },
      {},
      'Inconclusive',
      /^NoData: .*has been up for (?:29|3\d) s only/,
    ],
    ['none fires, no cluster', { state: status('disabled', 200) }, {}, 'Successful', /no matching/],
    [
      'none fires, up for as long as asked',
      { state: status('ready', 30) },
      { warmup: '20s' },
      'Successful',
      /no matching/,
    ],
    [
      'none fires, settling',
      { state: status('settling', 3600) },
      {},
      'Inconclusive',
      /^NoData: .*still finding its peers/,
    ],
    [
      'none fires, and no status',
      { state: () => ({ status: 503, body: '' }) },
      {},
      'Error',
      'penstock/alertmanager: HTTP 503',
    ],
    [
      'none fires, and another’s status',
      { state: () => ({ body: '{}' }) },
      {},
      'Error',
      /no status of an Alertmanager/,
    ],
    ['no list', { alerts: '{"status":"success"}' }, {}, 'Error', /no list of alerts/],
    ['a page', { alerts: '<html>secret' }, {}, 'Error', /no list of alerts/],
    [
      'a refusal',
      { alerts: '"bad matcher format"', alertsStatus: 400 },
      {},
      'Error',
      'penstock/alertmanager: HTTP 400',
    ],
    ['silenced ones count', { alerts: firing, silenced: 'true' }, { silenced: true }, 'Failed', /^2 alerts/],
  ]
  for (const [name, server, more, phase, message] of rows)
    test(name, async () => {
      lab.serve(api(server))
      const { measurement } = await lab.measure(metric(more))
      assert.equal(measurement.phase, phase, measurement.message)
      if (typeof message === 'string') assert.equal(measurement.message, message)
      else assert.match(measurement.message ?? '', message)
    })

  test('conditions judge how many, and which', async () => {
    lab.serve(api({ alerts: firing }))
    const many = { successCondition: 'result.count < 3', failureCondition: "any(result.alerts, #.name == 'Down')" }
    const { measurement } = await lab.measure(metric({}, many))
    assert.equal(measurement.phase, 'Failed')
    assert.equal(
      measurement.value,
      '{"alerts":[{"name":"Down","since":"2026-01-01T00:01:00Z"},{"name":"Slow","since":"2026-01-01T00:05:00Z"}],"count":2}',
    )
    lab.serve(api({}))
    const none = await lab.measure(metric({}, { successCondition: 'result.count == 0' }))
    assert.deepEqual([none.measurement.phase, none.measurement.value], ['Successful', '{"alerts":[],"count":0}'])
  })

  test('conditions never see the silence of one that has just started', async () => {
    lab.serve(api({ state: status('ready', 1) }))
    const { measurement } = await lab.measure(metric({}, { successCondition: 'result.count == 0' }))
    assert.deepEqual([measurement.phase, measurement.metadata?.verdict], ['Inconclusive', 'NoData'])
  })

  test('below a path, with a question about the silence', async () => {
    lab.serve(api({ prefix: '/alertmanager' }))
    assert.equal((await lab.measure(metric({}, {}, '/alertmanager/'))).measurement.phase, 'Successful')
    assert.equal(lab.seen().length, 2)
  })

  test('a thousand alerts are counted and some are named', async () => {
    const alerts = Array.from({ length: 1000 }, (_, index) => alert(`A${index}`, '2026-01-01T00:00:00Z'))
    lab.serve(api({ alerts }))
    const { measurement } = await lab.measure(metric())
    assert.match(measurement.message ?? '', /^1000 alerts are firing/)
    assert.ok((measurement.value ?? '').length <= 501 && (measurement.message ?? '').length <= 501)
  })
})

describe('penstock/alertmanager and the real one', () => {
  let lab: Lab
  let process: AlertmanagerProcess
  before(async () => {
    lab = await openLab()
    process = await startAlertmanager({ receiverUrl: `${lab.address}/receiver`, token: 'token' })
    await process.postAlerts([
      { labels: { alertname: 'Down', severity: 'page', team: 'shop "one"' }, startsAt: new Date(Date.now() - 60_000) },
      { labels: { alertname: 'Slow', severity: 'ticket', team: 'shop' } },
      {
        labels: { alertname: 'Over', severity: 'page', team: 'over' },
        startsAt: '2026-01-01T00:00:00Z',
        endsAt: '2026-01-01T00:01:00Z',
      },
    ])
    const created = await fetch(`${process.url}/api/v2/silences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        matchers: [{ name: 'alertname', value: 'Slow', isRegex: false }],
        startsAt: new Date(),
        endsAt: new Date(Date.now() + 600_000),
        createdBy: 'test',
        comment: 'test',
      }),
    })
    assert.equal(created.status, 200)
  })
  after(async () => {
    await process?.stop()
    await lab?.close()
  })

  const rows: readonly (readonly [readonly string[], object, string, RegExp])[] = [
    [['severity=page'], {}, 'Failed', /^an alert is firing: Down since /],
    [[String.raw`team="shop \"one\""`], {}, 'Failed', /Down/],
    [['team=~"shop.*"', 'severity!~"tick.t"'], {}, 'Failed', /Down/],
    [['alertname="Slow"'], { warmup: '0s' }, 'Successful', /no matching/],
    [['alertname="Slow"'], { silenced: true }, 'Failed', /Slow/],
    [['severity="none"'], { warmup: '0s' }, 'Successful', /no matching/],
    [['team="over"'], { warmup: '0s' }, 'Successful', /no matching/],
    [['severity="none"'], {}, 'Inconclusive', /^NoData: .*has been up for \d+ s only/],
  ]
  for (const [matchers, more, phase, message] of rows)
    test(`${matchers.join(', ')} ${JSON.stringify(more)}: ${phase}`, async () => {
      const plugin = { 'penstock/alertmanager': { address: process.url, matchers, ...more } }
      const { measurement } = await lab.measure({ provider: { plugin } })
      assert.equal(measurement.phase, phase, measurement.message)
      assert.match(measurement.message ?? '', message)
    })
})
