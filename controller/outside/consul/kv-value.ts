/**
 * One key of Consul's KV store as an object that routers read, and back as bytes. A value is a JSON object that can be written again without a loss,
 * or a sentence that says why it is none; it must not show the value, which may be somebody's secret.
 */
import { z } from 'zod'
import type { ObjectRef } from '../../kube/client.ts'
import { apiVersionOf } from '../../kube/kinds.ts'
import type { ConsulKey } from '../../traffic/consul-kv/key.ts'

export const LONGEST_VALUE_BYTES = 64 * 1024

const entrySchema = z.tuple([z.object({ Value: z.string().nullable() })])

/** The body of a GET of one key. Throws when Consul's answer is of another shape. */
export function parseEntry(ref: ObjectRef, body: string): ConsulKey {
  const parsed = entrySchema.safeParse(JSON.parse(body))
  const resourceVersion = integerIn(body, 'ModifyIndex')
  if (!parsed.success || resourceVersion === undefined) throw new SyntaxError('no entry of the KV store')
  const bytes = Buffer.from(parsed.data[0].Value ?? '', 'base64')
  const content = parseValue(bytes)
  return {
    apiVersion: apiVersionOf(ref.kind),
    kind: ref.kind.kind,
    metadata: { name: ref.name, resourceVersion },
    flags: integerIn(body, 'Flags') ?? '0',
    ...content,
  }
}

/** These have 64 bits, more than a JavaScript number keeps. Quotes in other fields are escaped, so that only a field's name fits. */
const integerIn = (body: string, field: string): string | undefined =>
  new RegExp(`(?<!\\\\)"${field}":\\s*(\\d{1,20})`).exec(body)?.[1]

function parseValue(bytes: Buffer): Pick<ConsulKey, 'json'> | Pick<ConsulKey, 'unreadable'> {
  if (bytes.length > LONGEST_VALUE_BYTES) return { unreadable: `holds more than ${LONGEST_VALUE_BYTES} bytes` }
  const text = bytes.toString('utf8')
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return { unreadable: 'holds no JSON object' }
    if (losesDigits(text)) return { unreadable: 'holds a number that cannot be written again as it is' }
    return { json: { ...json } }
  } catch {
    return { unreadable: 'holds no JSON object' }
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** Somebody else's number with more digits than a double has would come back as another one. */
const losesDigits = (text: string): boolean =>
  (text.match(TOKENS) ?? []).some(
    (token) => !token.startsWith('"') && digitsOf(String(Number(token))) !== digitsOf(token),
  )

/** Its significant digits, whatever its notation. */
const digitsOf = (number: string): string =>
  number
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '')

export const renderValue = ({ json = {} }: ConsulKey): string => JSON.stringify(json, null, 2)
