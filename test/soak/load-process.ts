/** A process that does nothing but send requests, started by `load.ts`: the cluster's work must not make it late. Ends when its parent does. */
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { startLoad } from '../../sandbox/load/load.ts'
import { addReadings, type LoadPlan } from './load-reading.ts'

/** A request that waits this long for its answer is lost, however busy the machine. */
const ANSWER_TIMEOUT_MS = 30_000

const { url, hosts, requestsPerSecond } = JSON.parse(process.argv[2] ?? '') as LoadPlan
const loads = hosts.map((host) =>
  startLoad({
    url,
    host,
    requestsPerSecond: requestsPerSecond / hosts.length,
    clock,
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
  }),
)

const answer = async (order: 'read' | 'stop'): Promise<void> => {
  if (order === 'stop') await Promise.all(loads.map((load) => load.stop()))
  process.send?.(
    addReadings(loads.map((load) => ({ ...load.counts(), ...load.punctuality(), losses: load.takeLosses() }))),
  )
}

process.on('message', (order: 'read' | 'stop') => void answer(order))
process.on('disconnect', () => process.exit())
