/** The CRDs are structural, say what Argo's say about names and subresources, refuse nothing that Argo's take, and match their files. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { renderCrdFiles } from '../../../charts/crd-files.ts'
import { renderCrds } from '../../../controller/api/crd/crds.ts'
import { findDescription } from '../../../controller/api/crd/describe.ts'
import { analysisDescriptions, experimentDescriptions } from '../../../controller/api/crd/descriptions-analysis.ts'
import { rolloutDescriptions } from '../../../controller/api/crd/descriptions-rollout.ts'
import { sharedDescriptions } from '../../../controller/api/crd/descriptions-shared.ts'
import { type StructuralSchema, structuralSchema } from '../../../controller/api/crd/structural.ts'
import { intOrString, OPTIONAL_ON_WIRE, openObject, stringMap } from '../../../controller/api/scalars.ts'

const crdFolder = new URL('../../../charts/penstock/crds/', import.meta.url)

const rootOf = (plural: string): StructuralSchema => {
  const crd = renderCrds().find((candidate) => candidate.spec.names.plural === plural)
  const version = crd?.spec.versions[0]
  assert.ok(version, `no CRD for ${plural}`)
  return version.schema.openAPIV3Schema
}

/** The schema at a dotted path; `[]` enters a list. */
const at = (root: StructuralSchema, path: string): StructuralSchema =>
  path.split('.').reduce((schema, name) => {
    const child = name === '[]' ? schema.items : schema.properties?.[name]
    assert.ok(child, `${path}: no ${name}`)
    return child
  }, root)

/** Calls `visit` for the schema and everything in it. */
function walk(schema: StructuralSchema, path: string, visit: (schema: StructuralSchema, path: string) => void): void {
  visit(schema, path)
  for (const [name, child] of Object.entries(schema.properties ?? {})) walk(child, `${path}.${name}`, visit)
  if (schema.items) walk(schema.items, `${path}[]`, visit)
  if (schema.additionalProperties) walk(schema.additionalProperties, `${path}{}`, visit)
}

