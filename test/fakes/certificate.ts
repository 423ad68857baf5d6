/**
 * A certificate authority of one certificate for tests of TLS: self-signed, for 127.0.0.1 and localhost, valid for a day around now. Written as
 * DER by hand, because Node makes keys and signatures but no certificates.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface Certificate {
  /** PEM; also the bundle that trusts it. */
  readonly cert: string
  readonly key: string
}

const DAY_MS = 86_400_000
const OID = {
  commonName: '0603550403',
  ecdsaWithSha256: '06082a8648ce3d040302',
  basicConstraints: '0603551d13',
  subjectAltName: '0603551d11',
} as const

function wrap(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
const sequence = (...parts: readonly Buffer[]): Buffer => wrap(0x30, ...parts)
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const time = (epochMs: number): Buffer =>
  wrap(0x17, Buffer.from(`${new Date(epochMs).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
const extension = (oid: string, value: Buffer): Buffer => sequence(hex(oid), wrap(0x04, value))
const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`

export function createCertificate(commonName = 'penstock-test'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(wrap(0x31, sequence(hex(OID.commonName), wrap(0x0c, Buffer.from(commonName)))))
  const algorithm = sequence(hex(OID.ecdsaWithSha256))
  const names = sequence(wrap(0x82, Buffer.from('localhost')), wrap(0x87, Buffer.from([127, 0, 0, 1])))
  const extensions = sequence(
    extension(OID.basicConstraints, sequence(wrap(0x01, Buffer.from([0xff])))),
    extension(OID.subjectAltName, names),
  )
  const body = sequence(
    wrap(0xa0, wrap(0x02, Buffer.from([2]))),
    wrap(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    wrap(0xa3, extensions),
  )
  const signature = wrap(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  return {
    cert: pem(sequence(body, algorithm, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
