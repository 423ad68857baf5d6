/**
 * `penstock/gate`: compares the canary with stable at every look, from raw samples since the release began, until a verdict stands or the stage is
 * over. Evidence is computed anew at each look and belongs to the release, not to the run: a restart, an error or the next stage goes on with it.
 */
import { GATE_KNOWLEDGE, GATE_VERDICT, type GateVerdict, readGateVerdict } from '../../../controller/api/verdict.ts'
import { readLimits } from '../../../controller/metric-language/analysis-metric.ts'
import type { HistoryFacts } from '../../domain/gates/data-facts.ts'
import { digestText } from '../../domain/gates/digest.ts'
import { nameEvents } from '../../domain/gates/event-noun.ts'
import type { GateCase, GateRule } from '../../domain/gates/gate-case.ts'
import { type GateFinding, readGist } from '../../domain/gates/gate-news.ts'
import { judgeGate } from '../../domain/gates/judge-gate.ts'
import { type SampleLog, unpackSeries } from '../../domain/gates/sample-log.ts'
import type { GateSeries } from '../../domain/gates/samples.ts'
import type { LongProviderModule, LookOrder, LookOutcome, LookPorts } from '../long-provider.ts'
import type { GateReading } from './gate-reading.ts'
import { recallHours } from './hours.ts'
import { type GateKnowledge, parseKnowledge, renderKnowledge } from './knowledge.ts'
import { FEWEST_TICKS, learn } from './learn.ts'
import { estimateLookMs, nextLookAt } from './look-interval.ts'
import { createGateMemory, type GateMemory } from './memory.ts'
import { concludeGate, decideOutcome, readFinding } from './outcome.ts'
import { createPacer, type Pace } from './pacer.ts'
import { prepareGate } from './prepare.ts'
import { renderForPeople } from './queries.ts'
import { dropAllBounds, readSeries } from './read-series.ts'
import { type GatePlace, readPlace, recallPlace, stageOf, startOf } from './stage.ts'

export const createGate = (
  memory: GateMemory = createGateMemory(),
  pace: Pace = createPacer(),
): LongProviderModule => ({
  id: 'penstock/gate',
  look: (order, ports) => look(order, paceAnswers(ports, pace), { memory, pace }),
  conclude: concludeGate,
  forget: (runUid) => memory.forget(runUid),
})

const fail = (message: string): LookOutcome => ({ kind: 'error', message })

const notAskedFor: LookOutcome = {
  kind: 'decided',
  phase: 'Successful',
  message: 'not asked for: the metric names no event, so none can be missed',
}

/** Answers that arrive together are read in a turn each. */
const paceAnswers = (ports: LookPorts, pace: Pace): LookPorts => ({
  ...ports,
  async send(request, auth) {
    const response = await ports.send(request, auth)
    await pace()
    return response
  },
})

async function look(
  order: LookOrder,
  ports: LookPorts,
  { memory, pace }: Pick<GateReading, 'memory' | 'pace'>,
): Promise<LookOutcome> {
  const session = memory.session(keyOf(order))
  const prepared = prepareGate(order, ports, session)
  if ('problem' in prepared) return fail(prepared.problem)
  if (prepared.plan.isNotAskedFor) return notAskedFor
  const reading: GateReading = { ...prepared, order, memory, session, pace, since: startOf(order) }
  const judged = staysWaiting(reading) ? waiting : await judge(reading)
  if ('problem' in judged) return fail(judged.problem)
  const intervalMs =
    readLimits(order.metric).intervalMs || estimateLookMs(judged.log, prepared.plan.thresholds.leastTickMs)
  const resumeAt = nextLookAt(order.run.createdAt, order.now, intervalMs)
  if (judged.isWaiting) return { kind: 'running', resumeAt }
  return decideOutcome({
    ...judged,
    metric: order.metric,
    mode: order.mode,
    onUndecided: prepared.plan.onUndecided,
    resumeAt,
    stored: readStored(reading),
  })
}

function readStored({ order: { open }, session }: GateReading): GateFinding | undefined {
  const text = open?.metadata?.[GATE_VERDICT]
  const gist = text === undefined ? undefined : session.told([digestText(text)], () => gistOf(readGateVerdict(open)))
  return open && gist && readFinding(open, gist)
}

const gistOf = (verdict: GateVerdict | undefined) => verdict && readGist(verdict)

