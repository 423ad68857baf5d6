/** What people are told of a gate: why an update paused, and an abort in the gate's own words once, behind Argo's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeGate } from '../../../analysis/domain/gates/judge-gate.ts'
import type { AnalysisPhase, AnalysisRun } from '../../../controller/api/analysis.ts'
import { GATE_VERDICT, type GateVerdict } from '../../../controller/api/verdict.ts'
import { abortByAnalysis, haltsOf } from '../../../controller/domain/analysis/analyses.ts'
import { describeUndecidedGates } from '../../../controller/domain/analysis/gate-words.ts'
import { gateCase } from '../../builders/gate-case.ts'

const failed = judgeGate(gateCase({ canaryRate: 0.02 }))
const held = judgeGate(gateCase({ rps: 20, weightPercent: 5, minutes: 10 }))

const runOf = (phase: AnalysisPhase, verdict: GateVerdict, dryRun = false): AnalysisRun => ({
  metadata: { name: 'web-bbb-2' },
  spec: { metrics: [{ name: 'error-rate', provider: {} }] },
  status: {
    phase,
    message: `Metric "error-rate" assessed ${phase} due to x: "Error Message: ${verdict.text}"`,
    metricResults: [
      {
        name: 'error-rate',
        phase,
        ...(dryRun ? { dryRun } : {}),
        measurements: [{ phase, value: '{"evidence":1}', metadata: { [GATE_VERDICT]: JSON.stringify(verdict) } }],
      },
    ],
  },
})
const inquiryOf = (run: AnalysisRun) => [{ kind: 'Step', run, due: undefined } as const]

describe('gates: what people are told', () => {
  test('an abort has Argo’s words first, then the verdict, and no value that says it again', () => {
    const cause = abortByAnalysis(inquiryOf(runOf('Failed', failed)))
    assert.match(
      cause?.message ?? '',
      /^Step-based analysis phase error\/failed: Metric "error-rate" assessed Failed due to x: "Error Message: ABORT {2}error-rate .*\n {2}canary /,
    )
    assert.equal(cause?.details, undefined)
  })

  test('a metric that is no gate still says what it measured', () => {
    const plain = runOf('Failed', failed)
    const metricResults = [
      { name: 'm', phase: 'Failed' as const, measurements: [{ phase: 'Failed' as const, value: '0.2' }] },
    ]
    assert.equal(
      abortByAnalysis(inquiryOf({ ...plain, status: { phase: 'Failed', metricResults } }))?.details,
      'm measured 0.2',
    )
  })

  test('a pause has the finding, the counts and the evidence', () => {
    const [halt] = haltsOf(inquiryOf(runOf('Inconclusive', held)))
    const lines = halt?.subject?.split('\n') ?? []
    assert.match(lines[0] ?? '', /^an analysis is inconclusive: HOLD {3}error-rate .*a person has to decide\.$/)
    assert.match(lines[1] ?? '', /^ {2}canary \d/)
    assert.match(lines[2] ?? '', /^ {2}evidence /)
    assert.equal(lines.length, 3)
  })

  test('without a gate, or with one that is only tried, nothing is added', () => {
    assert.equal(describeUndecidedGates(runOf('Inconclusive', held, true)), undefined)
    const measurements = [{ phase: 'Inconclusive' as const, metadata: { [GATE_VERDICT]: '{"version":7}' } }]
    const metricResults = [{ name: 'error-rate', phase: 'Inconclusive' as const, measurements }]
    const later = { ...runOf('Inconclusive', held), status: { phase: 'Inconclusive' as const, metricResults } }
    assert.equal(describeUndecidedGates(later), undefined)
    const [halt] = haltsOf(inquiryOf({ ...runOf('Inconclusive', held), status: { phase: 'Inconclusive' } }))
    assert.deepEqual(halt, { reason: 'InconclusiveAnalysisRun', name: 'web-bbb-2' })
  })
})