describe('CRD files', () => {
  test('the files of the chart are what the schemas render', () => {
    const rendered = renderCrdFiles()
    assert.deepEqual(readdirSync(crdFolder).sort(), [...rendered.keys()].sort())
    for (const [name, text] of rendered)
      assert.equal(readFileSync(new URL(name, crdFolder), 'utf8'), text, `${name} is stale: run npm run generate`)
  })

  test("names, scope and subresources are Argo's; only Rollout has /status and /scale", () => {
    const summary = renderCrds().map(({ spec }) => [
      spec.names.plural,
      spec.names.kind,
      spec.names.shortNames.join(),
      spec.scope,
      Object.keys(spec.versions[0]?.subresources ?? {}).join(),
    ])
    assert.deepEqual(summary, [
      ['rollouts', 'Rollout', 'ro', 'Namespaced', 'scale,status'],
      ['analysistemplates', 'AnalysisTemplate', 'at', 'Namespaced', ''],
      ['clusteranalysistemplates', 'ClusterAnalysisTemplate', 'cat', 'Cluster', ''],
      ['analysisruns', 'AnalysisRun', 'ar', 'Namespaced', ''],
      ['experiments', 'Experiment', 'exp', 'Namespaced', ''],
    ])
  })

  test('kubectl get shows the columns that people know', () => {
    const age = 'Age date .metadata.creationTimestamp'
    const phase = 'Status string .status.phase'
    const columns = renderCrds().map(({ spec }) =>
      (spec.versions[0]?.additionalPrinterColumns ?? []).map(
        ({ name, type, jsonPath }) => `${name} ${type} ${jsonPath}`,
      ),
    )
    assert.deepEqual(columns, [
      [
        'Desired integer .spec.replicas',
        'Current integer .status.replicas',
        'Up-to-date integer .status.updatedReplicas',
        'Available integer .status.availableReplicas',
        age,
      ],
      [age],
      [age],
      [phase, age],
      [phase, age],
    ])
  })

  test('an autoscaler reads and writes what it does with Argo', () => {
    assert.deepEqual(renderCrds()[0]?.spec.versions[0]?.subresources?.scale, {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.HPAReplicas',
      labelSelectorPath: '.status.selector',
    })
  })

  test('every field has a sentence, and every sentence a field', () => {
    const used = new Set<string>()
    for (const { spec } of renderCrds())
      walk(rootOf(spec.names.plural), spec.names.plural, (schema, path) => {
        for (const [name, field] of Object.entries(schema.properties ?? {})) {
          // The API server takes no word about the metadata of a whole object.
          if (path === spec.names.plural && name === 'metadata') {
            assert.deepEqual(field, { type: 'object' })
            continue
          }
          assert.ok(field.description, `${path}.${name}: say what it means in controller/api/crd/descriptions-*.ts`)
          assert.match(field.description, /^[A-Z{].*\.$/, `${path}.${name}`)
          used.add(field.description)
        }
      })
    const tables = [sharedDescriptions, rolloutDescriptions, analysisDescriptions, experimentDescriptions]
    const stale = tables.flatMap((table) => Object.entries(table).filter(([, sentence]) => !used.has(sentence)))
    assert.deepEqual(stale, [])
  })

  test('the selector is immutable by CEL and nothing else is', () => {
    const rules: string[] = []
    for (const { spec } of renderCrds())
      walk(rootOf(spec.names.plural), spec.names.plural, (schema, path) => {
        for (const { rule } of schema['x-kubernetes-validations'] ?? []) rules.push(`${path}: ${rule}`)
      })
    assert.deepEqual(rules, ['rollouts.spec.selector: self == oldSelf'])
  })

  test('every object below the root keeps unknown fields, so that stored objects stay whole', () => {
    for (const { spec } of renderCrds())
      walk(rootOf(spec.names.plural), spec.names.plural, (schema, path) => {
        const isRoot = path === spec.names.plural || path === `${spec.names.plural}.metadata`
        if (schema.type !== 'object' || isRoot) return
        const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties
        assert.ok(keeps, `${path} would be pruned`)
      })
  })

  test('a schema is structural: one type each, and maps never carry named properties', () => {
    for (const { spec } of renderCrds())
      walk(rootOf(spec.names.plural), spec.names.plural, (schema, path) => {
        assert.ok(schema.type || schema['x-kubernetes-int-or-string'], `${path} has no type`)
        assert.ok(!(schema.properties && schema.additionalProperties), `${path} is a map and a struct`)
        if (schema.type === 'array') assert.ok(schema.items, `${path} has no items`)
      })
  })

  test('what Argo takes without a name is taken here too', () => {
    const rollout = rootOf('rollouts')
    assert.equal(at(rollout, 'spec.strategy.canary.steps.[].analysis.templates.[]').required, undefined)
    assert.equal(at(rollout, 'spec.strategy.canary.steps.[].setHeaderRoute').required, undefined)
    assert.deepEqual(at(rollout, 'spec.strategy.canary.steps.[].plugin').required, ['name'])
  })
})

test('the longest end of a path that is in the table gives its sentence', () => {
  const table = { 'a.b': 'long', b: 'short', 'x.a.b': 'longest' }
  assert.deepEqual(
    [['b'], ['c', 'b'], ['a', 'b'], ['x', 'a', 'b'], ['y', 'a', 'b'], ['c']].map((path) =>
      findDescription(path, table),
    ),
    ['short', 'short', 'long', 'longest', 'long', undefined],
  )
})

describe('structuralSchema', () => {
  test('an int-or-string loses its union', () => {
    assert.deepEqual(structuralSchema(intOrString), { 'x-kubernetes-int-or-string': true })
  })

  test('integers are int32 without the range that zod adds; stated bounds and int64 stay', () => {
    assert.deepEqual(structuralSchema(z.int()), { type: 'integer', format: 'int32' })
    assert.deepEqual(structuralSchema(z.int().min(0).max(100)), {
      type: 'integer',
      format: 'int32',
      minimum: 0,
      maximum: 100,
    })
    assert.equal(structuralSchema(z.int().meta({ format: 'int64' })).format, 'int64')
  })

  test('an enumeration becomes a string: the validator names the allowed values', () => {
    assert.deepEqual(structuralSchema(z.enum(['a', 'b'])), { type: 'string' })
  })

  test('maps, open maps and structs', () => {
    assert.deepEqual(structuralSchema(stringMap), { type: 'object', additionalProperties: { type: 'string' } })
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    assert.deepEqual(structuralSchema(openObject), open)
    assert.deepEqual(structuralSchema(z.record(z.string(), openObject)), open)
    assert.deepEqual(
      structuralSchema(z.looseObject({ a: z.string(), b: z.string().meta({ [OPTIONAL_ON_WIRE]: true }) })),
      { ...open, properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['a'] },
    )
  })

  test('a union without a structural form stops the generator and names the path', () => {
    const schema = z.looseObject({ a: z.union([z.string(), z.boolean()]) })
    assert.throws(() => structuralSchema(schema), /\$\.a: anyOf has no form/)
  })
})
