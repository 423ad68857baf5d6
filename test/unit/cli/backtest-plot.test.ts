/** Pictures of cases: what must be seen in them is there, and no name from outside becomes markup. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlanGate } from '../../../analysis/domain/backtest/plan.ts'
import { renderPlot } from '../../../cli/backtest/plot-svg.ts'

const gate: PlanGate = {
  name: 'error <rate>',
  gate: 'errorRate',
  rule: {
    direction: 'up',
    alpha: 0.01,
    beta: 1 / 3,
    toleranceRatio: 1.2,
    toleranceExcess: 0,
    minEvents: 5,
    target: 3,
    earlyPass: false,
    warmupMs: 0,
  },
  historyMs: 0,
  onUndecided: 'pause',
  maxHoldMs: 0,
  watchesFrom: 0,
}

test('a picture has both arms, the evidence with its limit, the stages and the abort; names are text', () => {
  const points = [0, 1, 2].map((minute) => ({
    at: minute * 60_000,
    canary: { bad: 5 * minute, total: 100 },
    stable: { bad: 1, total: 100 },
    evidence: 10 ** minute,
    ratio: 1,
    finding: 'none' as const,
  }))
  const svg = renderPlot({
    title: '<script>',
    since: 0,
    gates: [gate],
    weights: [5],
    played: {
      outcome: 'aborted',
      at: 120_000,
      stage: 0,
      gate: gate.name,
      reason: 'Regression',
      stages: [{ startedAt: 0, endedAt: 120_000 }],
      points: [points],
      detectable: [{ firstStage: 2, plan: 2 }],
    },
  })
  assert.equal(svg.match(/<polyline /g)?.length, 3)
  assert.match(svg, /limit 100 : 1/)
  assert.match(svg, /stage 1: 5 %/)
  assert.match(svg, /aborted by error &lt;rate&gt;: Regression/)
  assert.doesNotMatch(svg, /<script>|<rate>|NaN|Infinity|undefined/)
})
