/** The guide for gates names presets and arguments that there are, and its steps give triple-gate what it needs. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import type { AnalysisTemplate } from '../../../controller/api/analysis.ts'
import { gatePresetIds } from '../../../controller/api/gate.ts'
import { planGate } from '../../../controller/metric-language/gate-plan.ts'
import { listBlocks, namesIn, readText, tableBelow } from './documents.ts'

const guide = readText('docs/guides/gates.md')
const tripleGate = parse(readText('charts/penstock/files/gates/triple-gate.yaml')) as AnalysisTemplate
const declared = tripleGate.spec.args ?? []

interface Step {
  readonly analysis?: { readonly args: readonly { readonly name: string }[] }
}

describe('docs: the guide for gates', () => {
  test('every preset has a row, and every row is a preset', () =>
    assert.deepEqual(
      tableBelow(guide, '## Which preset')
        .flatMap(([, cell]) => namesIn(cell))
        .sort(),
      [...gatePresetIds].sort(),
    ))

  test('its steps give triple-gate arguments that it has, and all that it needs', () => {
    const block = listBlocks(guide).find(({ text }) => text.includes('templateName: triple-gate'))
    const steps: readonly Step[] = parse(block?.text ?? '[]')
    const given = steps.flatMap(({ analysis }) => (analysis ? [analysis.args.map(({ name }) => name)] : []))
    assert.equal(given.length, 4)
    const needed = declared.filter(({ value }) => value === undefined).map(({ name }) => name)
    for (const names of given) {
      assert.deepEqual(
        names.filter((name) => !declared.some((one) => one.name === name)),
        [],
      )
      assert.deepEqual(
        needed.filter((name) => !names.includes(name)),
        [],
      )
    }
  })

  test('stable may be empty with nginx-ingress, and with no other preset', () => {
    for (const preset of gatePresetIds) {
      const { problems } = planGate({ gate: 'latency', preset, buckets: 'b_bucket', canary: 'x', stable: '' })
      assert.equal(
        problems.some(({ field }) => field === 'stable'),
        preset !== 'nginx-ingress',
        preset,
      )
    }
  })
})
