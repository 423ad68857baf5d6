/**
 * What the suite `routers` prints and puts into its JSON document: for each router the time to the objects' new weights and the calls behind one change.
 * Pure. The clock is no verdict; a second write of an object or a read beyond the guards is one.
 */
import type { Report } from './report.ts'
import type { RouterResult, RoutersResult } from './routers.ts'
import { percentile } from './statistics.ts'
import { renderFigure, renderTable } from './table.ts'

/** For 500 Rollouts. */
const TARGET_MS = 10_000
const TARGET_ROLLOUTS = 500
/** The last look before weight moves towards a canary: the Rollout as it is, and who is ready behind its Service. */
const GUARDS = new Set(['get rollouts', 'list endpointslices'])

const isRead = (call: string): boolean => /^(get|list) /.test(call)
const sumOf = (calls: Readonly<Record<string, number>>, counts: (call: string) => boolean): number =>
  Object.entries(calls).reduce((sum, [call, count]) => sum + (counts(call) ? count : 0), 0)

function summarizeRouter(result: RouterResult) {
  const samples = result.rounds.flat()
  const { calls, failedCalls, object } = result
  return {
    id: result.id,
    object,
    p50: percentile(samples, 50),
    p99: percentile(samples, 99),
    max: percentile(samples, 100),
    objectWrites: sumOf(calls, (call) => !isRead(call) && call.endsWith(` ${object}`)),
    rolloutWrites: calls['patch rollouts'] ?? 0,
    otherWrites: sumOf(
      calls,
      (call) => !isRead(call) && !call.endsWith(` ${object}`) && !/ (rollouts|events)$/.test(call),
    ),
    events: sumOf(calls, (call) => call.endsWith(' events')),
    guards: sumOf(calls, (call) => GUARDS.has(call)),
    otherReads: sumOf(calls, (call) => isRead(call) && !GUARDS.has(call)),
    failed: sumOf(failedCalls, () => true),
  }
}
type Figures = ReturnType<typeof summarizeRouter>

/** What is no matter of the machine. */
function problemOf({ id, object, objectWrites, otherReads }: Figures): readonly string[] {
  return [
    ...(objectWrites === 1
      ? []
      : [`${id}: ${objectWrites} writes of ${object} for one change of the weight, expected 1`]),
    ...(otherReads === 0 ? [] : [`${id}: ${otherReads} reads for one change besides the guards', expected 0`]),
  ]
}

export function reportRouters({ results, failures: unmeasured }: RoutersResult): Report {
  const figures = results.map(summarizeRouter)
  const rows = figures.map((figure) => [
    figure.id,
    ...[figure.p50, figure.p99, figure.max].map((ms) => String(Math.round(ms))),
    figure.max <= TARGET_MS ? 'met' : 'missed',
    `${figure.object} ${renderFigure(figure.objectWrites)}`,
    ...[figure.rolloutWrites, figure.otherWrites, figure.events, figure.guards, figure.otherReads, figure.failed].map(
      renderFigure,
    ),
  ])
  const head = [
    'router',
    'p50 ms',
    'p99 ms',
    'max ms',
    `${TARGET_MS / 1000} s`,
    'object',
    'rollouts',
    'other',
    'events',
    'guards',
    'reads',
    'failed',
  ]
  const [first] = results
  const failures = [...unmeasured, ...figures.flatMap(problemOf)]
  const hint = first?.rollouts === TARGET_ROLLOUTS ? '' : `; the target is for ${TARGET_ROLLOUTS}`
  const text = `${renderTable(head, rows)}${first?.rollouts ?? 0} rollouts at once, ${first?.rounds.length ?? 0} changes each${hint}; calls are those for one change of one rollout\n`
  return {
    text,
    figures: { figures, samples: results },
    ...(failures.length > 0 ? { failure: failures.join('; ') } : {}),
  }
}
