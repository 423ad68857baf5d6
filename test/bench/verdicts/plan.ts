/** Rollout plans that are simulated: a weight for each scrape, and from which scrape on the release is bad. Pure. */

export const SCRAPE_SECONDS = 15

export interface Plan {
  readonly id: string
  /** Share of traffic that the canary has, 0..1, by scrape. */
  readonly weights: readonly number[]
  /** First scrape of each stage. */
  readonly stageStarts: readonly number[]
  /** First scrape in which a bad release is bad. */
  readonly onset: number
}

const ticksOf = (seconds: number): number => Math.round(seconds / SCRAPE_SECONDS)

function planOf(
  id: string,
  stages: readonly { readonly weight: number; readonly seconds: number }[],
  onsetSeconds = 0,
): Plan {
  const weights: number[] = []
  const stageStarts: number[] = []
  for (const { weight, seconds } of stages) {
    stageStarts.push(weights.length)
    for (let tick = 0; tick < ticksOf(seconds); tick++) weights.push(weight)
  }
  return { id, weights, stageStarts, onset: ticksOf(onsetSeconds) }
}

const steps = [0.05, 0.1, 0.25, 0.5].map((weight) => ({ weight, seconds: 300 }))

export const plans = {
  /** The plan of the issue: 5/10/25/50 %, 5 minutes each. */
  steps: planOf('steps', steps),
  /** Good until minute 12, which is at 25 %. */
  late: planOf('late', steps, 720),
  /** Half an hour at one weight; judges that look at the end of a stage look every ten minutes. */
  fixed5: fixed(0.05),
  fixed10: fixed(0.1),
  fixed50: fixed(0.5),
} as const
export type PlanId = keyof typeof plans

function fixed(weight: number): Plan {
  const stages = [600, 600, 600].map((seconds) => ({ weight, seconds }))
  return planOf(`fixed${weight * 100}`, stages)
}

/** Seconds from the first bad scrape's begin to the end of scrape `tick`. */
export const delaySeconds = (plan: Plan, tick: number): number => (tick + 1 - plan.onset) * SCRAPE_SECONDS
