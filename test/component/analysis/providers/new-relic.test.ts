/** `newRelic` against a server that takes NerdGraph's documented request only. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Handler, type Lab, openLab } from './lab.ts'

const QUERY = "SELECT count(*) FROM Transaction WHERE appName = 'shop'"

/** As docs.newrelic.com has it: POST, JSON, `API-Key`; variables of NRQL with their types. */
const nerdgraph =
  (answer: object, status = 200): Handler =>
  ({ method, path, query, headers, body }) => {
    assert.deepEqual([method, path, query], ['POST', '/graphql', {}])
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['api-key'], 'NRAK-secret')
    const { query: text, variables, ...rest } = JSON.parse(body)
    assert.deepEqual(rest, {})
    assert.match(text, /\(\s*\$query: Nrql!,\s*\$accountId: Int!,\s*\$timeout: Seconds!\s*\)/)
    assert.match(
      text,
      /actor\s*{\s*account\(id: \$accountId\)\s*{\s*nrql\(query: \$query, timeout: \$timeout\)\s*{\s*results/,
    )
    assert.deepEqual(variables, { accountId: 1234, query: QUERY, timeout: 7 })
    return { status, body: JSON.stringify(answer) }
  }

const rows = (...results: readonly object[]): object => ({ data: { actor: { account: { nrql: { results } } } } })
const metric = (more: object = {}, profile?: string) => ({
  provider: { newRelic: { query: QUERY, timeout: 7, ...(profile === undefined ? {} : { profile }) } },
  successCondition: 'result.count > 1',
  ...more,
})

describe('newRelic', () => {
  let lab: Lab
  before(async () => {
    const account = { 'personal-api-key': 'NRAK-secret', 'account-id': '1234' }
    lab = await openLab({
      secrets: (address) => ({
        newrelic: { ...account, 'base-url-nerdgraph': `${address}/graphql` },
        europe: { ...account, region: 'EU' },
        mars: { ...account, region: 'mars' },
        keyless: { 'account-id': '1234' },
        wordy: { ...account, 'account-id': 'mine' },
      }),
      redirect: (url, address) => (url === 'https://api.eu.newrelic.com/graphql' ? `${address}/graphql` : url),
    })
  })
  after(() => lab.close())

  const answers: readonly (readonly [string, object, object, string, RegExp | undefined, string?])[] = [
    ['one row is an object', rows({ count: 5, b: 1 }), {}, 'Successful', undefined, '{"b":1,"count":5}'],
    ['its number counts', rows({ count: 1 }), {}, 'Failed', undefined, '{"count":1}'],
    [
      'several rows are a list',
      rows({ count: 5 }, { count: 0 }),
      { successCondition: 'len(result) == 2 && result[0].count == 5' },
      'Successful',
      undefined,
      '[{"count":5},{"count":0}]',
    ],
    ['no row', rows(), {}, 'Inconclusive', /^NoData: no results returned from NRQL query$/],
    ['an empty row', rows({}), {}, 'Inconclusive', /^NoData: no results returned/],
    ['a row of nulls', rows({ 'average.duration': null }), {}, 'Inconclusive', /^NoData: .*nothing but null/],
    ['no account', { data: { actor: { account: null } } }, {}, 'Inconclusive', /^NoData: no results/],
    [
      'an error beside data',
      { ...rows({ count: 5 }), errors: [{ message: 'NRQL Syntax Error' }] },
      {},
      'Error',
      /^newRelic: NRQL Syntax Error$/,
    ],
    [
      'a note about a field',
      { ...rows({ count: 5 }), errors: [{ message: 'This field is deprecated! Use another.' }] },
      {},
      'Successful',
      undefined,
      '{"count":5}',
    ],
  ]
  for (const [name, answer, more, phase, message, value] of answers)
    test(name, async () => {
      lab.serve(nerdgraph(answer))
      const { measurement, metadata } = await lab.measure(metric(more))
      assert.equal(measurement.phase, phase, measurement.message)
      assert.equal(measurement.value, value)
      if (message) assert.match(measurement.message ?? '', message)
      assert.deepEqual(metadata, { ResolvedNewRelicQuery: QUERY })
      assert.equal(lab.seen().length, 1)
    })

  test('a status that is no success', async () => {
    lab.serve(nerdgraph({ errors: [{ message: 'The API key NRAK-secret is bad' }] }, 401))
    const { measurement } = await lab.measure(metric())
    assert.deepEqual([measurement.phase, measurement.message], ['Error', 'newRelic: The API key ***** is bad'])
    lab.serve(() => ({ status: 503, body: '<html>' }))
    assert.equal((await lab.measure(metric())).measurement.message, 'newRelic: HTTP 503')
  })

  test('the region of the profile', async () => {
    lab.serve(nerdgraph(rows({ count: 5 })))
    assert.equal((await lab.measure(metric({}, 'europe'))).measurement.phase, 'Successful')
  })

  const refused: readonly (readonly [string, RegExp])[] = [
    ['missing', /^newRelic: Secret "missing" not found in the controller's namespace$/],
    ['keyless', /needs personal-api-key and account-id/],
    ['wordy', /account-id in Secret "wordy" is not a whole number/],
    ['mars', /region in Secret "mars" must be one of us, eu, staging, local/],
  ]
  for (const [profile, message] of refused)
    test(`the profile ${profile} is refused without a request`, async () => {
      lab.serve(nerdgraph(rows({ count: 5 })))
      const { measurement } = await lab.measure(metric({}, profile))
      assert.equal(measurement.phase, 'Error')
      assert.match(measurement.message ?? '', message)
      assert.equal(lab.seen().length, 0)
    })

  test('Argo’s reading: no row is an error, nulls are judged', async () => {
    lab.serve(nerdgraph(rows()))
    const none = (await lab.measure(metric(), 'argo')).measurement
    assert.deepEqual([none.phase, none.message], ['Error', 'no results returned from NRQL query'])
    lab.serve(nerdgraph(rows({ count: null })))
    const { measurement } = await lab.measure(metric({ successCondition: 'result.count == nil' }), 'argo')
    assert.equal(measurement.phase, 'Successful')
  })
})
