/** Requests that need a token: how it is asked for, how long it is kept, what is told when there is none. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AuthorizedTransport, createAuthorizedTransport } from '../../../analysis/reconcile/authorize.ts'
import type { AwsCredentialSource } from '../../../analysis/reconcile/aws-credentials.ts'
import { type HttpRequest, type HttpResponse, TransportError } from '../../../controller/runtime/http.ts'
import { createFakeClock, type FakeClock } from '../../fakes/fake-clock.ts'
import { createFakeTransport, type FakeTransport, httpResponse } from '../../fakes/fake-transport.ts'

const tokenUrl = 'https://login.example/oauth2/token?tenant=hush'
const auth = {
  kind: 'oauth2',
  tokenUrl,
  clientId: 'rollouts',
  clientSecret: 'pa ss:wörd',
  scopes: ['metrics.read', 'query'],
} as const
const request: HttpRequest = {
  method: 'POST',
  url: 'http://metrics/query',
  headers: { authorization: 'old', Accept: 'application/json' },
  timeoutMs: 7000,
  maxBytes: 1000,
  target: 'web',
  tls: { insecure: true },
}
const noAws: AwsCredentialSource = { get: () => Promise.reject(new Error('nobody asked for AWS')) }

interface Setting {
  readonly http: FakeTransport
  readonly clock: FakeClock
  readonly authorized: AuthorizedTransport
  readonly hidden: string[]
  /** What the server of tokens and the service answer; the defaults are a token per question, and 200. */
  readonly answers: {
    token: (asked: HttpRequest, index: number) => Promise<HttpResponse> | HttpResponse
    service: (asked: HttpRequest) => HttpResponse
  }
  send(more?: Partial<typeof auth>, signal?: AbortSignal): Promise<HttpResponse>
  readonly tokenRequests: () => readonly HttpRequest[]
}

function setUp(): Setting {
  const http = createFakeTransport()
  const clock = createFakeClock()
  const authorized = createAuthorizedTransport({ http, clock, aws: noAws, awsRegion: undefined })
  const hidden: string[] = []
  const tokenRequests = () => http.requests.filter(({ url }) => url === tokenUrl)
  const answers: Setting['answers'] = {
    token: (_asked, index) => token(`t${index}`),
    service: () => httpResponse(200, 'ok'),
  }
  http.answer = (asked) =>
    asked.url === tokenUrl ? answers.token(asked, tokenRequests().length - 1) : answers.service(asked)
  const send: Setting['send'] = (more = {}, signal = new AbortController().signal) =>
    authorized.send(request, { ...auth, ...more }, { signal, hide: (secret) => void hidden.push(secret) })
  return { http, clock, authorized, hidden, answers, send, tokenRequests }
}

const token = (access_token: string, more: object = {}): HttpResponse =>
  httpResponse(200, JSON.stringify({ access_token, token_type: 'bearer', expires_in: 3600, ...more }))
const sentTokens = ({ http }: Setting): readonly (string | undefined)[] =>
  http.requests.filter(({ url }) => url === request.url).map(({ headers }) => headers?.Authorization)
const until = (milliseconds: number, { clock }: Setting): Promise<void> => clock.advance(milliseconds)

