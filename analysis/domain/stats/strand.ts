/**
 * Evidence of one way to count (whole counts, or limited ones): read with the noise of history as ticks come in, and once more with all noise that is
 * known when somebody asks for that.
 */
import { type PairCounts, sumArms } from './arms.ts'
import { type CountEvidence, capOf, createCountEvidence } from './count-evidence.ts'
import { createStreams, type Streams } from './decide-counts.ts'
import { type PodLoad, phiNow, phiOfHistory } from './noise.ts'
import { createPairLog, type PairSeries } from './pair-log.ts'
import type { Calibration, CountRule, Tick } from './ticks.ts'
import { createTwins } from './twins.ts'

/** A reading with this much more noise than is known by now is good enough; one with less is done again. */
const PHI_SLACK = 1.02

/** Evidence of a rollout read with one φ. */
export interface Reading extends Streams<CountEvidence> {
  readonly phi: number
}

export interface Strand {
  /** Lets the twins see a tick, and counts it as evidence where `counts`. */
  readonly add: (tick: Tick, counts: boolean) => void
  /** With the noise of history. */
  readonly plain: Reading
  /** With all noise that is known by now. */
  readonly readCarefully: (load: PodLoad) => Reading
  /** The same, and nothing that is added later is read in another way for it. */
  readonly peekCarefully: (load: PodLoad) => Reading
  /** Overdispersion of the live twins. */
  readonly live: () => number | undefined
  /** The ticks that count. */
  readonly seen: PairSeries
}

export function createStrand(calibration: Calibration | undefined, rule: CountRule): Strand {
  const seen = createPairLog()
  const twins = createTwins()
  const plain = createReading(phiOfHistory(calibration), rule)
  let careful: Reading | undefined

  function add(tick: Tick, counts: boolean): void {
    twins.add(tick)
    const arms = counts ? sumArms(tick) : undefined
    if (arms === undefined) return
    seen.push(arms)
    advance(plain, arms)
    if (careful !== undefined) advance(careful, arms)
  }

  function readCarefully(load: PodLoad): Reading {
    const reading = peekCarefully(load)
    if (reading !== plain) careful = reading
    return reading
  }

  function peekCarefully(load: PodLoad): Reading {
    const live = twins.overdispersion()
    const phi = phiNow(calibration, live && { ...live, watchedMs: twins.watchedMs() }, load)
    if (phi <= plain.phi) return plain
    if (careful !== undefined && careful.phi >= phi && careful.phi <= phi * PHI_SLACK) return careful
    const reading = createReading(phi, rule)
    seen.forEach((arms) => {
      advance(reading, arms)
    })
    return reading
  }

  return { add, plain, readCarefully, peekCarefully, live: () => twins.overdispersion()?.phi, seen }
}

function createReading(phi: number, rule: CountRule): Reading {
  const cap = capOf(rule.alpha)
  return { phi, ...createStreams(rule, (direction, nullRatio) => createCountEvidence({ direction, nullRatio, cap })) }
}

function advance({ phi, worse, intolerable, tolerable }: Reading, arms: PairCounts): void {
  worse.advance(arms, phi)
  intolerable.advance(arms, phi)
  tolerable.advance(arms, phi)
}
