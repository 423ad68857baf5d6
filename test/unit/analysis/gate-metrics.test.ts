/** Verdicts of gates are counted by gate and outcome, and nothing else: names of runs would be a series each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeGate } from '../../../analysis/domain/gates/judge-gate.ts'
import { createRunMetrics } from '../../../analysis/reconcile/run-metrics.ts'
import { GATE_VERDICT } from '../../../controller/api/verdict.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { gateCase } from '../../builders/gate-case.ts'

test('ended measurements of gates are counted by outcome, other measurements are not', async () => {
  const registry = createMetricRegistry()
  const noRuns = { list: () => [] }
  const metrics = createRunMetrics(registry, noRuns)
  const verdict = JSON.stringify(judgeGate(gateCase({ canaryRate: 0.02 })))
  metrics.countVerdict({ phase: 'Failed', metadata: { [GATE_VERDICT]: verdict } })
  metrics.countVerdict({ phase: 'Failed', metadata: { [GATE_VERDICT]: verdict } })
  metrics.countVerdict({ phase: 'Failed', metadata: { [GATE_VERDICT]: 'broken' } })
  metrics.countVerdict({ phase: 'Successful' })
  const text = await registry.metrics()
  assert.match(text, /^penstock_gate_verdicts_total\{gate="errorRate",outcome="abort"\} 2$/m)
  assert.equal([...text.matchAll(/^penstock_gate_verdicts_total\{/gm)].length, 1)
  assert.match(text, /^penstock_analysis_verdicts_total\{verdict="Failed"\} 3$/m)
})
