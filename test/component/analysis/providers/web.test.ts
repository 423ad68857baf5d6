/** `web` as a service sees it: what is sent, with which token, and how answers that are JSON or not are read in both readings. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Metric } from '../../../../controller/api/analysis.ts'
import { type Handler, type Lab, openLab, type Reply, type SeenRequest } from './lab.ts'

type WebMetric = NonNullable<Metric['provider']['web']>

const client = { clientId: 'rollouts', clientSecret: 'client-secret-of-a-test', scopes: ['metrics.read'] }

/** The service, and the server of its tokens: each token is good until `revoke`. */
function serviceWithTokens(answer: Reply) {
  let generation = 1
  const tokens: SeenRequest[] = []
  const service: Handler = (request) => {
    if (request.path !== '/oauth2/token') {
      const isGood = request.headers.authorization === `Bearer token-${generation}`
      return isGood ? answer : { status: 401, body: 'hush' }
    }
    tokens.push(request)
    const basic = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')
    assert.equal(request.method, 'POST')
    assert.equal(request.headers.authorization, `Basic ${basic}`)
    assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal(request.body, 'grant_type=client_credentials&scope=metrics.read')
    return { body: JSON.stringify({ access_token: `token-${generation}`, token_type: 'bearer', expires_in: 3600 }) }
  }
  const revoke = (): void => {
    generation += 1
  }
  return { service, tokens, revoke }
}

