/**
 * The samples of one query of one run, fetched as they come: everything since the release began at the first look, only the end of it from then on.
 * Gates of the same run that read the same series share one fetch. It must not judge.
 */
import type { SampleLog } from '../../domain/gates/sample-log.ts'
import type { Samples, SampleWindow } from './ask-prometheus.ts'
import type { Classify } from './classify.ts'
import { createSeriesStream } from './series-stream.ts'
import type { TakeTurn } from './turns.ts'

export type Ask = (window: SampleWindow) => Promise<Samples>

/** `log` grows with the looks to come. */
export type FetchedSamples = { readonly log: SampleLog } | { readonly problem: string }

export interface GateSamples {
  /** Samples from `since` to `now`, epoch milliseconds; both versions, by arrival. */
  read(since: number, now: number, ask: Ask): Promise<FetchedSamples>
  bytes(): number
}

/** Base samples: the newest one before the release began is at most so old. */
const BASE_MS = 120_000
/** What arrives late (remote writes, slow scrapes) is fetched again, and taken if it is newer than what is there. */
const OVERLAP_MS = 45_000
/** A first look at an old release is split, so that no answer is larger than it has to be. */
const LONGEST_WINDOW_MS = 3_600_000
/** Gates of one pass ask within moments of each other. */
const SAME_LOOK_MS = 1_500

/** From where on samples may be new: further back than usual when none has come for a while, so that what a slow store brings later is not lost. */
function chooseStart(readUntil: number, newest: number | undefined, now: number): number {
  const usual = readUntil - OVERLAP_MS
  if (newest !== undefined && newest >= usual) return usual
  return Math.max(now - LONGEST_WINDOW_MS, Math.min(usual, (newest ?? Number.NEGATIVE_INFINITY) - OVERLAP_MS))
}

const atOnce: TakeTurn = (work) => work()

/** `takeTurn`: for the first look, which reads all that there is. */
export function createGateSamples(selector: string, classify: Classify, takeTurn: TakeTurn = atOnce): GateSamples {
  const stream = createSeriesStream(classify)
  let pending: Promise<FetchedSamples> | undefined

  async function fetchUntil(since: number, now: number, ask: Ask): Promise<FetchedSamples> {
    let from = stream.readUntil === undefined ? since - BASE_MS : chooseStart(stream.readUntil, stream.newest, now)
    while (from < now) {
      const at = Math.min(now, from + LONGEST_WINDOW_MS)
      const answer = await ask({ selector, at, windowMs: at - from })
      if ('problem' in answer) return answer
      stream.append(answer.series, at)
      if (at === now) break
      from = at
    }
    return { log: stream.log }
  }

  return {
    bytes: () => stream.bytes,
    async read(since, now, ask) {
      if (pending) return await pending
      const { readUntil } = stream
      if (readUntil !== undefined && now - readUntil < SAME_LOOK_MS) return { log: stream.log }
      const fetch = () => fetchUntil(since, now, ask)
      pending = readUntil === undefined ? takeTurn(fetch) : fetch()
      try {
        return await pending
      } finally {
        pending = undefined
      }
    },
  }
}
