/**
 * The one schema form that validation, defaulting, pruning, merging and field ownership read, and its parser from a CRD's
 * openAPIV3Schema. Built-in kinds make the same form from their field table. It must not look at objects.
 */
import { RE2JS } from 're2js'
import { asArray, asObject, asString, isObject, type JsonObject } from '../json.ts'

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'

export interface Schema {
  readonly type?: SchemaType
  readonly properties?: Readonly<Record<string, Schema>>
  /** `true`: any further field is kept as it is. */
  readonly additionalProperties?: Schema | true
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly nullable?: boolean
  readonly preserveUnknown?: boolean
  readonly intOrString?: boolean
  /** A whole object with apiVersion, kind and metadata of its own. */
  readonly embedded?: boolean
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listKeys?: readonly string[]
  readonly mapIsAtomic?: boolean
  /** A Go struct by value: present also in an empty object, so that nobody owns it as such. */
  readonly isAlwaysPresent?: boolean
  /** Strategic merge: the field by which items of this list are matched; '' for lists of scalars merged as sets. */
  readonly patchMergeKey?: string
  /** Validation keywords, as the CRD wrote them. */
  readonly rules?: JsonObject
  /** The `pattern` keyword, compiled: Go's syntax, and no input that takes exponential time. */
  readonly pattern?: RE2JS
  readonly defaultValue?: unknown
  /** x-kubernetes-validations that say "this never changes", with the sentence to answer. */
  readonly immutableMessages?: readonly string[]
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly not?: Schema
}

const types: readonly string[] = ['object', 'array', 'string', 'integer', 'number', 'boolean']
const isSchemaType = (value: unknown): value is SchemaType => typeof value === 'string' && types.includes(value)

const ruleKeywords =
  'enum pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems minProperties maxProperties'.split(
    ' ',
  )

/** Of CEL only the immutability idiom is enforced; other rules are accepted and not evaluated. */
const parseImmutability = (raw: JsonObject): readonly string[] =>
  asArray(raw['x-kubernetes-validations'])
    .map(asObject)
    .filter((rule) => /^\s*(self\s*==\s*oldSelf|oldSelf\s*==\s*self)\s*$/.test(asString(rule.rule)))
    .map((rule) => asString(rule.message) || `failed rule: ${asString(rule.rule)}`)

const parseListType = (raw: JsonObject): Pick<Schema, 'listType' | 'listKeys'> => {
  const listType = raw['x-kubernetes-list-type']
  if (listType === 'map') return { listType, listKeys: asArray(raw['x-kubernetes-list-map-keys']).map(asString) }
  if (listType === 'set') return { listType }
  return {}
}

/** A pattern that does not compile checks nothing; a real server would have refused the CRD. */
const parsePattern = (pattern: unknown): Pick<Schema, 'pattern'> => {
  if (typeof pattern !== 'string') return {}
  try {
    return { pattern: RE2JS.compile(pattern) }
  } catch {
    return {}
  }
}

const parseAll = (value: unknown): readonly Schema[] => asArray(value).map(parseSchema)

/** Reads one node of an openAPIV3Schema. Unknown keywords are ignored. */
export const parseSchema = (value: unknown): Schema => {
  const raw = asObject(value)
  const rules = Object.fromEntries(ruleKeywords.filter((key) => key in raw).map((key) => [key, raw[key]]))
  const immutableMessages = parseImmutability(raw)
  return {
    ...(isSchemaType(raw.type) ? { type: raw.type } : {}),
    ...(isObject(raw.properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(raw.properties).map(([key, child]) => [key, parseSchema(child)]),
          ),
        }
      : {}),
    ...(isObject(raw.additionalProperties) ? { additionalProperties: parseSchema(raw.additionalProperties) } : {}),
    ...(raw.additionalProperties === true ? { additionalProperties: true as const } : {}),
    ...(isObject(raw.items) ? { items: parseSchema(raw.items) } : {}),
    ...(Array.isArray(raw.required) ? { required: raw.required.map(asString) } : {}),
    ...(raw.nullable === true ? { nullable: true } : {}),
    ...(raw['x-kubernetes-preserve-unknown-fields'] === true ? { preserveUnknown: true } : {}),
    ...(raw['x-kubernetes-int-or-string'] === true ? { intOrString: true } : {}),
    ...(raw['x-kubernetes-embedded-resource'] === true ? { embedded: true } : {}),
    ...parseListType(raw),
    ...(raw['x-kubernetes-map-type'] === 'atomic' ? { mapIsAtomic: true } : {}),
    ...(Object.keys(rules).length > 0 ? { rules } : {}),
    ...parsePattern(raw.pattern),
    ...(raw.default === undefined ? {} : { defaultValue: raw.default }),
    ...(immutableMessages.length > 0 ? { immutableMessages } : {}),
    ...(raw.allOf === undefined ? {} : { allOf: parseAll(raw.allOf) }),
    ...(raw.anyOf === undefined ? {} : { anyOf: parseAll(raw.anyOf) }),
    ...(raw.oneOf === undefined ? {} : { oneOf: parseAll(raw.oneOf) }),
    ...(isObject(raw.not) ? { not: parseSchema(raw.not) } : {}),
  }
}

/** The schema of one field; undefined when the field is unknown here or carries no schema. */
export const fieldSchema = (schema: Schema | undefined, field: string): Schema | undefined => {
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, field)) return schema.properties[field]
  return schema?.additionalProperties === true ? undefined : schema?.additionalProperties
}

/** Whether a field outside `properties` may stay. */
export const keepsUnknown = (schema: Schema): boolean =>
  schema.preserveUnknown === true || schema.additionalProperties !== undefined || schema.type !== 'object'
