/**
 * The faults that are due: edges and models ask it at every step whether something goes wrong now. Faults are put up at their time; `heal` takes all
 * of them down for good.
 */
import type { Fault, FaultKind, RequestMatch } from './fault.ts'

export type RequestFault = Extract<FaultKind, { kind: 'answer' | 'cut' | 'slow' | 'repeat' }>
type Counted = RequestFault | Extract<FaultKind, { kind: 'hold' | 'staleList' | 'dropEvents' | 'duplicateEvents' }>
type Lasting = Extract<
  FaultKind,
  { kind: 'delayEvents' | 'partition' | 'gateway' | 'pods' | 'metrics' | 'sink' | 'channel' }
>

export interface FaultBoard {
  put(fault: Fault): void
  heal(): void
  /** The fault of this request, if any; each counts once. */
  takeRequest(verb: NonNullable<RequestMatch['verb']>, plural: string): RequestFault | undefined
  /** How long a write waits before it leaves the process. */
  takeHoldMs(verb: NonNullable<RequestMatch['verb']>, plural: string): number
  /** How many versions of the store ago a read shows; of the API server's reads only lists can be old. */
  takeStaleness(plural: string, verb: 'get' | 'list'): number
  takeWatchLine(plural: string): 'drop' | 'duplicate' | undefined
  watchDelayMs(plural: string): number
  /** How many lines every watch of this kind is behind. */
  watchLag(plural: string): number
  isCutOff(process: number): boolean
  find<K extends Lasting['kind']>(kind: K): Extract<Lasting, { kind: K }> | undefined
  /** How often each kind has really hit something. */
  hits(): ReadonlyMap<string, number>
}

const fits = (match: RequestMatch, verb: string, plural: string): boolean =>
  (match.verb === undefined || match.verb === verb) && (match.plural === undefined || match.plural === plural)

export function createFaultBoard(nowMs: () => number): FaultBoard {
  let counted: { readonly fault: Counted; left: number }[] = []
  let lasting: { readonly fault: Lasting; readonly untilMs: number }[] = []
  const hits = new Map<string, number>()
  const hit = (kind: string): void => void hits.set(kind, (hits.get(kind) ?? 0) + 1)

  function take<T extends Counted>(isDue: (fault: Counted) => fault is T): T | undefined {
    const entry = counted.find(({ fault, left }) => left > 0 && isDue(fault))
    if (!entry || !isDue(entry.fault)) return undefined
    entry.left -= 1
    counted = counted.filter(({ left }) => left > 0)
    hit(entry.fault.kind)
    return entry.fault
  }

  const current = (): readonly Lasting[] => {
    lasting = lasting.filter(({ untilMs }) => untilMs > nowMs())
    return lasting.map(({ fault }) => fault)
  }

  return {
    put(fault) {
      if ('count' in fault) counted.push({ fault, left: fault.count })
      else if ('forMs' in fault && fault.kind !== 'pause') lasting.push({ fault, untilMs: nowMs() + fault.forMs })
      else hit(fault.kind)
    },
    heal() {
      counted = []
      lasting = []
    },
    takeRequest: (verb, plural) =>
      take(
        (fault): fault is RequestFault => 'match' in fault && fault.kind !== 'hold' && fits(fault.match, verb, plural),
      ),
    takeHoldMs: (verb, plural) =>
      take(
        (fault): fault is Extract<Counted, { kind: 'hold' }> =>
          fault.kind === 'hold' && fits(fault.match, verb, plural),
      )?.ms ?? 0,
    takeStaleness: (plural, verb) =>
      take(
        (fault): fault is Extract<Counted, { kind: 'staleList' }> =>
          fault.kind === 'staleList' && fault.plural === plural && verb === 'list',
      )?.versions ?? 0,
    takeWatchLine(plural) {
      const fault = take(
        (one): one is Extract<Counted, { kind: 'dropEvents' | 'duplicateEvents' }> =>
          (one.kind === 'dropEvents' || one.kind === 'duplicateEvents') && one.plural === plural,
      )
      return fault && (fault.kind === 'dropEvents' ? 'drop' : 'duplicate')
    },
    watchDelayMs(plural) {
      const fault = current().find((one) => one.kind === 'delayEvents' && one.plural === plural)
      if (fault?.kind !== 'delayEvents') return 0
      hit('delayEvents')
      return fault.ms
    },
    watchLag: () => 0,
    isCutOff(process) {
      const isCut = current().some((one) => one.kind === 'partition' && one.process === process)
      if (isCut) hit('partition')
      return isCut
    },
    find<K extends Lasting['kind']>(kind: K) {
      const found = current().find((one): one is Extract<Lasting, { kind: K }> => one.kind === kind)
      if (found) hit(kind)
      return found
    },
    hits: () => hits,
  }
}
