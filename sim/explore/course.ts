/**
 * What anybody could watch of a telling, in order: what the controller wrote, what the Rollout said of itself, how many pods were asked for, where
 * requests were sent, which messages arrived. Two tellings of the same product that were not disturbed have the same course to the millisecond.
 */
import type { Rollout } from '../../controller/api/rollout.ts'
import type { World } from '../cluster/world.ts'
import { renderRules } from './ending.ts'

export interface Moment {
  readonly atMs: number
  readonly what: string
}

export interface Course {
  readonly moments: readonly Moment[]
  note(atMs: number, what: string): void
  /** What has changed since it was looked at last. */
  look(world: World): void
}

const renderConditions = ({ status = {} }: Rollout): string =>
  (status.conditions ?? []).map(({ type, status: is, reason }) => `${type} ${is} ${reason ?? ''}`.trim()).join(', ')

function* renderSights({ rollouts, replicaSets, httpRoutes, lease }: World): Generator<readonly [string, string]> {
  for (const [name, rollout] of rollouts) {
    const { phase = '-', message = '', currentStepIndex = '-', abort = false } = rollout.status ?? {}
    yield [
      `rollout ${name}`,
      `${phase}${message && `: ${message}`}${abort ? ', aborted' : ''}, step ${currentStepIndex}`,
    ]
    yield [`conditions of ${name}`, renderConditions(rollout)]
  }
  for (const [name, { spec }] of replicaSets) yield [`size of ${name}`, String(spec.replicas)]
  if (lease.holder !== undefined) yield ['the Lease', lease.holder]
  for (const [name, route] of httpRoutes) yield [`route ${name}`, renderRules(route)]
}

export function createCourse(): Course {
  const moments: Moment[] = []
  const seen = new Map<string, string>()
  let version = -1
  const note = (atMs: number, what: string): void => void moments.push({ atMs, what })
  return {
    moments,
    note,
    look(world) {
      if (world.version === version) return
      version = world.version
      for (const [name, text] of renderSights(world)) {
        if (seen.get(name) === text) continue
        seen.set(name, text)
        note(world.atMs, `${name}: ${text}`)
      }
    },
  }
}

/** Timers may tell moments apart that belong together; what is later than this is late. */
const TOLERANCE_MS = 1_000

const render = (moment: Moment | undefined): string =>
  moment ? `"${moment.what}" at ${(moment.atMs / 1000).toFixed(1)} s` : 'nothing more'

/** The first thing that goes otherwise, in one sentence. */
export function compareCourses(told: readonly Moment[], known: readonly Moment[]): string | undefined {
  for (let at = 0; at < Math.max(told.length, known.length); at += 1) {
    const [now, then] = [told[at], known[at]]
    const isSame = now?.what === then?.what && Math.abs((now?.atMs ?? 0) - (then?.atMs ?? 0)) <= TOLERANCE_MS
    if (!isSame) return `on the way: ${render(now)} in place of ${render(then)}`
  }
  return undefined
}
