/** Texts of verdicts for a guide, as the judge gives them for made-up but exact samples: seeded, so that they are the same everywhere. */
import { NARROW_SPACE } from '../../../analysis/domain/gates/format.ts'
import type { GateCase } from '../../../analysis/domain/gates/gate-case.ts'
import { judgeGate } from '../../../analysis/domain/gates/judge-gate.ts'
import { CASE_START, gateCase } from '../../builders/gate-case.ts'

const STAGE_MINUTES = 5
const LOOK_MS = 15_000

/** The look that gives the last word, or the last one. */
function renderFirstFinal(at: (now: number) => GateCase, minutes: number): string {
  const first = CASE_START + LOOK_MS
  const looks = Array.from({ length: (minutes * 60_000) / LOOK_MS }, (_, index) => first + index * LOOK_MS)
  const verdicts = looks.map((now) => judgeGate(at(now)))
  const told = verdicts.find(({ final }) => final) ?? verdicts.at(-1)
  return renderBlock(told?.text ?? '')
}

const renderBlock = (text: string): string => `\`\`\`\n${text.replaceAll(NARROW_SPACE, ' ')}\n\`\`\``

const queries = { queries: ['orders_completed_total{app="shop",rollouts_pod_template_hash=~"7d4b9c|6b678c"}'] }

/** All that the controller knows of a stage. */
const stage: GateCase['stage'] = { endsAt: CASE_START + STAGE_MINUTES * 60_000, maxHoldMs: STAGE_MINUTES * 60_000 }
const busy = { rps: 400, stablePods: 9 }
const quiet = { rps: 20, weightPercent: 5, stablePods: 9 }

/** By name. */
export const verdictExamples: Readonly<Record<string, () => string>> = {
  abort: () => {
    const whole = gateCase({ canaryRate: 0.025, minutes: STAGE_MINUTES, stablePods: 9 }, { stage })
    return renderFirstFinal((now) => ({ ...whole, series: upTo(whole, now), now: now + 3_000 }), STAGE_MINUTES)
  },
  pass: () => renderBlock(judgeGate(gateCase(busy, { stage })).text),
  hold: () => renderBlock(judgeGate(gateCase(quiet, { stage })).text),
  'hold-events': () =>
    renderBlock(judgeGate(gateCase({ ...quiet, role: 'events', stableRate: 0.02, minutes: 2 }, { stage })).text),
  error: () => renderBlock(judgeGate(gateCase({ role: 'events' }, { series: [], stage, ...queries })).text),
}

/** What had been scraped by then. */
const upTo = ({ series }: GateCase, now: number): GateCase['series'] =>
  series.map((one) => {
    const length = one.times.filter((time) => time <= now).length
    return { ...one, times: one.times.slice(0, length), values: one.values.slice(0, length) }
  })
