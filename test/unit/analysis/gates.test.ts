/** The shipped gates become runs that pass our own validation once their arguments are given. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { decide } from '../../../analysis/domain/decide.ts'
import type { AnalysisTemplate } from '../../../controller/api/analysis.ts'
import { buildAnalysisRun } from '../../../controller/domain/analysis/analysis-runs.ts'

const names = ['error-rate-spike', 'p99-latency', 'business-events', 'triple-gate'] as const
const given = [
  { name: 'namespace', value: 'shop' },
  { name: 'service', value: 'checkout' },
  { name: 'canary-hash', valueFrom: { podTemplateHashValue: 'Latest' as const } },
  { name: 'stable-hash', valueFrom: { podTemplateHashValue: 'Stable' as const } },
]
const readGate = (name: string): AnalysisTemplate =>
  parse(readFileSync(new URL(`../../../charts/penstock/files/gates/${name}.yaml`, import.meta.url), 'utf8'))

function build(templateNames: readonly string[]) {
  return buildAnalysisRun({
    rollout: { metadata: { name: 'checkout', namespace: 'shop', uid: 'u' }, spec: {} },
    podHash: { stable: 'aaa', latest: 'bbb' },
    revision: 2,
    kind: 'Background',
    analysis: {
      templates: templateNames.map((templateName) => ({ templateName, clusterScope: true })),
      args: [...given, { name: 'event-metric', value: 'orders_total' }],
    },
    templates: Object.fromEntries(names.map((name) => [`cluster/${name}`, readGate(name)])),
    nameSuffix: '',
  })
}

describe('the gates', () => {
  for (const name of names) {
    test(`${name} is a ClusterAnalysisTemplate under its file's name`, () => {
      const gate = readGate(name)
      assert.deepEqual([gate.kind, gate.metadata.name], ['ClusterAnalysisTemplate', name])
    })
  }

  for (const chosen of [...names.map((name) => [name]), names.slice(0, 3)]) {
    test(`${chosen.join(' and ')} can be measured with the defaults`, () => {
      const outcome = build(chosen)
      assert.ok('run' in outcome, 'problem' in outcome ? outcome.problem : '')
      assert.equal(outcome.run.spec.metrics.length, chosen[0] === 'triple-gate' ? 3 : chosen.length)
      const plan = decide({ run: outcome.run, mode: 'strict', now: 0 })
      assert.equal(plan.do, 'measure', 'message' in plan ? plan.message : '')
    })
  }
})
