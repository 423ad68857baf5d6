/**
 * Which stages a gate's self-test plays, and how long each lasts: what the release's note says of its weights, pauses and analyses. Pure; it plays nothing.
 *
 *   the note says of a stage        it lasts
 *   pauses, experiments with ends   as long as they take
 *   an analysis                     the gate's own `duration`, or 5 minutes, each
 *   a pause until somebody promotes the same once: nobody knows
 *   nothing                         no time: nothing is waited for
 *   no lengths (an older note)      the gate's own `duration`, or 5 minutes
 *   no stages                       5, 10, 25 and 50 %, each the same
 */
import type { ReleaseStage, StageLength } from '../../../controller/api/release-stage.ts'
import { formatSeconds, NARROW_SPACE } from '../gates/format.ts'
import { WAITED_FOR_MS } from '../gates/gate-stage.ts'

export interface SelfTestStage {
  readonly weightPercent: number
  readonly durationMs: number
}

const USUAL_WEIGHTS = [5, 10, 25, 50]

/** With all traffic on the canary, or none, there is nothing to compare. At least one stage. */
export function planStages(told: ReleaseStage | undefined, durationMs = WAITED_FOR_MS): readonly SelfTestStage[] {
  const stages = (told?.weights ?? []).map((weightPercent, index) => ({
    weightPercent,
    durationMs: told?.lengths === undefined ? durationMs : lengthOf(told.lengths[index] ?? {}, durationMs),
  }))
  const comparable = stages.filter(({ weightPercent }) => weightPercent > 0 && weightPercent < 100)
  return comparable.length > 0 ? comparable : USUAL_WEIGHTS.map((weightPercent) => ({ weightPercent, durationMs }))
}

const lengthOf = ({ seconds = 0, analyses = 0, untilPromoted }: StageLength, durationMs: number): number =>
  seconds * 1000 + (analyses + (untilPromoted ? 1 : 0)) * durationMs

/** A plan that takes longer than there is history is played with its longest stages shortened to one length. */
export function fitStages(stages: readonly SelfTestStage[], mostMs: number): readonly SelfTestStage[] {
  let left = mostMs
  let longest = 0
  const ascending = stages.map((stage) => stage.durationMs).toSorted((one, other) => one - other)
  for (const [index, durationMs] of ascending.entries()) {
    longest = Math.min(durationMs, Math.floor(left / (ascending.length - index)))
    left -= longest
  }
  return stages.map((stage) => ({ ...stage, durationMs: Math.min(stage.durationMs, longest) }))
}

/** More stages of unlike lengths are not listed one by one. */
const MOST_LISTED = 8

/** `5, 10, 25 % × 5 min` · `5 % 5 min, 25 % 1 h` · `of 40 stages, 2 to 80 %, 6 h`; what was shortened is told. */
export function renderStages(asked: readonly SelfTestStage[], played: readonly SelfTestStage[]): string {
  const [first] = asked
  const longest = Math.max(...played.map((stage) => stage.durationMs))
  const isShort = played.some(({ durationMs }, index) => durationMs < (asked[index]?.durationMs ?? 0))
  const cut = isShort ? `, no stage played longer than ${renderLength(longest)}` : ''
  const weights = asked.map(({ weightPercent }) => weightPercent)
  if (asked.every(({ durationMs }) => durationMs === first?.durationMs))
    return `${weights.join(', ')} % × ${renderLength(first?.durationMs ?? 0)}${cut}`
  if (asked.length <= MOST_LISTED)
    return `${asked.map((stage) => `${stage.weightPercent} % ${renderLength(stage.durationMs)}`).join(', ')}${cut}`
  const total = asked.reduce((sum, { durationMs }) => sum + durationMs, 0)
  return `of ${asked.length} stages, ${weights[0]} to ${weights.at(-1)} %, ${renderLength(total)}${cut}`
}

const renderLength = (ms: number): string => formatSeconds(ms / 1000).replaceAll(NARROW_SPACE, ' ')
