/**
 * At which hours stable's events come how often: weeks of hourly sums, asked for once, when a gate on events is about to be held against the hours before
 * its release. What they teach is kept in the measurement's metadata, so that a restart judges by the same. It must not judge. Eight questions at most.
 */
import { GATE_HOURS } from '../../../controller/api/verdict.ts'
import type { GateCase } from '../../domain/gates/gate-case.ts'
import { HOUR_MS, type HourCount, learnHours } from '../../domain/gates/hour-shape.ts'
import { hourShapeSchema } from '../../domain/gates/saved-case-schema.ts'
import type { LongProviderModule, LookOrder, LookOutcome, LookPorts } from '../long-provider.ts'
import { askRange, type PrometheusAccess, type Samples } from './ask-prometheus.ts'
import { type AskedGate, openAccess, readAsked } from './asked-gate.ts'
import { renderHistory } from './queries.ts'
import { readPlace, startOf } from './stage.ts'

const WEEK_MS = 7 * 24 * HOUR_MS
const MOST_WEEKS = 4
const MOST_REMEMBERED = 6000
/** What there is to store where no hour is unlike another. */
const FLAT = '{}'

/** The gate, which knows the hours once all traffic is on the canary. */
export function withHours(gate: LongProviderModule): LongProviderModule {
  /** By run and metric, for as long as no measurement holds it. */
  const learnt = new Map<string, string>()
  return {
    ...gate,
    async look(order, ports, signal) {
      const asked = readAsked(order)
      if (!asked || !needsHours(asked, order)) return await gate.look(order, ports, signal)
      const key = `${order.run.uid}\n${order.metric.name}`
      const known = order.open?.metadata?.[GATE_HOURS]
      const text = known ?? learnt.get(key) ?? (await learn(asked, order, ports))
      if (typeof text !== 'string') return { kind: 'error', message: `hours before the release: ${text.problem}` }
      learnt.set(key, text)
      const [oldest] = learnt.keys()
      if (learnt.size > MOST_REMEMBERED && oldest !== undefined) learnt.delete(oldest)
      return keep(await gate.look(tell(order, text), ports, signal), text, known === undefined)
    },
    forget(runUid) {
      for (const key of learnt.keys()) if (key.startsWith(`${runUid}\n`)) learnt.delete(key)
      gate.forget?.(runUid)
    },
  }
}

/** What the open measurement knows of the hours. */
export function recallHours(open: LookOrder['open']): Pick<GateCase, 'hours'> {
  const text = open?.metadata?.[GATE_HOURS] ?? FLAT
  if (text === FLAT) return {}
  try {
    const { data } = hourShapeSchema.safeParse(JSON.parse(text))
    return data ? { hours: data } : {}
  } catch {
    return {}
  }
}

const needsHours = ({ plan }: AskedGate, { run }: LookOrder): boolean =>
  plan.gate === 'events' && !plan.isNotAskedFor && plan.historyMs > 0 && readPlace(run).weightPercent === 100

const tell = (order: LookOrder, text: string): LookOrder => ({
  ...order,
  open: { phase: 'Running', ...order.open, metadata: { ...order.open?.metadata, [GATE_HOURS]: text } },
})

function keep(outcome: LookOutcome, text: string, isNew: boolean): LookOutcome {
  if (outcome.kind !== 'running' && outcome.kind !== 'decided') return outcome
  const told = { ...outcome, metadata: { ...outcome.metadata, [GATE_HOURS]: text } }
  return told.kind === 'running' && isNew ? { ...told, isUnchanged: false } : told
}

async function learn(
  asked: AskedGate,
  order: LookOrder,
  ports: LookPorts,
): Promise<string | { readonly problem: string }> {
  const { plan } = asked
  const access = openAccess(asked, order)
  if ('problem' in access) return access
  const since = startOf(order)
  const range = { since, send: ports.send }
  const requests = await readSums(access, renderHistory(plan, 'requests').selector, range)
  if ('problem' in requests) return requests
  const events = await readSums(access, renderHistory(plan, 'event').selector, range)
  if ('problem' in events) return events
  const hours = [...requests.sums].map(([at, total]): HourCount => ({ at, total, bad: events.sums.get(at) ?? 0 }))
  return JSON.stringify(learnHours(hours, { since, beforeMs: plan.historyMs }) ?? {})
}

interface Weeks {
  readonly since: number
  readonly send: LookPorts['send']
}

type Sums = { readonly sums: ReadonlyMap<number, number> } | { readonly problem: string }

/** By the end of the hour. Weeks from the newest to the oldest, until one is empty. */
async function readSums(access: PrometheusAccess, selector: string, { since, send }: Weeks): Promise<Sums> {
  const query = `sum(increase(${selector}[1h]))`
  const newest = Math.floor(since / HOUR_MS) * HOUR_MS
  const sums = new Map<number, number>()
  for (let week = 0; week < MOST_WEEKS; week += 1) {
    const to = newest - week * WEEK_MS
    const answer: Samples = await askRange(access, { query, from: to - WEEK_MS + HOUR_MS, to, stepMs: HOUR_MS }, send)
    if ('problem' in answer) return answer
    const [sum] = answer.series
    if (!sum) break
    for (const [index, at] of sum.times.entries()) sums.set(at, sum.values[index] ?? 0)
  }
  return { sums }
}
