/** Whether a request is signed as AWS asks for it (Signature Version 4), computed from its documentation and not with the code that signs. */
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import type { SeenRequest } from './lab.ts'

export interface ExpectedSigner {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly service: string
  readonly region: string
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/
const LONGEST_SKEW_MS = 300_000

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

/** Throws for everything that AWS would refuse. */
export function assertSigned(request: SeenRequest, signer: ExpectedSigner): void {
  const parts = AUTHORIZATION.exec(request.headers.authorization ?? '')
  assert.ok(parts, `Authorization is ${request.headers.authorization}`)
  const [, accessKeyId, day = '', region = '', service = '', names = '', signature] = parts
  assert.deepEqual([accessKeyId, region, service], [signer.accessKeyId, signer.region, signer.service])
  const date = String(request.headers['x-amz-date'])
  assert.match(date, /^\d{8}T\d{6}Z$/)
  const instant = date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')
  assert.ok(Math.abs(Date.parse(instant) - Date.now()) < LONGEST_SKEW_MS, `signed at ${instant}`)
  assert.equal(day, date.slice(0, 8))
  assert.equal(request.headers['x-amz-security-token'], signer.sessionToken)
  const signed = names.split(';')
  for (const name of ['host', 'x-amz-date', 'content-type', ...(signer.sessionToken ? ['x-amz-security-token'] : [])])
    assert.ok(signed.includes(name), `${name} is not signed`)
  const canonical = [
    request.method,
    request.path.split('/').map(encode).join('/'),
    Object.entries(request.query)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...signed.map((name) => `${name}:${String(request.headers[name]).trim().replace(/\s+/g, ' ')}`),
    '',
    names,
    sha256(request.body),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${signer.secretAccessKey}`)
  const expected = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex')
  assert.equal(signature, expected, `the signature is not that of\n${canonical}`)
}