/** The case that a look at `order.now` judges, by what `order.open` had learnt: for a file of it. */
export async function readGateCase(
  order: LookOrder,
  ports: LookPorts,
): Promise<{ readonly gateCase: GateCase } | { readonly problem: string }> {
  const memory = createGateMemory()
  const session = memory.session(keyOf(order))
  const prepared = prepareGate(order, ports, session)
  if ('problem' in prepared) return prepared
  const reading: GateReading = { ...prepared, order, memory, session, pace: createPacer(), since: startOf(order) }
  const knowledge = parseKnowledge(order.open?.metadata?.[GATE_KNOWLEDGE])
  const read = await readSeries(reading, knowledge?.les)
  const place = recallPlace(order.open)
  return 'problem' in read ? read : { gateCase: buildCase(reading, read.log, knowledge, place) }
}

const keyOf = ({ run, metric }: LookOrder): string => `${run.uid}\n${metric.name}`

interface JudgedSeries {
  readonly isWaiting: false
  readonly verdict: GateVerdict
  /** As it is stored; undefined while it is not needed yet. */
  readonly knowledge: string | undefined
  readonly log: SampleLog
}

/** Others read their history just now: it has no say before it knows the service's noise. */
interface Waiting {
  readonly isWaiting: true
  readonly log: SampleLog
}

const waiting: Waiting = { isWaiting: true, log: [] }

/** Then there is nothing to look for in the samples, except by the gate that needs no history to tell that more than half of all requests fail. */
const staysWaiting = ({ session, memory, plan }: GateReading): boolean =>
  session.isWaiting && memory.isFull && plan.gate !== 'errorRate'

/** History is read when the first ticks ask for it, and judged by as it was stored. */
async function judge(reading: GateReading): Promise<JudgedSeries | Waiting | { readonly problem: string }> {
  const { order, memory, session, pace } = reading
  const key = keyOf(order)
  const known = order.open?.metadata?.[GATE_KNOWLEDGE] ?? memory.recall(key)
  const knowledge = known === undefined ? undefined : session.knowledge([known], () => parseKnowledge(known))
  const read = await readSeries(reading, knowledge?.les)
  if ('problem' in read) return read
  const { log } = read
  await pace()
  const verdict = judgeGate(buildCase(reading, log, knowledge), session.judges)
  const plain = { isWaiting: false, verdict, knowledge: known, log } as const
  if (knowledge !== undefined || !needsHistory(verdict)) return plain
  session.isWaiting = !memory.enter()
  if (session.isWaiting)
    return verdict.reason === 'HardFloor' ? { ...plain, knowledge: undefined } : { isWaiting: true, log }
  try {
    const learnt = await learn(reading, unpackSeries(log))
    if ('problem' in learnt) return learnt
    const text = renderKnowledge(learnt.knowledge)
    memory.remember(key, text)
    if (learnt.knowledge.les !== undefined) dropAllBounds(reading)
    const first = session.knowledge([text], () => parseKnowledge(text))
    await pace()
    const informed = judgeGate(buildCase(reading, log, first), session.judges)
    return { isWaiting: false, verdict: informed, knowledge: text, log }
  } finally {
    memory.leave()
  }
}

/** Live buckets alone may say less about where the P99 is than hours of them; with all traffic on the canary, nothing but history may be left. */
const needsHistory = ({ ticks, reason, gate, stage }: GateVerdict): boolean =>
  ticks >= FEWEST_TICKS || reason === 'BucketsTooCoarse' || (gate === 'events' && stage?.weightPercent === 100)

function buildCase(
  { order, plan, session, since }: GateReading,
  log: SampleLog,
  knowledge: GateKnowledge | undefined,
  place: GatePlace = readPlace(order.run),
): GateCase {
  const { calibration, latency, before, beforePhi, historyMs } = knowledge ?? {}
  let series: readonly GateSeries[] | undefined
  return {
    gate: plan.gate,
    rule: ruleOf(plan),
    log,
    get series() {
      series ??= unpackSeries(log)
      return series
    },
    calibration,
    ...(latency === undefined ? {} : { latency }),
    ...(before === undefined ? {} : { before }),
    ...(beforePhi === undefined ? {} : { beforePhi }),
    ...recallHours(order.open),
    ...(historyMs === undefined ? {} : { history: describeHistory(historyMs, plan.historyMs) }),
    since,
    now: order.now,
    stage: stageOf(order, plan, place),
    onUndecided: plan.onUndecided,
    queries: session.forPeople([plan], () => renderForPeople(plan)),
  }
}

/** From the first scrape to the last it is a little less than what was asked for. */
const WHOLE_SHARE = 0.95

const describeHistory = (historyMs: number, askedMs: number): HistoryFacts => ({
  foundMs: historyMs >= WHOLE_SHARE * askedMs ? askedMs : historyMs,
  askedMs,
  neededMs: 0,
})

function ruleOf({ gate, thresholds, event }: GateReading['plan']): GateRule {
  const noun = gate === 'events' ? nameEvents(event) : undefined
  return noun === undefined ? thresholds : { ...thresholds, noun }
}
