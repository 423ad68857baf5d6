/**
 * One run: faults on, then healed, then at rest, every invariant checked after each change. One plan gives one event log, whatever machine it runs on. A
 * run that never comes to rest is a violation with its story, never a hang.
 */
import type { Rollout } from '../../controller/api/rollout.ts'
import type { World } from '../cluster/world.ts'
import { type EndingInvariant, isAtRest, L1, S19, S23 } from '../invariants/ending.ts'
import type { Violation, WriteCause } from '../invariants/invariant.ts'
import { openCluster, type SimCluster, WALL_START_MS } from './cluster.ts'
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

export async function run(plan: Plan): Promise<Result> {
  let truthOf = (): World | undefined => undefined
  let judge: ReturnType<typeof createJudge> | undefined
  const cluster = await openCluster(plan, {
    onStep: (label) => judge?.onStep(label),
    onWrite: (write, apply) => judge?.onWrite(write, apply) ?? apply(),
    onNotice: (_body, message) => judge?.onTold(message),
    onPost: (post) => judge?.onPost(post),
  })
  const { kernel, truth } = cluster
  truthOf = truth.world
  judge = createJudge(plan.scenario, truth.world, { clockLeadMs: clockLeadOf(plan), epochMs: WALL_START_MS })
  const rollout = (): Rollout | undefined => truthOf()?.rollouts.get(plan.scenario.rollout.metadata.name)

  for (const action of plan.actions) kernel.schedule(action.atMs, `actor: ${action.kind}`, () => cluster.act(action))
  for (const fault of plan.faults) kernel.schedule(fault.atMs, `fault: ${fault.kind}`, () => cluster.strike(fault))
  await advance(cluster, plan.healAtMs)
  kernel.note('healed')
  cluster.heal()
  const wasSilent = plan.faults.some(({ kind }) => kind === 'silence' || kind === 'partition')
  // A clock that was set back makes a pause last as much longer.
  const restMs = REST_MS + clockLeadOf(plan)
  const wellAtMs = plan.healAtMs + (wasSilent ? SILENCE_MS : 0)
  judge.expectProgress(wellAtMs)
  const hasRested = (): boolean =>
    isAtRest(rollout()) && kernel.now() - Math.max(judge.lastWriteMs(), wellAtMs) >= restMs
  await advance(cluster, plan.healAtMs + CONVERGE_WITHIN_MS, hasRested)
  const isAtItsEnd = hasRested()
  const endings = await watchRest(cluster, isAtItsEnd, judge.writes, rollout)
  if (isAtItsEnd) judge.judgeEnd(cluster.board.hits().size === 0)
  for (const [{ id }, sentence] of endings) judge.tell(id, sentence, kernel.now())
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

/** Nothing more is asked of it: it has to stay as it is, also with an empty memory. */
export async function watchRest(
  cluster: SimCluster,
  hasRested: boolean,
  writes: readonly WriteCause[],
  rollout: () => Rollout | undefined,
): Promise<readonly (readonly [EndingInvariant, string])[]> {
  const { kernel } = cluster
  const former = rollout()
  if (!hasRested) {
    const sentence =
      L1.check({ writes: [], former, now: former }) ??
      `did not converge: ${former?.status?.phase} with writes that never end`
    return [[L1, sentence]]
  }
  const firstNew = writes.length
  await advance(cluster, kernel.now() + QUIET_MS / 3)
  cluster.restart(0)
  await advance(cluster, kernel.now() + (2 * QUIET_MS) / 3)
  const rest = { writes: writes.slice(firstNew), former, now: rollout() }
  return [S19, S23].flatMap((invariant) => {
    const sentence = invariant.check(rest)
    return sentence === undefined ? [] : [[invariant, sentence] as const]
  })
}
