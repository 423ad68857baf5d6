/**
 * Just enough of Kubernetes' protobuf encoding to read what newer kubectl sends in it: the small kinds that `kubectl create`
 * makes, access reviews and evictions. Other kinds are refused with a sentence that names JSON; answers are always JSON.
 */
import { ApiError } from './errors.ts'
import type { JsonObject } from './json.ts'

export const protobufType = 'application/vnd.kubernetes.protobuf'

/** How one field is read: a scalar, a message, or a map; `list` fields repeat. */
type Reader = 'text' | 'flag' | 'number' | 'text-map' | 'bytes-map' | 'list' | Message
interface Message {
  readonly [fieldNumber: number]: readonly [name: string, reader: Reader]
}

const metadata: readonly [string, Message] = [
  'metadata',
  {
    1: ['name', 'text'],
    2: ['generateName', 'text'],
    3: ['namespace', 'text'],
    5: ['uid', 'text'],
    6: ['resourceVersion', 'text'],
    11: ['labels', 'text-map'],
    12: ['annotations', 'text-map'],
    14: ['finalizers', 'list'],
  },
]

const accessSpec: Message = {
  1: [
    'resourceAttributes',
    {
      1: ['namespace', 'text'],
      2: ['verb', 'text'],
      3: ['group', 'text'],
      4: ['version', 'text'],
      5: ['resource', 'text'],
      6: ['subresource', 'text'],
      7: ['name', 'text'],
    },
  ],
  2: ['nonResourceAttributes', { 1: ['path', 'text'], 2: ['verb', 'text'] }],
}

const messages: Readonly<Record<string, Message>> = {
  Namespace: { 1: metadata },
  ServiceAccount: { 1: metadata },
  ConfigMap: { 1: metadata, 2: ['data', 'text-map'], 3: ['binaryData', 'bytes-map'], 4: ['immutable', 'flag'] },
  Secret: {
    1: metadata,
    2: ['data', 'bytes-map'],
    3: ['type', 'text'],
    4: ['stringData', 'text-map'],
    5: ['immutable', 'flag'],
  },
  Eviction: { 1: metadata, 2: ['deleteOptions', { 1: ['gracePeriodSeconds', 'number'], 5: ['dryRun', 'list'] }] },
  SelfSubjectAccessReview: { 1: metadata, 2: ['spec', accessSpec] },
}

interface Field {
  readonly number: number
  readonly value: Buffer | number
}

const refuse = (why: string): ApiError =>
  new ApiError(415, 'UnsupportedMediaType', `${why}; this server reads application/json`)

const readVarint = (bytes: Buffer, start: number): { value: number; next: number } => {
  let value = 0
  for (let offset = 0; offset < 10; offset += 1) {
    const byte = bytes[start + offset]
    if (byte === undefined) break
    value += (byte & 127) * 2 ** (7 * offset)
    if (byte < 128) return { value, next: start + offset + 1 }
  }
  throw refuse('the protobuf body is cut short')
}

/** The fields of one message, in order. Only varints and length-delimited fields occur in these kinds. */
const readFields = (bytes: Buffer): Field[] => {
  const fields: Field[] = []
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at)
    const wireType = key.value % 8
    if (wireType !== 0 && wireType !== 2) throw refuse(`the protobuf body has a field of wire type ${wireType}`)
    const { value, next } = readVarint(bytes, key.next)
    const number = Math.floor(key.value / 8)
    if (wireType === 0) {
      fields.push({ number, value })
      at = next
      continue
    }
    if (next + value > bytes.length) throw refuse('the protobuf body is cut short')
    fields.push({ number, value: bytes.subarray(next, next + value) })
    at = next + value
  }
  return fields
}

const asBuffer = (value: Buffer | number | undefined): Buffer => (Buffer.isBuffer(value) ? value : Buffer.alloc(0))

const findField = (bytes: Buffer, number: number): Buffer =>
  asBuffer(readFields(bytes).find((field) => field.number === number)?.value)

const readValue = (reader: Reader, value: Buffer | number, before: unknown): unknown => {
  const bytes = asBuffer(value)
  switch (reader) {
    case 'text':
      return bytes.toString('utf8')
    case 'flag':
      return value === 1
    case 'number':
      return value
    case 'list':
      return [...(Array.isArray(before) ? before : []), bytes.toString('utf8')]
    case 'text-map':
    case 'bytes-map': {
      const encoding = reader === 'text-map' ? 'utf8' : 'base64'
      const entry = [[findField(bytes, 1).toString('utf8'), findField(bytes, 2).toString(encoding)]]
      return { ...(typeof before === 'object' ? before : {}), ...Object.fromEntries(entry) }
    }
    default:
      return readMessage(bytes, reader)
  }
}

/** Empty text stands for an absent field, as it does in Go. */
const readMessage = (bytes: Buffer, message: Message): JsonObject => {
  const object: JsonObject = {}
  for (const { number, value } of readFields(bytes)) {
    const known = message[number]
    if (known === undefined) continue
    const read = readValue(known[1], value, object[known[0]])
    if (read !== '') object[known[0]] = read
  }
  return object
}

const magic = Buffer.from('k8s\0')

/** The JSON form of a protobuf body. Throws 415 for kinds that are not known here. */
export const decodeProtobuf = (body: Buffer): JsonObject => {
  if (!body.subarray(0, 4).equals(magic)) throw refuse('the body is no Kubernetes protobuf')
  const envelope = body.subarray(4)
  const typeMeta = findField(envelope, 1)
  const kind = findField(typeMeta, 2).toString('utf8')
  const message = Object.hasOwn(messages, kind) ? messages[kind] : undefined
  if (message === undefined) throw refuse(`a ${kind || 'body without kind'} cannot be read as protobuf`)
  return { apiVersion: findField(typeMeta, 1).toString('utf8'), kind, ...readMessage(findField(envelope, 2), message) }
}
