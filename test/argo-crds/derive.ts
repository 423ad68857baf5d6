/**
 * Derives `fields.txt` from the CustomResourceDefinitions of Argo Rollouts, several versions at a time: paths, types and what is required, and
 * nothing else. Run by hand when a new version is to be held against ours; the definitions themselves are not kept here.
 *
 *   npx tsx test/argo-crds/derive.ts FOLDER [FOLDER ...] > test/argo-crds/fields.txt     (each with the five files of manifests/crds)
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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

const definitions = process.argv.slice(2).flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => parse(readFileSync(join(folder, name), 'utf8')))
    .filter((object) => object?.kind === 'CustomResourceDefinition'),
)
for (const plural of [...new Set(definitions.map(({ spec }) => spec.names.plural as string))].sort()) {
  const schemas = definitions
    .filter(({ spec }) => spec.names.plural === plural)
    .map(({ spec }) => spec.versions[0].schema.openAPIV3Schema as Schema)
  for (const line of describe(plural, schemas, false, 0)) process.stdout.write(`${line}\n`)
}
