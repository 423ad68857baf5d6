/**
 * Signs a request as AWS asks for it (Signature Version 4), with AWS' own signer. The signer is loaded with the first request: who does not ask AWS
 * does not pay for it. It must not send anything, nor choose credentials.
 */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import type { HttpRequest } from '../../controller/runtime/http.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface Signing {
  readonly service: string
  readonly region: string
  readonly credentials: AwsCredentials
  /** Epoch milliseconds. */
  readonly now: number
}

/** The request with the headers that prove who asks. The URL must be the one that is sent, byte for byte. */
export async function signRequest(request: HttpRequest, signing: Signing): Promise<HttpRequest> {
  // By its default: a bundle knows a CommonJS package that is loaded late by nothing else.
  const { SignatureV4 } = (await import('@smithy/signature-v4')).default
  const { service, region, credentials, now } = signing
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, applyChecksum: false })
  const url = new URL(request.url)
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: readQuery(url),
      headers: { ...request.headers, host: url.host },
      body: request.body ?? '',
    },
    { signingDate: new Date(now) },
  )
  // The transport writes the header Host itself.
  const { host: _host, ...headers } = signed.headers
  return { ...request, headers }
}

function readQuery({ searchParams }: URL): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => {
      const values = searchParams.getAll(name)
      return [name, values.length === 1 ? (values[0] ?? '') : values] as const
    }),
  )
}

/** SHA-256 in the shape that the signer asks for. */
class Sha256 {
  readonly #hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256')
    else this.#hash = createHmac('sha256', toBytes(secret))
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data))
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8')
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
}
