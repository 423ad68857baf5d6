/**
 * Lets a judge that reads tick by tick go on where it stopped at the look before, instead of reading the whole release again. It goes on only with the very
 * ticks that it has read: a sample that came late, another calibration or another rule make a new one. So what a look says never depends on
 * earlier ones, and a controller that was restarted says the same.
 */
import { createDigest, type Digest } from './digest.ts'

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

export interface JudgeKey {
  /** Everything that the judge was made of, as text, */
  readonly text: string
  /** but for this, which is the same only when it is the same object. */
  readonly calibration: object | undefined
}

/** A judge that has taken all of the ticks and no others. */
export type ResumeJudge<Tick, Judge> = (ticks: readonly Tick[], key: JudgeKey, create: () => Judge) => Judge

interface Standing<Judge> extends JudgeKey {
  readonly judge: Judge
  readonly ticks: number
  readonly digest: string
}

export function createResumer<Tick extends DigestedTick, Judge>(
  take: (judge: Judge, tick: Tick) => void,
): ResumeJudge<Tick, Judge> {
  let standing: Standing<Judge> | undefined

  return (ticks, key, create) => {
    const digest = createDigest()
    const before = standing
    const known = ticks.slice(0, before?.ticks ?? 0)
    for (const tick of known) addTick(digest, tick)
    const isSame =
      before?.text === key.text && before.calibration === key.calibration && before.digest === digest.text()
    // A judge that fails half-way is not gone on with.
    standing = undefined
    const judge = isSame ? before.judge : create()
    const fresh = ticks.slice(known.length)
    for (const tick of isSame ? fresh : ticks) take(judge, tick)
    for (const tick of fresh) addTick(digest, tick)
    standing = { ...key, judge, ticks: ticks.length, digest: digest.text() }
    return judge
  }
}

function addTick(digest: Digest, { at, canary, stable }: DigestedTick): void {
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
}
