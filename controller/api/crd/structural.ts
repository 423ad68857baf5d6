/**
 * Turns a zod schema into a Kubernetes structural schema (the `openAPIV3Schema` of a CRD). It keeps shape and type only: enumerations,
 * patterns and cross-field rules stay with validation, which can name the field and the fix, and must not make the API server refuse
 * an object that Argo's CRDs accept. What cannot be written as a structural schema throws, so that `npm run generate` stops.
 */
import { z } from 'zod'
import { NOT_ON_WIRE, OPTIONAL_ON_WIRE } from '../scalars.ts'

export interface StructuralSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  description?: string
  format?: string
  nullable?: true
  minimum?: number
  maximum?: number
  properties?: Record<string, StructuralSchema>
  required?: string[]
  items?: StructuralSchema
  additionalProperties?: StructuralSchema
  'x-kubernetes-int-or-string'?: true
  'x-kubernetes-preserve-unknown-fields'?: true
  'x-kubernetes-validations'?: { rule: string; message: string }[]
}

type JsonSchema = z.core.JSONSchema.BaseSchema

/** @throws Error when the schema has a construct that a structural schema cannot hold; the message names the path. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return convert(z.toJSONSchema(schema, { io: 'input', target: 'openapi-3.0', reused: 'inline' }), '$')
}

function convert(node: JsonSchema, path: string): StructuralSchema {
  const common = commonFields(node)
  if (node['x-kubernetes-int-or-string'] === true) return { ...common, 'x-kubernetes-int-or-string': true }
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'not', '$ref'] as const)
    if (node[keyword] !== undefined) throw new Error(`${path}: ${keyword} has no form in a structural schema`)
  switch (node.type) {
    case 'object':
      return { ...common, type: 'object', ...objectFields(node, path) }
    case 'array':
      return { ...common, type: 'array', items: convert(itemSchema(node, path), `${path}[]`) }
    case 'integer':
      return { ...common, type: 'integer', format: node.format ?? 'int32', ...bounds(node) }
    case 'number':
      return { ...common, type: 'number', ...bounds(node) }
    case 'string':
      return { ...common, type: 'string', ...(node.format === undefined ? {} : { format: node.format }) }
    case 'boolean':
      return { ...common, type: 'boolean' }
    case 'null':
    case undefined:
      break
  }
  throw new Error(`${path}: type ${JSON.stringify(node.type)} has no form in a structural schema`)
}

function commonFields(node: JsonSchema): StructuralSchema {
  const validations = node['x-kubernetes-validations']
  return {
    ...(node.description === undefined ? {} : { description: node.description }),
    ...(node.nullable === true ? { nullable: true as const } : {}),
    ...(validations === undefined ? {} : { 'x-kubernetes-validations': parseValidations(validations) }),
  }
}

const parseValidations = (value: unknown) => z.array(z.object({ rule: z.string(), message: z.string() })).parse(value)

function objectFields(node: JsonSchema, path: string): StructuralSchema {
  const entries = Object.entries(node.properties ?? {}).filter(
    ([, child]) => asSchema(child, path)[NOT_ON_WIRE] !== true,
  )
  const values = node.additionalProperties
  if (entries.length === 0 && typeof values === 'object' && isClosed(values))
    return { additionalProperties: convert(values, `${path}{}`) }
  if (entries.length === 0) return { 'x-kubernetes-preserve-unknown-fields': true }
  const properties = entries.map(([name, child]) => [name, convert(asSchema(child, path), `${path}.${name}`)] as const)
  const required = (node.required ?? []).filter(
    (name) => asSchema(node.properties?.[name], path)[OPTIONAL_ON_WIRE] !== true,
  )
  return {
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    'x-kubernetes-preserve-unknown-fields': true,
  }
}

/** False for the values of an open map (`plugins`): Argo keeps those as raw JSON of any type, so nothing is said about them. */
const isClosed = (values: JsonSchema): boolean =>
  Object.keys(values).length > 0 && values['x-kubernetes-preserve-unknown-fields'] !== true

/** Bounds that the schema states; zod adds the safe-integer range on its own, which says nothing here. */
function bounds(node: JsonSchema): StructuralSchema {
  const { minimum, maximum } = node
  return {
    ...(minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  }
}

function itemSchema(node: JsonSchema, path: string): JsonSchema {
  if (Array.isArray(node.items)) throw new Error(`${path}: a tuple has no form in a structural schema`)
  return asSchema(node.items, path)
}

function asSchema(value: z.core.JSONSchema._JSONSchema | undefined, path: string): JsonSchema {
  if (typeof value !== 'object') throw new Error(`${path}: a schema is missing`)
  return value
}