describe('OAuth2 client credentials', () => {
  test('asks for a token with the request’s own bounds, and sends it', async () => {
    const setting = setUp()
    assert.equal((await setting.send()).status, 200)
    assert.deepEqual(setting.http.requests, [
      {
        method: 'POST',
        url: tokenUrl,
        headers: {
          Accept: 'application/json',
          'Content-Type': 'application/x-www-form-urlencoded',
          Authorization: `Basic ${Buffer.from('rollouts:pa+ss%3Aw%C3%B6rd').toString('base64')}`,
        },
        body: 'grant_type=client_credentials&scope=metrics.read+query',
        timeoutMs: 7000,
        maxBytes: 64 * 1024,
        target: 'oauth2',
        tls: { insecure: true },
      },
      { ...request, headers: { Accept: 'application/json', Authorization: 'Bearer t0' } },
    ])
    assert.deepEqual(setting.hidden, ['t0'])
  })

  test('a server that wants the credentials in the form gets them there, and is not asked otherwise again', async () => {
    const setting = setUp()
    setting.answers.token = ({ headers, body }, index) => {
      const form = new URLSearchParams(body)
      if (headers?.Authorization !== undefined) return httpResponse(401, '{"error":"invalid_client"}')
      assert.equal(form.get('client_id'), 'rollouts')
      assert.equal(form.get('client_secret'), 'pa ss:wörd')
      return token(`t${index}`)
    }
    await setting.send()
    await until(3600_000, setting)
    await setting.send()
    assert.deepEqual(sentTokens(setting), ['Bearer t1', 'Bearer t2'])
    assert.equal(setting.tokenRequests().length, 3)
  })

  test('one token serves everybody until ten seconds before it expires', async () => {
    const setting = setUp()
    await Promise.all([setting.send(), setting.send(), setting.send()])
    await until(3589_000, setting)
    await setting.send()
    assert.equal(setting.tokenRequests().length, 1)
    await until(1000, setting)
    await setting.send()
    assert.deepEqual(sentTokens(setting), ['Bearer t0', 'Bearer t0', 'Bearer t0', 'Bearer t0', 'Bearer t1'])
  })

  const lives: readonly (readonly [string, object, number])[] = [
    ['a number in text', { expires_in: '60' }, 50_000],
    ['nothing', { expires_in: undefined }, 290_000],
    ['nonsense', { expires_in: 'soon' }, 290_000],
    ['nothing good', { expires_in: -5 }, 290_000],
  ]
  for (const [name, more, goodForMs] of lives)
    test(`a life of ${name}`, async () => {
      const setting = setUp()
      setting.answers.token = (_asked, index) => token(`t${index}`, more)
      await setting.send()
      await until(goodForMs - 1, setting)
      await setting.send()
      assert.equal(setting.tokenRequests().length, 1)
      await until(1, setting)
      await setting.send()
      assert.equal(setting.tokenRequests().length, 2)
    })

  test('another secret, client, server or scope is another token', async () => {
    const setting = setUp()
    for (const more of [{}, { clientSecret: 'x' }, { clientId: 'y' }, { scopes: [] }] as Partial<typeof auth>[])
      await setting.send(more)
    assert.deepEqual(sentTokens(setting), ['Bearer t0', 'Bearer t1', 'Bearer t2', 'Bearer t3'])
    assert.equal(setting.tokenRequests()[3]?.body, 'grant_type=client_credentials')
  })

  test('a token that is refused is fetched anew, once', async () => {
    const setting = setUp()
    setting.answers.service = ({ headers }) => httpResponse(headers?.Authorization === 'Bearer t0' ? 401 : 200)
    assert.equal((await setting.send()).status, 200)
    assert.deepEqual(sentTokens(setting), ['Bearer t0', 'Bearer t1'])
    setting.answers.service = () => httpResponse(401)
    assert.equal((await setting.send()).status, 401)
    assert.deepEqual(sentTokens(setting), ['Bearer t0', 'Bearer t1', 'Bearer t1', 'Bearer t2'])
  })

  test('a 403 is an answer like others', async () => {
    const setting = setUp()
    setting.answers.service = () => httpResponse(403)
    assert.equal((await setting.send()).status, 403)
    assert.equal(setting.tokenRequests().length, 1)
  })

  test('who gives up does not take the token from the others', async () => {
    const setting = setUp()
    let answer: (response: HttpResponse) => void = () => {}
    setting.answers.token = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    const cancel = new AbortController()
    const impatient = setting.send({}, cancel.signal)
    const patient = setting.send()
    cancel.abort()
    await assert.rejects(impatient, (error) => error instanceof TransportError && error.kind === 'cancelled')
    answer(token('late'))
    assert.equal((await patient).status, 200)
    assert.deepEqual(sentTokens(setting), ['Bearer late'])
  })

  test('a type of its own is kept, a token in a form is read', async () => {
    const setting = setUp()
    setting.answers.token = () =>
      httpResponse(200, 'access_token=f1&token_type=DPoP&expires_in=60', {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      })
    await setting.send()
    assert.deepEqual(sentTokens(setting), ['DPoP f1'])
  })

  const failures: readonly (readonly [string, () => HttpResponse, string])[] = [
    [
      'refused',
      () => httpResponse(400, '{"error":"invalid_scope","error_description":"hush"}'),
      'oauth2.tokenUrl: login.example answered HTTP 400 (invalid_scope)',
    ],
    [
      'refused at length',
      () => httpResponse(403, JSON.stringify({ error: 'hush '.repeat(100) })),
      'oauth2.tokenUrl: login.example answered HTTP 403',
    ],
    ['broken', () => httpResponse(500, 'hush'), 'oauth2.tokenUrl: login.example answered HTTP 500'],
    ['elsewhere', () => httpResponse(302), 'oauth2.tokenUrl: login.example answered HTTP 302'],
    [
      'another service',
      () => httpResponse(200, '<html>hush'),
      'oauth2.tokenUrl: login.example answered without an access token',
    ],
    [
      'without a token',
      () => httpResponse(200, '{}'),
      'oauth2.tokenUrl: login.example answered without an access token',
    ],
    [
      'with a header in the token',
      () => token('a\r\nX-Evil: hush'),
      'oauth2.tokenUrl: login.example answered with a token that fits into no header',
    ],
    [
      'not reached',
      () => {
        throw new TransportError('denied', 'login.example (127.0.0.1) may not be contacted: it is loopback')
      },
      'oauth2.tokenUrl: login.example (127.0.0.1) may not be contacted: it is loopback',
    ],
  ]
  for (const [name, answer, message] of failures)
    test(`a server of tokens that is ${name} is told by its host, and asked again the next time`, async () => {
      const setting = setUp()
      setting.answers.token = answer
      await assert.rejects(setting.send(), (error) => error instanceof TransportError && error.message === message)
      assert.deepEqual(sentTokens(setting), [])
      setting.answers.token = () => token('t')
      assert.equal((await setting.send()).status, 200)
    })
})
