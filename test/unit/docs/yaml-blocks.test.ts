/**
 * Every example that a reader may copy is accepted by the product's own lint: YAML blocks of the documents, and the manifests that the
 * guides and the story apply.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { lintText } from '../../../cli/lint/lint-text.ts'
import { validators } from '../../../cli/lint/validators.ts'
import { type Block, listBlocks, listDocuments, listFiles, readText } from './documents.ts'

/** Findings as sentences; warnings count too, because an example has no unknown fields. */
const findProblems = (source: string, text: string): readonly string[] =>
  lintText(source, text, validators).problems.map(
    ({ line, field, message, fix }) => `${source}:${line} ${field} ${message}${fix === undefined ? '' : ` (${fix})`}`,
  )

interface Example extends Block {
  readonly source: string
}

const examples: readonly Example[] = listDocuments().flatMap((path) =>
  listBlocks(readText(path))
    .filter(({ language }) => language === 'yaml')
    .map((block) => ({ ...block, source: `${path}:${block.line}` })),
)

/** A block may be a part of a Rollout: a list of steps, or what stands below `strategy` or `canary`. It is linted in a Rollout around it. */
function completeManifest(text: string): string {
  const value: unknown = parseAllDocuments(text)[0]?.toJS()
  const isSteps = Array.isArray(value)
  const canary = isSteps ? { steps: value } : readFragment(value)
  if (canary === undefined) return text
  return JSON.stringify({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'example' },
    spec: {
      selector: { matchLabels: { app: 'example' } },
      template: { metadata: { labels: { app: 'example' } }, spec: { containers: [{ name: 'a', image: 'b' }] } },
      strategy: { canary },
    },
  })
}

function readFragment(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if ('strategy' in value) return (value.strategy as { canary?: unknown } | null)?.canary
  return 'canary' in value ? value.canary : undefined
}

describe('YAML blocks of the documents', () => {
  test('there are some', () => assert.ok(examples.length >= 5))
  for (const { source, text } of examples) {
    test(`${source} is YAML and passes the lint`, () => {
      const faults = parseAllDocuments(text).flatMap(({ errors }) => errors.map(({ message }) => message))
      assert.deepEqual(faults, [])
      assert.deepEqual(findProblems(source, completeManifest(text)), [])
    })
  }
})

describe('manifests to apply', () => {
  const manifests = ['docs', 'sandbox', 'charts/penstock/files'].flatMap((folder) =>
    listFiles(folder, ['.yaml', '.yml']),
  )
  test('there are some', () => assert.ok(manifests.length >= 2))
  for (const path of manifests)
    test(`${path} passes the lint`, () => assert.deepEqual(findProblems(path, readText(path)), []))
})

test('the lint that is asked here does find faults', () => {
  assert.match(findProblems('x', completeManifest('- setWieght: 20\n')).join('\n'), /setWieght/)
  assert.match(
    findProblems('x', completeManifest('canary: { steps: [{ setWeight: 101 }] }\n')).join('\n'),
    /between 0 and 100/,
  )
})
