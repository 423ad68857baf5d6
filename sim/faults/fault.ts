/**
 * What can go wrong, as data: a run's faults are a plain list that a seed expands to, that can be printed, shrunk and replayed. What each one does is
 * done by the edge or model that it names.
 */

/** Which requests of a controller are hit; what is left out matches everything. */
export interface RequestMatch {
  readonly verb?: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete' | 'evict'
  readonly plural?: string
}

/** How many of the next matching requests, or watch lines, are hit. */
interface Next {
  readonly match: RequestMatch
  readonly count: number
}

export type FaultKind = DrawnFaultKind | StagedFaultKind

/** No seed draws these: they are put at one place of a tale. */
export type StagedFaultKind =
  /** Waits in the process before it leaves, as for the rate limit. Writes only. */
  | ({ readonly kind: 'hold'; readonly ms: number } & Next)
  /** A proxy sends it twice; what comes back is the second answer. */
  | ({ readonly kind: 'repeat' } & Next)
  /** The sink of messages says, in an answer that is no error, that it has not taken one (`refuse`), or never will (`reject`). */
  | { readonly kind: 'channel'; readonly mode: 'refuse' | 'reject'; readonly forMs: number }

export type DrawnFaultKind =
  /** Answered with an error; `applied`: after having taken effect. */
  | ({ readonly kind: 'answer'; readonly code: 403 | 409 | 429 | 500 | 503 | 504; readonly applied: boolean } & Next)
  /** The connection is lost; `applied`: after the write took effect. */
  | ({ readonly kind: 'cut'; readonly applied: boolean } & Next)
  /** Takes this much longer; beyond the client's deadline it fails there, and takes effect all the same. */
  | ({ readonly kind: 'slow'; readonly ms: number } & Next)
  /** Lists show the collection as it was this many versions ago. */
  | { readonly kind: 'staleList'; readonly plural: string; readonly versions: number; readonly count: number }
  /** Lines of a watch are lost, until that watch is listed again. */
  | { readonly kind: 'dropEvents'; readonly plural: string; readonly count: number }
  | { readonly kind: 'duplicateEvents'; readonly plural: string; readonly count: number }
  | { readonly kind: 'delayEvents'; readonly plural: string; readonly ms: number; readonly forMs: number }
  /** Open watches carry nothing more, and do not end. */
  | { readonly kind: 'silence'; readonly plural: string }
  | { readonly kind: 'breakWatches'; readonly plural: string }
  /** The API server forgets all past events: older watches and pages get 410. */
  | { readonly kind: 'compact' }
  /** The process dies: now, or at its n-th write from now, which takes effect or is lost. It is started again with an empty memory. */
  | {
      readonly kind: 'crash'
      readonly process: number
      readonly restartAfterMs: number
      readonly atWrite?: number
      readonly applied?: boolean
    }
  /** The process is asked to end (SIGTERM), ends in good order and is started again with an empty memory. */
  | { readonly kind: 'stop'; readonly process: number; readonly restartAfterMs: number }
  | { readonly kind: 'pause'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'jumpWall'; readonly process: number; readonly ms: number }
  /** Nothing passes between the process and the API server. */
  | { readonly kind: 'partition'; readonly process: number; readonly forMs: number }
  /** `lag`: the data plane obeys `ms` later; `early`: it says so `ms` before it does; `refuse`: it accepts nothing; `mute`: it says nothing. */
  | {
      readonly kind: 'gateway'
      readonly mode: 'lag' | 'early' | 'refuse' | 'mute'
      readonly ms: number
      readonly forMs: number
    }
  /** `slow`: pods are ready `ms` later; `stuck`: new ones never are; `quota`: none can be created. */
  | { readonly kind: 'pods'; readonly mode: 'slow' | 'stuck' | 'quota'; readonly ms: number; readonly forMs: number }
  /** `flap`: a ready pod is not ready for `ms`; `evict`: it is gone. Pods are counted in the order of their names. */
  | { readonly kind: 'pod'; readonly mode: 'flap' | 'evict'; readonly index: number; readonly ms: number }
  | {
      readonly kind: 'metrics'
      readonly mode: 'nan' | 'empty' | 'timeout' | 'error' | 'garbage' | 'bad'
      readonly forMs: number
    }
  | { readonly kind: 'sink'; readonly mode: 'slow' | 'error' | 'lost'; readonly forMs: number }

/** `atMs`: virtual time. */
export type Fault = { readonly atMs: number } & FaultKind

/** One line: `12.3 s cut patch rollouts ×2, applied`. */
export function renderFault({ atMs, kind, ...rest }: Fault): string {
  const details = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return `${(atMs / 1000).toFixed(1)} s ${kind} ${details.join(' ')}`
}
