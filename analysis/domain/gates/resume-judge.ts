/**
 * Lets a judge that reads tick by tick go on where it stopped at the look before, instead of reading the whole release again. It goes on only with the very
 * ticks that it has read: a sample that came late, another calibration or another rule make a new one. So what a look says never depends on
 * earlier ones, and a controller that was restarted says the same.
 */
import { createDigest } from './digest.ts'

/** Bad and total counts by pod, or at several bounds. */
interface DigestedPod {
  readonly pod: string
  readonly total: number
  readonly bad?: number
  readonly slower?: readonly number[]
}

interface DigestedTick {
  readonly at: number
  readonly canary: readonly DigestedPod[]
  readonly stable: readonly DigestedPod[]
}

/** The ticks of a look, of which some need not be looked at again. */
export interface ResumableTicks<Tick> {
  readonly ticks: readonly Tick[]
  /** So many at the start are those of the reading before, and their pods may be summed up by now. */
  readonly settled: number
  /** All of them, pod by pod. */
  readonly whole: () => readonly Tick[]
}

export interface JudgeKey {
  /** Everything that the judge was made of, as text, */
  readonly text: string
  /** but for this, which is the same only when it is the same object. */
  readonly calibration: object | undefined
}

/** A judge that has taken all of the ticks and no others. */
export type ResumeJudge<Tick, Judge> = (reading: ResumableTicks<Tick>, key: JudgeKey, create: () => Judge) => Judge

interface Standing<Judge> extends JudgeKey {
  readonly judge: Judge
  /** How many it has taken, and what those from `settled` on were. */
  readonly taken: number
  readonly settled: number
  readonly digests: readonly number[]
}

export function createResumer<Tick extends DigestedTick, Judge>(
  take: (judge: Judge, tick: Tick) => void,
): ResumeJudge<Tick, Judge> {
  let standing: Standing<Judge> | undefined

  function goesOn(before: Standing<Judge>, key: JudgeKey, settled: number, digests: readonly number[]): boolean {
    const isSameJudge = before.text === key.text && before.calibration === key.calibration
    if (!isSameJudge || before.settled > settled || before.taken < settled) return false
    const known = before.digests.slice(settled - before.settled)
    return known.length <= digests.length && known.every((one, index) => one === digests[index])
  }

  return ({ ticks, settled, whole }, key, create) => {
    const digests = ticks.slice(settled).map((tick) => digestTick(tick))
    const before = standing
    // A judge that fails half-way is not gone on with.
    standing = undefined
    const isSame = before !== undefined && goesOn(before, key, settled, digests)
    const judge = isSame ? before.judge : create()
    const fresh = isSame ? ticks.slice(before.taken) : settled === 0 ? ticks : whole()
    for (const tick of fresh) take(judge, tick)
    standing = { ...key, judge, taken: ticks.length, settled, digests }
    return judge
  }
}

/** For one tick after the other. */
const digest = createDigest()

/** Of every bit of it. */
function digestTick({ at, canary, stable }: DigestedTick): number {
  digest.number(at)
  for (const pods of [canary, stable]) {
    digest.number(pods.length)
    for (const { pod, total, bad, slower } of pods) {
      digest.name(pod)
      digest.number(total)
      if (bad !== undefined) digest.number(bad)
      if (slower !== undefined) for (const count of slower) digest.number(count)
    }
  }
  return digest.take()
}
