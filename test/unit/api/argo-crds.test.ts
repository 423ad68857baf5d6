/**
 * Our CustomResourceDefinitions against Argo's, field by field: what Argo's take, ours take and keep, and ours name nothing that Argo's would
 * prune when the cluster is handed back.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderCrds } from '../../../controller/api/crd/crds.ts'
import type { StructuralSchema } from '../../../controller/api/crd/structural.ts'
import { deriveFields } from '../../argo-crds/derive.ts'
import { type Field, readArgoFields } from '../../argo-crds/fields.ts'

const argo = readArgoFields()
const ours = Object.fromEntries(
  renderCrds().map(({ spec }) => [spec.names.plural, spec.versions[0]?.schema.openAPIV3Schema]),
)

function childOf(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  if (name === '[]') return schema.items
  if (name === '{}') return schema.additionalProperties
  return schema.properties?.[name]
}

const typeOf = (schema: StructuralSchema): string => {
  if (schema['x-kubernetes-int-or-string']) return 'int-or-string'
  if (schema.type !== 'object') return [schema.type ?? 'any', ...(schema.format ? [schema.format] : [])].join(':')
  if (schema.additionalProperties) return 'map'
  return schema.properties ? 'object' : 'open'
}

/** What ours may be where Argo's is what the key says: an open object takes every object, a text without format every text. */
const wider: Readonly<Record<string, readonly string[]>> = {
  object: ['open'],
  map: ['open'],
  'pod-template': ['open'],
  'job-spec': ['open'],
  'string:date-time': ['string'],
}
const takes = (schema: StructuralSchema, type: string): boolean =>
  type.split(',').every((one) => typeOf(schema) === one || (wider[one] ?? []).includes(typeOf(schema)))

/** Every breach in and below the field, as a sentence. */
function compare(field: Field, schema: StructuralSchema, path: string): readonly string[] {
  const strict = (schema.required ?? []).filter((name) =>
    field.children.every((child) => child.name !== name || !child.isRequired),
  )
  return [
    ...(takes(schema, field.type) ? [] : [`${path}: ${field.type} there, ${typeOf(schema)} here`]),
    ...strict.map((name) => `${path}.${name}: required here only`),
    ...(schema.minimum === undefined && schema.maximum === undefined ? [] : [`${path}: bounded here`]),
    ...field.children.flatMap((child) => compareChild(child, schema, path)),
    ...Object.keys(schema.properties ?? {})
      .filter((name) => field.children.every((child) => child.name !== name) && !isOpaque(field))
      .map((name) => `${path}.${name}: Argo has no such field`),
  ]
}

const isOpaque = ({ type }: Field): boolean => type === 'open' || type === 'any'

function compareChild(child: Field, schema: StructuralSchema, path: string): readonly string[] {
  const at = `${path}${/^\W/.test(child.name) ? '' : '.'}${child.name}`
  const known = childOf(schema, child.name)
  if (known) return compare(child, known, at)
  const isKept = schema['x-kubernetes-preserve-unknown-fields'] === true || path.includes('.metadata')
  return isKept ? [] : [`${at}: would be pruned`]
}

describe("what Argo's definitions take, ours take", () => {
  for (const [plural, root] of Object.entries(argo))
    test(plural, () => {
      const schema = ours[plural]
      assert.ok(schema)
      assert.deepEqual(compare(root, schema, plural), [])
    })

  test('the table of fields is whole', () => {
    const count = (field: Field): number => 1 + field.children.reduce((sum, child) => sum + count(child), 0)
    assert.deepEqual(Object.keys(argo).sort(), Object.keys(ours).sort())
    assert.ok(Object.values(argo).reduce((sum, root) => sum + count(root), 0) > 1000)
  })
})

describe('the comparison', () => {
  const field = (more: Partial<Field>): Field => ({
    name: 'x',
    type: 'object',
    isRequired: false,
    values: [],
    children: [],
    ...more,
  })
  const child = (more: Partial<Field> = {}) => field({ children: [field({ name: 'a', type: 'string', ...more })] })
  const open = { 'x-kubernetes-preserve-unknown-fields': true } as const
  const rows: readonly (readonly [string, Field, StructuralSchema, readonly string[]])[] = [
    ['the same', child(), { type: 'object', properties: { a: { type: 'string' } } }, []],
    ['open', child(), { type: 'object', ...open }, []],
    [
      'pruned',
      child(),
      { type: 'object', properties: { b: { type: 'string' } } },
      ['x.a: would be pruned', 'x.b: Argo has no such field'],
    ],
    [
      'another type',
      child(),
      { type: 'object', properties: { a: { type: 'integer' } } },
      ['x.a: string there, integer here'],
    ],
    [
      'a format',
      child(),
      { type: 'object', properties: { a: { type: 'string', format: 'date-time' } } },
      ['x.a: string there, string:date-time here'],
    ],
    [
      'required',
      child(),
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      ['x.a: required here only'],
    ],
    [
      'required by both',
      child({ isRequired: true }),
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      [],
    ],
    ['bounds', field({ type: 'integer:int32' }), { type: 'integer', format: 'int32', minimum: 0 }, ['x: bounded here']],
    ['an object for anything', field({ type: 'any' }), { type: 'object', ...open }, ['x: any there, open here']],
  ]
  for (const [name, theirs, mine, breaches] of rows)
    test(`sees ${name}`, () => assert.deepEqual(compare(theirs, mine, 'x'), breaches))
})

test('the table is derived from several versions at once', () => {
  const definition = (spec: object) => ({
    kind: 'CustomResourceDefinition',
    spec: {
      names: { plural: 'things' },
      versions: [{ schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } }],
    },
  })
  const older = definition({
    type: 'object',
    required: ['a', 'b'],
    properties: { a: { type: 'string' }, b: { type: 'array', items: { type: 'integer', format: 'int32' } } },
  })
  const newer = definition({
    type: 'object',
    required: ['a'],
    properties: {
      a: { type: 'string', enum: ['x'] },
      b: { type: 'array', items: { 'x-kubernetes-int-or-string': true } },
      c: { type: 'object', additionalProperties: { type: 'string', format: 'date-time' } },
      d: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      e: { 'x-kubernetes-preserve-unknown-fields': true },
    },
  })
  assert.deepEqual(deriveFields([older, newer]), [
    'things object',
    ' spec object',
    '  a string required',
    '  b array',
    '   [] int-or-string,integer:int32',
    '  c map',
    '   {} string:date-time',
    '  d open',
    '  e any',
  ])
})
