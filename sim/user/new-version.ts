/**
 * The new version as others feel it: users by the requests that it gets, Prometheus a while after it has got some. It measures how long users had a bad
 * one. It must not change anything.
 */
import type { Exposure } from '../../cli/simulate/simulator.ts'
import type { World } from '../cluster/world.ts'
import { isTriedOut, newWeightPercent } from './share.ts'

export interface NewVersion {
  turnBad(): void
  /** To be called after every change of the world. */
  observe(world: World): void
  /** Of the requests, now. */
  sharePercent(): number
  /** Users have felt by now that it is bad. */
  isFelt(): boolean
  /** Prometheus shows that it is bad. */
  isShown(atMs: number): boolean
  readExposure(): Exposure
}

export interface NewVersionOptions {
  /** Services that users reach without a route. */
  readonly direct: readonly string[]
  readonly preview: string | undefined
  readonly metricLagMs: number
}

export function createNewVersion({ direct, preview, metricLagMs }: NewVersionOptions): NewVersion {
  let isBad = false
  let share = 0
  let isFelt = false
  let [observedMs, ms, wholeMs] = [0, 0, 0]
  /** Since when it is bad and gets requests, of users or of whoever tries it out. */
  let workingSinceMs: number | undefined

  function count(untilMs: number): void {
    if (isBad && share > 0) {
      ms += untilMs - observedMs
      wholeMs += ((untilMs - observedMs) * share) / 100
    }
    observedMs = untilMs
  }

  return {
    turnBad() {
      isBad = true
    },
    observe(world) {
      count(world.atMs)
      share = newWeightPercent(world, direct)
      isFelt ||= isBad && share > 0
      const isWorking = isBad && (share > 0 || isTriedOut(world, preview))
      workingSinceMs = isWorking ? (workingSinceMs ?? world.atMs) : undefined
    },
    sharePercent: () => share,
    isFelt: () => isFelt,
    isShown: (atMs) => workingSinceMs !== undefined && atMs - workingSinceMs >= metricLagMs,
    readExposure: () => ({ ms, wholeMs: Math.round(wholeMs), isOpen: isFelt && share > 0 }),
  }
}
