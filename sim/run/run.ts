/**
 * One run: faults on, then healed, then at rest, every invariant checked after each change. One plan gives one event log, whatever machine it runs on. A
 * run that never comes to rest is a violation with its story, never a hang.
 */
import type { Rollout } from '../../controller/api/rollout.ts'
import { type EndingInvariant, isAtRest, L1, S19, S23 } from '../invariants/ending.ts'
import type { Violation } from '../invariants/invariant.ts'
import { type ClusterHooks, openCluster, type SimCluster, WALL_START_MS } from './cluster.ts'
import { createJudge } from './judge.ts'
import type { Plan } from './plan.ts'

export interface Result {
  readonly seed: number
  /** Of the event log. */
  readonly hash: string
  readonly steps: number
  readonly virtualMs: number
  readonly violations: readonly Violation[]
  /** The whole event log, each line `<ms> <what>`. */
  readonly lines: readonly string[]
  /** How often each kind of fault really hit something. */
  readonly hits: ReadonlyMap<string, number>
}

const MOST_STEPS = 60_000
/** After the healing: longest back-off, deadlines, delays and steps of any scenario, twice. */
const CONVERGE_WITHIN_MS = 900_000
/** Without a write and in a phase that may stay: longer than any scale-down delay and any back-off. */
const REST_MS = 60_000
/** A watch that fell silent is found out only by its silence, the second time by a list. */
const SILENCE_MS = 200_000
/** Watched after it came to rest, with a restart of the controller in the middle. */
const QUIET_MS = 45_000

/** The most by which any wall clock can be ahead of what another one, or the same one earlier, wrote down. */
export function clockLeadOf({ skewMs, faults }: Plan): number {
  const jumps = faults.map((fault) => (fault.kind === 'jumpWall' ? Math.abs(fault.ms) : 0))
  return jumps.reduce((sum, ms) => sum + ms, Math.max(...skewMs) - Math.min(...skewMs))
}

/** The longest stop and the latest watch. */
function blindnessOf({ faults }: Plan): number {
  const stops = faults.map((fault) => (fault.kind === 'pause' ? fault.forMs : 0))
  const delays = faults.map((fault) => (fault.kind === 'delayEvents' ? fault.ms : 0))
  return Math.max(0, ...stops) + Math.max(0, ...delays)
}

/** Runs until `isOver`, or until virtual time `untilMs` has passed, or there have been too many steps. */
export async function advance(
  { kernel }: SimCluster,
  untilMs: number,
  isOver: () => boolean = () => false,
  mostSteps = MOST_STEPS,
): Promise<void> {
  let isDue = false
  kernel.schedule(untilMs - kernel.now(), undefined, () => {
    isDue = true
  })
  while (!isDue && !isOver() && kernel.steps() < mostSteps) if (!(await kernel.step())) return
}

export interface JudgedCluster {
  readonly cluster: SimCluster
  readonly judge: ReturnType<typeof createJudge>
  /** As it truly is. */
  rollout(): Rollout | undefined
}

/** A cluster whose every change is judged. `onStep` comes after the judge. */
export async function openJudged(
  plan: Plan,
  { onStep, readMetric }: Partial<Pick<ClusterHooks, 'onStep' | 'readMetric'>> = {},
): Promise<JudgedCluster> {
  let judge: ReturnType<typeof createJudge> | undefined
  const cluster = await openCluster(plan, {
    onStep(label) {
      judge?.onStep(label)
      onStep?.(label)
    },
    onWrite: (write, apply) => judge?.onWrite(write, apply) ?? apply(),
    onNotice: (_body, message) => judge?.onTold(message),
    onPost: (post) => judge?.onPost(post),
    ...(readMetric ? { readMetric } : {}),
  })
  const { world } = cluster.truth
  judge = createJudge(plan.scenario, world, {
    clockLeadMs: clockLeadOf(plan),
    epochMs: WALL_START_MS,
    blindMs: blindnessOf(plan),
  })
  return { cluster, judge, rollout: () => world().rollouts.get(plan.scenario.rollout.metadata.name) }
}

/** From when on nothing goes wrong any more, in virtual milliseconds; a watch that fell silent shows its silence later. */
export const wellFrom = ({ faults }: Plan, healedMs: number): number =>
  healedMs + (faults.some(({ kind }) => kind === 'silence' || kind === 'partition') ? SILENCE_MS : 0)

export async function run(plan: Plan): Promise<Result> {
  const judged = await openJudged(plan)
  const { cluster, judge, rollout } = judged
  const { kernel } = cluster
  for (const action of plan.actions) kernel.schedule(action.atMs, `actor: ${action.kind}`, () => cluster.act(action))
  for (const fault of plan.faults) kernel.schedule(fault.atMs, `fault: ${fault.kind}`, () => cluster.strike(fault))
  await advance(cluster, plan.healAtMs)
  kernel.note('healed')
  cluster.heal()
  // A clock that was set back makes a pause last as much longer.
  const restMs = REST_MS + clockLeadOf(plan)
  const wellAtMs = wellFrom(plan, plan.healAtMs)
  judge.expectProgress(wellAtMs)
  const hasRested = (): boolean =>
    isAtRest(rollout()) && kernel.now() - Math.max(judge.lastWriteMs(), wellAtMs) >= restMs
  await advance(cluster, plan.healAtMs + CONVERGE_WITHIN_MS, hasRested)
  await watchEnd(judged, hasRested())
  await cluster.close()
  return {
    seed: plan.seed,
    hash: kernel.hash(),
    steps: kernel.steps(),
    virtualMs: kernel.now(),
    violations: judge.violations,
    lines: kernel.lines(),
    hits: cluster.board.hits(),
  }
}

/** Nothing more is asked of it: it has to look as it should, and to stay as it is, also with an empty memory. */
export async function watchEnd(judged: JudgedCluster, hasRested: boolean, mostSteps = MOST_STEPS): Promise<void> {
  const { cluster, judge } = judged
  const endings = await watchRest(judged, hasRested, mostSteps)
  if (hasRested) judge.judgeEnd(cluster.board.hits().size === 0, cluster.kernel.lines())
  for (const [{ id }, sentence] of endings) judge.tell(id, sentence, cluster.kernel.now())
}

async function watchRest(
  { cluster, judge, rollout }: JudgedCluster,
  hasRested: boolean,
  mostSteps: number,
): Promise<readonly (readonly [EndingInvariant, string])[]> {
  const { kernel } = cluster
  const { writes } = judge
  const former = rollout()
  if (!hasRested) {
    const sentence =
      L1.check({ writes: [], former, now: former }) ??
      `did not converge: ${former?.status?.phase} with writes that never end`
    return [[L1, sentence]]
  }
  const firstNew = writes.length
  await advance(cluster, kernel.now() + QUIET_MS / 3, undefined, mostSteps)
  cluster.restart(0)
  await advance(cluster, kernel.now() + (2 * QUIET_MS) / 3, undefined, mostSteps)
  const rest = { writes: writes.slice(firstNew), former, now: rollout() }
  return [S19, S23].flatMap((invariant) => {
    const sentence = invariant.check(rest)
    return sentence === undefined ? [] : [[invariant, sentence] as const]
  })
}
