/** A fault in a sentence, for people who have not read the simulator. */
import { type FaultKind, renderFault } from '../faults/fault.ts'

type Words = { readonly [K in FaultKind['kind']]?: (fault: Extract<FaultKind, { kind: K }>) => string }

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`

function requestsOf(count: number, { verb, plural }: { readonly verb?: string; readonly plural?: string }): string {
  const which = [count === 1 ? '' : `${count} `, verb === undefined ? '' : `${verb} `].join('')
  return `the controller's next ${which}request${count === 1 ? '' : 's'}${plural === undefined ? '' : ` of ${plural}`}`
}

const outcome = (applied: boolean): string => (applied ? ', after having taken effect' : '')

const words: Words = {
  answer: ({ code, applied, count, match }) =>
    `the API server answers ${requestsOf(count, match)} with ${code}${outcome(applied)}`,
  cut: ({ applied, count, match }) => `the answer to ${requestsOf(count, match)} is lost${outcome(applied)}`,
  slow: ({ ms, count, match }) => `the API server takes ${seconds(ms)} longer for ${requestsOf(count, match)}`,
  staleList: ({ plural, versions }) => `the next list of ${plural} shows the past, ${versions} writes ago`,
  dropEvents: ({ plural, count }) => `the watch of ${plural} loses ${count} lines`,
  duplicateEvents: ({ plural, count }) => `the watch of ${plural} doubles ${count} lines`,
  delayEvents: ({ plural, ms, forMs }) => `the watch of ${plural} is ${seconds(ms)} late, for ${seconds(forMs)}`,
  silence: ({ plural }) => `the watch of ${plural} falls silent`,
  breakWatches: ({ plural }) => `the watch of ${plural} breaks`,
  compact: () => 'the API server forgets its history',
  crash: ({ atWrite, applied = true, restartAfterMs }) =>
    `the controller crashes${atWrite === undefined ? '' : ` at its ${ordinal(atWrite)} write from now${applied ? '' : ', which is lost'}`}, for ${seconds(restartAfterMs)}`,
  stop: ({ restartAfterMs }) => `the controller is stopped in good order, for ${seconds(restartAfterMs)}`,
  pause: ({ forMs }) => `the controller's process stands still for ${seconds(forMs)}`,
  jumpWall: ({ ms }) => `the controller's clock jumps by ${seconds(ms)}`,
  partition: ({ forMs }) => `the controller is cut off from the API server for ${seconds(forMs)}`,
  gateway: ({ mode, ms, forMs }) => {
    const what = {
      lag: `obeys ${seconds(ms)} late`,
      early: `says that it obeys ${seconds(ms)} before it does`,
      refuse: 'refuses every route',
      mute: 'says nothing',
    }[mode]
    return `the gateway ${what}, for ${seconds(forMs)}`
  },
  pods: ({ mode, ms, forMs }) => {
    const what = { slow: `take ${seconds(ms)} longer`, stuck: 'do not become ready', quota: 'are over quota' }[mode]
    return `new pods ${what}, for ${seconds(forMs)}`
  },
  pod: ({ mode, ms }) => (mode === 'evict' ? 'a pod is evicted' : `a pod is not ready for ${seconds(ms)}`),
  metrics: ({ mode, forMs }) => {
    const what = {
      nan: 'measures NaN',
      empty: 'has no series',
      timeout: 'does not answer',
      error: 'answers 503',
      garbage: 'answers nonsense',
      bad: 'measures badly, whatever the version',
    }[mode]
    return `Prometheus ${what}, for ${seconds(forMs)}`
  },
  sink: ({ mode, forMs }) => {
    const what = { slow: 'are slow', error: 'are refused', lost: 'get no answer' }[mode]
    return `messages to people ${what}, for ${seconds(forMs)}`
  },
}

const ordinal = (number: number): string => `${number}${{ 1: 'st', 2: 'nd', 3: 'rd' }[number] ?? 'th'}`

export function describeFault<K extends FaultKind['kind']>(fault: Extract<FaultKind, { kind: K }>): string {
  const describe = words[fault.kind as K]
  return describe ? describe(fault) : renderFault({ ...fault, atMs: 0 })
}