describe('web', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab()
  })
  after(() => lab.close())
  const take = async (web: Partial<WebMetric>, successCondition = 'result > 1', mode?: 'strict' | 'argo') => {
    const provider = { web: { url: `${lab.address}/health?of=shop`, ...web } }
    const { measurement } = await lab.measure({ provider, successCondition }, mode)
    return [measurement.phase, measurement.message ?? measurement.value]
  }

  test('asks by GET without a body', async () => {
    lab.serve((request) => {
      assert.deepEqual(
        [request.method, request.path, request.query, request.body],
        ['GET', '/health', { of: 'shop' }, ''],
      )
      assert.equal(request.headers['x-team'], 'shop')
      assert.equal(request.headers['content-type'], undefined)
      return { body: '{"data":{"score":7}}' }
    })
    const headers = [{ key: 'X-Team', value: 'shop' }]
    assert.deepEqual(await take({ jsonPath: '{$.data.score}', headers }), ['Successful', '7'])
  })

  const bodies: readonly (readonly [Partial<WebMetric>, string, string | undefined])[] = [
    [{ method: 'POST', body: 'a=1' }, 'a=1', undefined],
    [{ method: 'PUT', body: '<a/>', headers: [{ key: 'content-type', value: 'text/xml' }] }, '<a/>', 'text/xml'],
    [{ method: 'POST', jsonBody: { a: [1, null], b: { c: 'ü' } } }, '{"a":[1,null],"b":{"c":"ü"}}', 'application/json'],
    [
      { method: 'PUT', jsonBody: {}, headers: [{ key: 'content-type', value: 'application/vnd.acme+json' }] },
      '{}',
      'application/json',
    ],
  ]
  for (const [web, body, type] of bodies)
    test(`sends ${JSON.stringify(web)}`, async () => {
      lab.serve((request) => {
        assert.deepEqual([request.method, request.body, request.headers['content-type']], [web.method, body, type])
        return { body: '7' }
      })
      assert.deepEqual(await take(web), ['Successful', '7'])
    })

  /** body, status, path, condition, in strict reading, in compat */
  const rows: readonly (readonly [string, number, string, string, string, string])[] = [
    ['{"ok":true}', 200, '{$.ok}', 'result', 'Successful true', 'Successful true'],
    ['[{"v":1},{"v":2}]', 201, '{$..v}', 'result == 1', 'Successful 1', 'Successful 1'],
    ['{"v":null}', 200, '{$.v}', 'result == nil', 'Inconclusive NoData: the result is null', 'Successful null'],
    ['{}', 200, '{$.v}', 'true', 'Inconclusive NoData: jsonPath {$.v} finds', 'Error jsonPath {$.v} finds'],
    ['ready', 200, '{$}', 'result == "ready"', 'Successful text of 5', 'Successful text of 5'],
    ['down', 200, '{$}', 'result == "ready"', 'Failed text of 4', 'Successful text of 4'],
    ['down', 200, '{$.v}', 'result > 1', 'Inconclusive NoData: the body is not JSON', 'Successful text of 4'],
    ['', 200, '{$}', 'result > 1', 'Inconclusive NoData: the body is empty', 'Successful text of 0'],
    ['{"v":5}', 302, '{$.v}', 'true', 'Error received non 2xx response code: 302', 'Error received non 2xx'],
    ['{"v":5}', 500, '{$.v}', 'true', 'Error received non 2xx response code: 500', 'Error received non 2xx'],
  ]
  for (const [body, status, jsonPath, condition, strict, argo] of rows)
    test(`${status} ${body || 'nothing'} with ${jsonPath}: ${strict}`, async () => {
      lab.serve(() => ({ status, body }))
      for (const [mode, expected] of [
        ['strict', strict],
        ['argo', argo],
      ] as const) {
        const told = (await take({ jsonPath }, condition, mode)).join(' ')
        assert.ok(told.startsWith(expected), `${mode}: ${told}`)
      }
    })

  test('fetches one token for many measurements, and another when it is refused', async () => {
    const { service, tokens, revoke } = serviceWithTokens({ body: '{"v":7}' })
    lab.serve(service)
    const authentication = { oauth2: { ...client, tokenUrl: `${lab.address}/oauth2/token` } }
    const web = { jsonPath: '{$.v}', authentication }
    const all = await Promise.all([take(web), take(web), take(web)])
    assert.deepEqual(all, Array(3).fill(['Successful', '7']))
    assert.equal(tokens.length, 1)
    revoke()
    assert.deepEqual(await take(web), ['Successful', '7'])
    assert.equal(tokens.length, 2)
  })

  test('a token that comes back is masked', async () => {
    lab.serve((request) =>
      request.path === '/oauth2/token'
        ? { body: '{"access_token":"echoed-token"}' }
        : { body: JSON.stringify({ headers: request.headers }) },
    )
    const oauth2 = { ...client, clientSecret: 'another', tokenUrl: `${lab.address}/oauth2/token` }
    const [phase, value] = await take(
      { jsonPath: '{$.headers.authorization}', authentication: { oauth2 } },
      'result == "Bearer echoed-token"',
    )
    assert.deepEqual([phase, value], ['Successful', '"Bearer *****"'])
  })

  const servers: readonly (readonly [string, string, RegExp])[] = [
    ['refuses', '/refuses', /^oauth2\.tokenUrl: 127\.0\.0\.1:\d+ answered HTTP 400 \(invalid_client\)$/],
    ['is another service', '/else', /^oauth2\.tokenUrl: 127\.0\.0\.1:\d+ answered without an access token$/],
    ['is local', 'http://127.0.0.2:1/token', /^oauth2\.tokenUrl: 127\.0\.0\.2 .* may not be contacted/],
    [
      'gives metadata',
      'http://169.254.169.254/latest',
      /^oauth2\.tokenUrl: 169\.254\.169\.254 .* may not be contacted/,
    ],
  ]
  for (const [name, path, message] of servers)
    test(`a server of tokens that ${name} is an error, and nobody else is asked`, async () => {
      lab.serve((request) =>
        request.path === '/refuses'
          ? { status: 400, body: '{"error":"invalid_client","error_description":"hush"}' }
          : { body: '<html>hush' },
      )
      const tokenUrl = path.startsWith('/') ? `${lab.address}${path}` : path
      const [phase, told] = await take({ authentication: { oauth2: { ...client, tokenUrl } } })
      assert.equal(phase, 'Error')
      assert.match(told ?? '', message)
      assert.ok(lab.seen().every((request) => request.path !== '/health'))
    })
})
