/**
 * Ticks in which one pod's bad events count up to a limit only. A clump (one broken connection, a thousand retries) then weighs little more than a
 * single failure, and evidence comes from how many pods and scrapes fail, not from how hard the worst one did.
 *
 * Cutting makes ratios smaller where pods have the same traffic: E min(X, T) is concave in the rate. So limited ticks can speak for "the canary's
 * ratio is beyond r0" with r0 on the harmful side of 1, and for nothing else. A pod with less traffic is cut less often, which would flatter the
 * arm with the larger pods; ticks in which that could harm a healthy canary are left out. Traffic is known before outcomes, so that is no selection.
 */
import { countOf } from './arms.ts'
import type { Direction } from './count-evidence.ts'
import type { PodCount, Tick } from './ticks.ts'

/** Pods of both arms may differ in traffic by this much in the direction that would harm. */
const TRAFFIC_SLACK = 1.25

export function limitTick({ at, canary, stable }: Tick, limit: number): Tick {
  return { at, canary: limitPods(canary, limit), stable: limitPods(stable, limit) }
}

/** Whether a healthy canary's limited counts cannot look worse than stable's for the size of its pods alone. */
export function areComparable({ canary, stable }: Tick, direction: Direction): boolean {
  const ofCanary = podTraffic(canary)
  const ofStable = podTraffic(stable)
  return direction === 'up' ? ofCanary * TRAFFIC_SLACK >= ofStable : ofCanary <= ofStable * TRAFFIC_SLACK
}

function limitPods(pods: readonly PodCount[], limit: number): readonly PodCount[] {
  return pods.map(({ pod, bad, total }) => ({ pod, bad: Math.min(countOf(bad), limit), total }))
}

/** Requests of one pod that has any. */
function podTraffic(pods: readonly PodCount[]): number {
  let requests = 0
  let serving = 0
  for (const { total } of pods) {
    requests += countOf(total)
    if (countOf(total) > 0) serving += 1
  }
  return serving === 0 ? 0 : requests / serving
}
