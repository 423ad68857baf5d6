/** What a gate can catch up to the end of each stage of a plan: noted while a case is played, and told in one sentence. Pure. */
import type { GateId } from '../../../controller/api/verdict.ts'
import type { GateTrack } from './gate-track.ts'
import { BOUNDS, NOUNS, renderRatio } from './summary.ts'

/** The track, and what could be caught at the end of each stage. `stageEnds`: epoch milliseconds, ascending. */
export function watchStages(track: GateTrack, stageEnds: readonly number[]) {
  const ends: (number | undefined)[] = []
  return {
    track: {
      ...track,
      take(place: number, deal: Parameters<GateTrack['take']>[1], weightPercent: number) {
        // Who looks just when a stage ends is in the next one.
        while (ends.length < stageEnds.length - 1 && (stageEnds[ends.length] ?? 0) <= (track.times[place] ?? 0))
          ends.push(track.foresee(undefined).smallest)
        return track.take(place, deal, weightPercent)
      },
    },
    /** Stages that the case did not come to are no better than its end. */
    caught(): readonly (number | undefined)[] {
      const last = track.foresee(undefined).smallest
      return stageEnds.map((_, stage) => (stage < ends.length ? ends[stage] : last))
    },
  }
}

/** What could be caught up to the end of a stage. */
export interface StageCaught {
  readonly weightPercent: number
  /** As near to it as whole pods come. */
  readonly playedPercent: number
  readonly ratio: number | undefined
}

/** More stages than these are told as evenly as they can be. */
const MOST_TOLD = 8
/** Pods are few where the weight that was played is so much more, or less. */
const FAR_OFF = 1.25

/** What a gate can catch by stage, in the words of `summary.ts`. */
export function renderCaught(gate: GateId, stages: readonly StageCaught[]): string {
  const last = stages.length - 1
  const step = Math.max(1, last / (MOST_TOLD - 1))
  const told = [...new Set(Array.from({ length: MOST_TOLD }, (_, place) => Math.min(last, Math.round(place * step))))]
  const parts = told.flatMap((index) => {
    const stage = stages[index]
    if (!stage) return []
    const where = index === 0 ? 'within stage 1' : index === last ? 'within the plan' : `up to stage ${index + 1}`
    return [`${where} (${renderWeights(stage)}): ${renderRatio(stage.ratio)}`]
  })
  return `${BOUNDS[gate]} ${NOUNS[gate]} caught ${parts.join(', ')}`
}

function renderWeights({ weightPercent, playedPercent }: StageCaught): string {
  const factor = playedPercent / weightPercent
  const isNear = factor < FAR_OFF && factor > 1 / FAR_OFF
  return isNear ? `${weightPercent} %` : `${weightPercent} %, played at ${Number(playedPercent.toPrecision(2))} %`
}
