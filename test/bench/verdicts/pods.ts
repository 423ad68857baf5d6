/**
 * The pods of a simulated release: how many there are at a weight, how old each is, and its mood, a stationary AR(1) on the logarithm of its rates. All
 * draws come from the generator that is given.
 */
import type { Noise } from './noise.ts'
import { SCRAPE_SECONDS } from './plan.ts'
import type { Random } from './random.ts'

export interface Pod {
  readonly name: string
  /** The scrape before whose begin it got ready; far below zero for pods that have always been there. */
  readonly born: number
  /** Standard normal. */
  mood: number
}

export interface PodSet {
  /** Those that serve during scrape `tick`, at this share of the traffic; called once a scrape, ascending. */
  readonly at: (tick: number, share: number) => readonly Pod[]
}

const ALWAYS = -1_000_000

/** `share` of the replicas, one at least; twice as many once the autoscaler has seen to it. */
function countAt(noise: Noise, tick: number, share: number): number {
  const { doublingAtSeconds, replicas } = noise
  const isDoubled = doublingAtSeconds !== undefined && tick * SCRAPE_SECONDS >= doublingAtSeconds
  return Math.max(1, Math.round(replicas * share)) * (isDoubled ? 2 : 1)
}

/** `isFresh`: pods begin with the rollout; otherwise they have always been there, except for those that the autoscaler adds. */
export function createPods(prefix: string, noise: Noise, random: Random, isFresh: boolean): PodSet {
  const pods: Pod[] = []
  const { rho } = noise.pod
  const fresh = Math.sqrt(1 - rho * rho)
  return {
    at(tick, share) {
      for (const pod of pods) pod.mood = rho * pod.mood + fresh * random.normal()
      while (pods.length < countAt(noise, tick, share))
        pods.push({
          name: `${prefix}-${pods.length}`,
          born: isFresh || tick > 0 ? tick : ALWAYS,
          mood: random.normal(),
        })
      return pods
    },
  }
}

/** Factor on a rate, of mean 1. */
export const moodFactor = (mood: number, sd: number): number => (sd === 0 ? 1 : Math.exp(sd * mood - (sd * sd) / 2))

/** The mood of all pods together, one step a call. */
export function createMood(rho: number, random: Random): () => number {
  const fresh = Math.sqrt(1 - rho * rho)
  let mood = random.normal()
  return () => {
    mood = rho * mood + fresh * random.normal()
    return mood
  }
}

/** Share of scrape `tick` during which a pod is cold. */
export function coldShare(noise: Noise, pod: Pod, tick: number): number {
  if (noise.cold === undefined) return 0
  const left = noise.cold.seconds - (tick - pod.born) * SCRAPE_SECONDS
  return Math.min(1, Math.max(0, left / SCRAPE_SECONDS))
}

/** Whether the arm is within an incident that begins at scrape `start`. */
export function isInIncident(noise: Noise, start: number, tick: number, isCanary: boolean): boolean {
  if (noise.incident === undefined) return false
  const since = tick - start - (isCanary ? noise.incident.skewTicks : 0)
  return since >= 0 && since * SCRAPE_SECONDS < noise.incident.seconds
}
