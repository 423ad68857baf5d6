/** Signatures against those that AWS publishes (aws-signing-test-suite, v4), as far as a request of ours can have that form. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { signRequest } from '../../../analysis/reconcile/sigv4.ts'
import type { HttpMethod, HttpRequest } from '../../../controller/runtime/http.ts'

const accessKeyId = 'AKIDEXAMPLE'
const credentials = { accessKeyId, secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const signing = { service: 'service', region: 'us-east-1', credentials, now: Date.UTC(2015, 7, 30, 12, 36) }

const request = (method: HttpMethod, pathAndQuery: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method,
  url: `https://example.amazonaws.com${pathAndQuery}`,
  timeoutMs: 1000,
  maxBytes: 1000,
  target: 'test',
  ...more,
})

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const body = 'Param1=value1'
/** The suite signs these two headers of a form as well. */
const form = (type: string): Partial<HttpRequest> => ({
  body,
  headers: {
    'Content-Type': type,
    'Content-Length': String(body.length),
    'X-Amz-Content-Sha256': createHash('sha256').update(body).digest('hex'),
  },
})

const rows: readonly (readonly [string, HttpRequest, string])[] = [
  ['get-vanilla', request('GET', '/'), '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-unreserved',
    request('GET', `/-._~${letters}`),
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  [
    'get-vanilla-query-order-encoded',
    request('GET', '/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1'),
    '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac',
  ],
  [
    'get-vanilla-query-order-key-case',
    request('GET', '/?Param2=value2&Param1=value1'),
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-query-unreserved',
    request('GET', `/?-._~${letters}=-._~${letters}`),
    '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  ],
  [
    'get-vanilla-utf8-query',
    request('GET', '/?ሴ=bar'),
    '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  ],
  [
    'get-header-value-trim',
    request('GET', '/', { headers: { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' } }),
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  ['post-vanilla', request('POST', '/'), '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-header-value-case',
    request('POST', '/', { headers: { 'My-Header1': 'VALUE1' } }),
    'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  ],
  [
    'post-vanilla-query',
    request('POST', '/?Param1=value1'),
    '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  ],
  [
    'post-x-www-form-urlencoded',
    request('POST', '/', form('application/x-www-form-urlencoded')),
    'd3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b',
  ],
  [
    'post-x-www-form-urlencoded-parameters',
    request('POST', '/', form('application/x-www-form-urlencoded; charset=utf-8')),
    '328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422',
  ],
]

const authorizationOf = ({ headers = {} }: HttpRequest): string =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? ''

describe('signatures of AWS (version 4)', () => {
  for (const [name, unsigned, signature] of rows)
    test(name, async () => {
      const signed = await signRequest(unsigned, signing)
      const authorization = authorizationOf(signed)
      assert.ok(
        authorization.startsWith(
          `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20150830/us-east-1/service/aws4_request, `,
        ),
      )
      assert.equal(authorization.split('Signature=')[1], signature)
    })

  test('get-vanilla-with-session-token', async () => {
    const sessionToken = '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267'
    const signed = await signRequest(request('GET', '/'), { ...signing, credentials: { ...credentials, sessionToken } })
    assert.equal(
      authorizationOf(signed).split('Signature=')[1],
      '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8',
    )
    assert.equal(signed.headers?.['x-amz-security-token'], sessionToken)
  })

  test('nothing else of the request changes, and the host is left to the transport', async () => {
    const unsigned = request('POST', '/?a=1', { body: 'x', headers: { Accept: 'text/plain' }, tls: { insecure: true } })
    const { headers, ...rest } = await signRequest(unsigned, signing)
    assert.deepEqual({ ...rest, headers: unsigned.headers }, unsigned)
    assert.deepEqual(
      Object.keys(headers ?? {})
        .map((name) => name.toLowerCase())
        .sort(),
      ['accept', 'authorization', 'x-amz-date'],
    )
  })

  test('another path, query, body, service, region or time is another signature', async () => {
    const signatures = await Promise.all([
      signRequest(request('POST', '/a', { body: 'x' }), signing),
      signRequest(request('POST', '/b', { body: 'x' }), signing),
      signRequest(request('POST', '/a?q', { body: 'x' }), signing),
      signRequest(request('POST', '/a', { body: 'y' }), signing),
      signRequest(request('POST', '/a', { body: 'x' }), { ...signing, service: 'aps' }),
      signRequest(request('POST', '/a', { body: 'x' }), { ...signing, region: 'eu-west-1' }),
      signRequest(request('POST', '/a', { body: 'x' }), { ...signing, now: signing.now + 1000 }),
    ])
    assert.equal(new Set(signatures.map((one) => authorizationOf(one).split('Signature=')[1])).size, signatures.length)
  })
})
