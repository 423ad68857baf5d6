/**
 * Texts of verdicts for a guide, in the product's own words. Their numbers were given by the judge once, for a release with 2.5 % failing requests, a healthy
 * one, and one at 20 requests/s; they stand here so that only the words can change.
 */
import { NARROW_SPACE } from '../../../analysis/domain/gates/format.ts'
import { judgeGate } from '../../../analysis/domain/gates/judge-gate.ts'
import type { VerdictNumbers } from '../../../analysis/domain/gates/text-lines.ts'
import { renderVerdictText } from '../../../analysis/domain/gates/verdict-text.ts'
import { gateCase } from '../../builders/gate-case.ts'

const selectorOfErrors = 'http_requests_total{pod=~"checkout-.*",rollouts_pod_template_hash="7d4b9c"}'

const common = {
  version: 1,
  gate: 'errorRate',
  problems: [],
  lookedAt: '2026-03-02T10:02:48.000Z',
  exposedSeconds: 156,
  ticks: 5,
  evidenceLimit: 300,
  toleranceLimit: 3,
  tolerance: 1.2,
  toleranceExcess: 0.001,
  noise: { phi: 1.4, live: 1.3, historySeconds: 14_400 },
  excess: 18.4,
  expected: 3.6,
  stableBefore: { bad: 5100, total: 1_000_000 },
  queries: [`sum by (code) (rate(${selectorOfErrors}[1m]))`],
} satisfies Partial<VerdictNumbers>

/** Of 5, 10, 25, 50 and 100 %. */
const first = { number: 1, count: 5, weightPercent: 5, nextWeightPercent: 10 }
const second = { number: 2, count: 5, weightPercent: 10, nextWeightPercent: 25 }

const abort: VerdictNumbers = {
  ...common,
  stage: second,
  outcome: 'abort',
  reason: 'Regression',
  final: true,
  canary: { bad: 22, total: 753 },
  stable: { bad: 32, total: 6627 },
  ratio: 6.09,
  ratioLower: 1.19,
  ratioUpper: 24.7,
  evidence: 682,
  toleranceEvidence: 289,
  target: { ratio: 3, caught: false },
  top: { detail: '503 POST /checkout', bad: 22, of: 22 },
}

const pass: VerdictNumbers = {
  ...common,
  stage: second,
  outcome: 'pass',
  reason: 'WouldHaveBeenCaught',
  final: true,
  canary: { bad: 37, total: 8414 },
  stable: { bad: 380, total: 75_791 },
  ratio: 0.87,
  ratioLower: 0.33,
  ratioUpper: 1.85,
  evidence: 0.4,
  toleranceEvidence: 0.3,
  smallestDetectable: 2.13,
  target: { ratio: 3, caught: true },
}

const hold: VerdictNumbers = {
  ...common,
  stage: first,
  outcome: 'hold',
  reason: 'Undecided',
  final: false,
  canary: { bad: 2, total: 173 },
  stable: { bad: 18, total: 3975 },
  ratio: 2.58,
  ratioUpper: 35.9,
  evidence: 0.9,
  toleranceEvidence: 0.7,
  smallestDetectable: 16.4,
  target: { ratio: 3.2, caught: false, seconds: 3270, nextWeightSeconds: 1500 },
}

const events: VerdictNumbers = {
  ...common,
  stage: first,
  gate: 'events',
  outcome: 'hold',
  reason: 'Watching',
  final: false,
  noun: { one: 'order', many: 'orders' },
  canary: { bad: 1, total: 24 },
  stable: { bad: 13, total: 580 },
  ratio: 1.88,
  evidence: 0.7,
  toleranceEvidence: 0.6,
  tolerance: 0.8,
  toleranceExcess: 0,
  expected: 0.5,
  target: { ratio: 0.001, caught: false, events: 12, seconds: 690, nextWeightSeconds: 300 },
  stableBefore: { bad: 20_000, total: 1_000_000 },
  queries: ['orders_completed_total{pod=~"checkout-.*",rollouts_pod_template_hash=~"7d4b9c|6b678c"}'],
}

const renderBlock = (text: string): string => `\`\`\`\n${text.replaceAll(NARROW_SPACE, ' ')}\n\`\`\``

/** By name. */
export const verdictExamples: Readonly<Record<string, () => string>> = {
  abort: () => renderBlock(renderVerdictText(abort)),
  pass: () => renderBlock(renderVerdictText(pass)),
  hold: () => renderBlock(renderVerdictText(hold)),
  'hold-events': () => renderBlock(renderVerdictText(events)),
  error: () =>
    renderBlock(
      judgeGate(gateCase({ role: 'events' }, { series: [], stage: { maxHoldMs: 0 }, queries: events.queries })).text,
    ),
}
