/**
 * From a gate's verdict to what becomes of its measurement: an error is an Error, users' conditions and the gate's own word decide the rest
 * (`gate-conditions.ts`), and what nobody decides goes on, with news or without (`gate-news.ts`). It must not judge evidence.
 */
import type { Measurement, Metric } from '../../../controller/api/analysis.ts'
import { GATE_KNOWLEDGE, GATE_VERDICT, type GateVerdict, readGateVerdict } from '../../../controller/api/verdict.ts'
import type { GatePlan } from '../../../controller/metric-language/gate-plan.ts'
import { askConditions, decideUnasked, renderGateValue, roundOrNull } from '../../domain/gates/gate-conditions.ts'
import { type GateFinding, type Gist, hasNews, readGist } from '../../domain/gates/gate-news.ts'
import { roundNumbers } from '../../domain/gates/round-numbers.ts'
import type { VerdictMode } from '../../domain/verdict.ts'
import type { LookOutcome } from '../long-provider.ts'

export interface Judged {
  readonly verdict: GateVerdict
  readonly metric: Metric
  readonly mode: VerdictMode
  readonly onUndecided: GatePlan['onUndecided']
  /** Text of what history taught; undefined while it is not needed yet. */
  readonly knowledge: string | undefined
  /** Epoch milliseconds of the next look. */
  readonly resumeAt: number
  /** What the open measurement holds; undefined where it has no verdict. */
  readonly stored: GateFinding | undefined
}

/** What would become of the measurement if its run ended now. */
const AT_END = 'at-end'

type Decided = Extract<LookOutcome, { kind: 'decided' }>

export function decideOutcome(judged: Judged): LookOutcome {
  const { verdict, metric, mode, resumeAt } = judged
  const metadata = renderMetadata(judged)
  if (verdict.outcome === 'error') return { kind: 'error', message: verdict.text, metadata }
  const value = renderGateValue(verdict)
  const decided = (phase: Decided['phase'], message = verdict.text): LookOutcome => ({
    kind: 'decided',
    phase,
    message,
    value: JSON.stringify(value),
    metadata,
  })
  const asked = askConditions(metric, value, mode)
  if (asked?.phase === 'Error') return { kind: 'error', message: asked.message ?? '', metadata }
  if (asked?.phase === 'Failed') return decided('Failed', `${renderCondition(metric, 'failure')}\n${verdict.text}`)
  if (asked?.phase === 'Successful') return decided('Successful')
  const own = decideUnasked(verdict, metric, hasStageEnded(verdict))
  if (own !== undefined) return decided(own)
  const found = { ...readGist(verdict), atEnd: metadata[AT_END], hasLearnt: judged.knowledge !== undefined }
  const isUnchanged = !hasNews(judged.stored, found, resumeAt)
  return { kind: 'running', resumeAt, value: JSON.stringify(value), metadata, ...(isUnchanged ? { isUnchanged } : {}) }
}

const renderCondition = (metric: Metric, name: 'failure' | 'success'): string =>
  `${name}Condition ${metric[`${name}Condition`] ?? ''} is true`

const hasStageEnded = ({ stage }: GateVerdict): boolean => (stage?.secondsLeft ?? 1) <= 0

function renderMetadata(judged: Judged): Readonly<Record<string, string>> {
  const { verdict, knowledge } = judged
  const { evidence, ratio, ratioLower, ratioUpper, noise, canary, smallestDetectable } = verdict
  const numbers = {
    evidence,
    ratio,
    lo: ratioLower,
    hi: ratioUpper,
    phi: noise.phi,
    n: canary.total,
    mde: smallestDetectable,
  }
  return {
    [GATE_VERDICT]: JSON.stringify(roundNumbers(verdict)),
    ...Object.fromEntries(
      Object.entries(numbers).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, String(roundOrNull(value))]],
      ),
    ),
    [AT_END]: decideEnd(judged),
    ...(knowledge === undefined ? {} : { [GATE_KNOWLEDGE]: knowledge }),
  }
}

/** What an open measurement says about its gate; `gist`: of the verdict that it holds. */
export const readFinding = ({ metadata }: Pick<Measurement, 'metadata'>, gist: Gist): GateFinding => ({
  ...gist,
  atEnd: metadata?.[AT_END],
  hasLearnt: metadata?.[GATE_KNOWLEDGE] !== undefined,
})

/** A run that ends takes no more time: what is undecided then is settled as it would be after the longest hold. */
function decideEnd({ verdict, metric, onUndecided }: Judged): Decided['phase'] {
  const isWhole = verdict.reason === 'Watching' || verdict.reason === 'Undecided'
  if (!isWhole) return 'Inconclusive'
  if (verdict.target.caught) return metric.successCondition ? 'Inconclusive' : 'Successful'
  return ({ pause: 'Inconclusive', proceed: 'Successful', abort: 'Failed' } as const)[onUndecided]
}

/** What an open measurement amounts to when its run ends first. */
export function concludeGate(open: Measurement): Decided | undefined {
  const phase = open.metadata?.[AT_END]
  const verdict = readGateVerdict(open)
  if (!verdict || (phase !== 'Successful' && phase !== 'Inconclusive' && phase !== 'Failed')) return undefined
  return {
    kind: 'decided',
    phase,
    message: `${ENDED[phase]}\n${verdict.text}`,
    ...(open.value === undefined ? {} : { value: open.value }),
    ...(open.metadata === undefined ? {} : { metadata: open.metadata }),
  }
}

const ENDED = {
  Successful: 'the run was ended: nothing was found that would have been caught',
  Inconclusive: 'the run was ended before it could be decided',
  Failed: 'the run was ended undecided, and onUndecided is abort',
} as const
