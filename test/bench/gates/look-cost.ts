/** What one look of three gates costs in CPU time once its samples are there, over twenty pods and 25 minutes of scrapes every 15 s. */
import { createGate } from '../../../analysis/providers/gate/gate.ts'
import type { LookOrder, LookPorts } from '../../../analysis/providers/long-provider.ts'
import type { Metric } from '../../../controller/api/analysis.ts'
import { EXPOSED_SINCE } from '../../../controller/api/labels.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { answerQuery } from './fake-prometheus.ts'
import { renderMetrics } from './manifests.ts'

export const EXPOSED_MINUTES = 25
/** Within moments of a look nothing is fetched again, so that only judging is measured. */
const REPEAT_MS = 10
const WARM_UP = 20
const LOOKS = 100

export interface LookCost {
  /** Milliseconds of CPU time for each look of all three gates, ascending. */
  readonly judgeMs: readonly number[]
  /** The same with the scrape that is new: fetched, read and judged; the network left out. */
  readonly wholeMs: readonly number[]
}

const ports: LookPorts = {
  send: (request) => Promise.resolve({ status: 200, headers: {}, body: answerQuery(request.body ?? '') }),
  readSecret: () => Promise.resolve(undefined),
  readObject: () => Promise.resolve(undefined),
  listResources: () => Promise.resolve([]),
}

export async function measureLook(): Promise<LookCost> {
  const gate = createGate()
  const metrics = renderMetrics('look', 'http://prometheus')
  const startedAt = Date.UTC(2026, 0, 1)
  let now = startedAt + EXPOSED_MINUTES * 60_000
  const open = new Map<string, LookOrder['open']>()
  const look = async (): Promise<number> => {
    const before = process.cpuUsage()
    for (const metric of metrics) {
      const outcome = await gate.look(
        orderOf(metric, open.get(metric.name), startedAt, now),
        ports,
        AbortSignal.timeout(60_000),
      )
      if (outcome.kind !== 'running')
        throw new Error(`the gate ${metric.name} did not go on: ${JSON.stringify(outcome).slice(0, 500)}`)
      open.set(metric.name, { phase: 'Running', metadata: { ...outcome.metadata } })
    }
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
  const repeat = async (count: number, stepMs: number): Promise<number[]> => {
    const costs: number[] = []
    for (let taken = 0; taken < count; taken += 1) {
      now += stepMs
      costs.push(await look())
    }
    return costs
  }
  await repeat(WARM_UP, REPEAT_MS)
  const judgeMs = await repeat(LOOKS, REPEAT_MS)
  const wholeMs = await repeat(LOOKS / 10, 15_000)
  return { judgeMs, wholeMs }
}

function orderOf(metric: Metric, open: LookOrder['open'], startedAt: number, now: number): LookOrder {
  return {
    config: metric.provider.plugin?.['penstock/gate'],
    metric,
    run: {
      name: 'look',
      namespace: 'bench',
      uid: 'look',
      labels: {},
      annotations: { [EXPOSED_SINCE]: formatInstant(startedAt) },
      createdAt: startedAt,
      startedAt,
    },
    open,
    mode: 'strict',
    now,
    prometheusAddress: undefined,
    readableNamespaces: [],
  }
}
