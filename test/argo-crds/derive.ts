/**
 * Derives `fields.txt` from the CustomResourceDefinitions of Argo Rollouts, several versions at a time: paths, types and what is required, and
 * nothing else. Run by hand when a new version is to be held against ours; the definitions themselves are not kept here.
 *
 *   npx tsx test/argo-crds/derive.ts FOLDER [FOLDER ...] > test/argo-crds/fields.txt     (each with the five files of manifests/crds)
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

interface Schema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

/** Pod templates and Job specs are Kubernetes' own: their fields are not told. */
function nameType(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string']) return 'int-or-string'
  const { properties } = schema
  if (properties?.spec?.properties?.containers) return 'pod-template'
  if (properties?.backoffLimit) return 'job-spec'
  if (schema.type === undefined) return 'any'
  if (schema.type === 'object' && !properties && !schema.additionalProperties) return 'open'
  if (schema.type === 'object') return schema.additionalProperties ? 'map' : 'object'
  return [schema.type, ...(schema.format ? [schema.format] : [])].join(':')
}

function childrenOf(schema: Schema): readonly (readonly [string, Schema])[] {
  if (['pod-template', 'job-spec', 'any', 'open', 'int-or-string'].includes(nameType(schema))) return []
  const named = Object.entries(schema.properties ?? {})
  const items = schema.items ? ([['[]', schema.items]] as const) : []
  const values = schema.additionalProperties ? ([['{}', schema.additionalProperties]] as const) : []
  return [...named, ...items, ...values]
}

/** One line per field, all versions in one: a field is required when every version that has its parent says so. */
function* describe(name: string, versions: readonly Schema[], isRequired: boolean, depth: number): Generator<string> {
  const types = [...new Set(versions.map(nameType))].sort().join(',')
  const enums = versions.map((schema) => schema.enum)
  const values = enums.every((one) => one !== undefined) ? [...new Set(enums.flat())].sort().join('|') : ''
  yield [
    `${' '.repeat(depth)}${name}`,
    types,
    ...(isRequired ? ['required'] : []),
    ...(values ? [`enum=${values}`] : []),
  ].join(' ')
  const names = [...new Set(versions.flatMap((schema) => childrenOf(schema).map(([child]) => child)))].sort()
  for (const child of names) {
    const found = versions.flatMap((schema) =>
      childrenOf(schema).flatMap(([key, value]) => (key === child ? [value] : [])),
    )
    const required = versions.every((schema) => schema.required?.includes(child) ?? false)
    yield* describe(child, found, required, depth + 1)
  }
}

interface Definition {
  readonly kind: string
  readonly spec: {
    readonly names: { readonly plural: string }
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[]
  }
}

/** The lines of the table, from definitions of one or more versions. */
export const deriveFields = (definitions: readonly Definition[]): readonly string[] =>
  [...new Set(definitions.map(({ spec }) => spec.names.plural))].sort().flatMap((plural) => {
    const schemas = definitions
      .filter(({ spec }) => spec.names.plural === plural)
      .flatMap(({ spec }) => spec.versions.slice(0, 1).map(({ schema }) => schema.openAPIV3Schema))
    return [...describe(plural, schemas, false, 0)]
  })

const readFolder = (folder: string): readonly Definition[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => parse(readFileSync(join(folder, name), 'utf8')) as Definition)
    .filter(({ kind }) => kind === 'CustomResourceDefinition')

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const line of deriveFields(process.argv.slice(2).flatMap(readFolder))) process.stdout.write(`${line}\n`)
