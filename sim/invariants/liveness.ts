/** How long things may take once nothing goes wrong any more: L2, L3. The clock of both starts when faults have ended. */
import { hashOf, type World } from '../cluster/world.ts'
import type { Context, Invariant } from './invariant.ts'
import { isBetweenRevisions, readyPods, rolesOf, rolloutOf, statusOf, wantedPods } from './reading.ts'

/** Longer than pods take to be ready, a gateway to obey and a pass to be tried again, one after the other. */
const ABORT_WITHIN_MS = 90_000
const SLACK_MS = 90_000
const DEFAULT_DEADLINE_S = 600

/** Requests that really reach the revision that is taken back. */
function reachesUsers(world: World, podHash: string): boolean {
  const { blueGreen, canary } = rolloutOf(world)?.spec.strategy ?? {}
  const namesIt = (name: string | undefined): boolean => {
    const service = name === undefined ? undefined : world.services.get(name)
    return service !== undefined && hashOf(service) === podHash
  }
  if (blueGreen) return namesIt(blueGreen.activeService)
  if (!canary?.trafficRouting) return false
  const roles = rolesOf(world)
  const isSent = (name: string | undefined): boolean =>
    [...world.dataPlane.routes.values()].some(({ weights }) => (weights.get(name ?? '') ?? 0) > 0)
  return [roles.stable, roles.canary].some((name) => namesIt(name) && isSent(name))
}

/** Without a ready stable pod there is nowhere to go back to. */
const canGoBack = (world: World): boolean =>
  (readyPods(world).get(statusOf(world).stableRS ?? '') ?? 0) >= Math.max(1, wantedPods(world))

export const L2: Invariant = {
  id: 'L2',
  words:
    'An abort, whoever asked for it, takes all requests back to stable within 90 seconds of stable pods being there.',
  check(_before, after, { history, healedMs, clockLeadMs = 0 }) {
    if (history.abortedMs === undefined || healedMs === undefined || !isBetweenRevisions(after)) return undefined
    const sinceMs = Math.max(history.abortedMs, healedMs, history.specMs, ...history.lostMs.values())
    if (after.atMs - sinceMs <= ABORT_WITHIN_MS + clockLeadMs || !canGoBack(after)) return undefined
    const podHash = statusOf(after).currentPodHash ?? ''
    return reachesUsers(after, podHash)
      ? `${podHash} was taken back ${after.atMs - history.abortedMs} ms ago and still gets requests`
      : undefined
  },
}

const isRunning = ({ status }: { readonly status?: { readonly phase?: string | undefined } }): boolean =>
  status?.phase === undefined || ['', 'Pending', 'Running'].includes(status.phase)

/** A step that lasts, with its own bound. */
const isJudged = ({ analysisRuns, experiments }: World): boolean =>
  [...analysisRuns.values()].some(isRunning) || [...experiments.values()].some(isRunning)

export const L3: Invariant = {
  id: 'L3',
  words:
    'An update that comes no further is Degraded once its progress deadline has passed; it never stays Progressing.',
  check(_before, after, context: Context) {
    const { history, healedMs, clockLeadMs = 0 } = context
    if (healedMs === undefined || statusOf(after).phase !== 'Progressing') return undefined
    const deadlineMs = (rolloutOf(after)?.spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_S) * 1000
    const idleMs = after.atMs - Math.max(history.progressMs, healedMs)
    if (idleMs <= deadlineMs + SLACK_MS + clockLeadMs || isJudged(after)) return undefined
    return `Progressing, and nothing has changed for ${idleMs} ms: ${statusOf(after).message ?? ''}`
  },
}
