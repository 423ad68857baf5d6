/**
 * One release of a user's manifest in a simulated cluster: the first version is deployed, then updated, while people, alerts, metrics and faults are as
 * the seed drew them; in the end everything is well again. Every change is judged by the simulator's invariants.
 */
import type { Exposure } from '../../cli/simulate/simulator.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import type { World } from '../cluster/world.ts'
import { isAtRest } from '../invariants/ending.ts'
import type { Violation } from '../invariants/invariant.ts'
import type { MetricReader } from '../models/outbound.ts'
import type { Plan } from '../run/plan.ts'
import { advance, clockLeadOf, type JudgedCluster, openJudged, watchEnd, wellFrom } from '../run/run.ts'
import type { Release } from './draw-release.ts'
import { createNewVersion, type NewVersion } from './new-version.ts'
import { isOwnPause, LONGEST_ANSWER_MS } from './people.ts'
import { openStage, type Stage } from './stage.ts'
import type { Storyteller } from './storyteller.ts'
import type { UserScenario } from './user-scenario.ts'

export interface PlayOptions {
  readonly user: UserScenario
  readonly release: Release
  /** Of the update when all goes well. */
  readonly expectedMs: number
  /** In words, for the story. */
  readonly steps: readonly string[]
}

/** Times count from the change of the pod template, in milliseconds. */
export interface Played {
  readonly rollout: Rollout
  /** When it came into the phase that it ended in. */
  readonly endMs: number
  /** False: there were too many events. */
  readonly isFinished: boolean
  /** Of a version that turns bad. */
  readonly exposure: Exposure | undefined
  readonly violations: readonly Violation[]
  readonly story: Storyteller
}

/** What the message says is wrong with the manifests, not with the controller. */
export class ManifestRefused extends Error {}

/** A minute of computing. */
const MOST_STEPS = 150_000
const DEPLOY_WITHIN_MS = 1_200_000
/** After the faults: longest back-off and all that one disturbance may cost. */
const CONVERGE_WITHIN_MS = 900_000
/** Without a write and in a phase that may stay: longer than any back-off, and than what a fault adds to the time of pods. */
const REST_MS = 90_000
/** An analysis that goes on beside a Rollout that stands still has had this long to change something. */
const LEFT_MS = 900_000
const DEFAULT_DEADLINE_S = 600
const DEFAULT_DELAY_S = 30

export async function playRelease(options: PlayOptions): Promise<Played> {
  const { user, release } = options
  const plan = planOf(options)
  const { blueGreen } = plan.scenario.rollout.spec.strategy ?? {}
  const { metricLagMs } = release
  const version = createNewVersion({ direct: plan.scenario.direct, preview: blueGreen?.previewService, metricLagMs })
  let stage: Stage | undefined
  const judged = await openJudged(plan, {
    onStep: () => stage?.observe(),
    readMetric: createMetricReader(user, version),
  })
  const { cluster, judge } = judged
  try {
    await deploy(judged)
    stage = openStage(judged, { release, version, steps: options.steps })
    const { startMs, story } = stage
    await advance(cluster, startMs + release.healAfterMs, undefined, MOST_STEPS)
    cluster.heal()
    story.say('every fault ends')
    const { hasRested, isLeft } = await settle(judged, plan, { expectedMs: options.expectedMs, stage })
    const isFinished = hasRested || isLeft || cluster.kernel.steps() < MOST_STEPS
    const exposure = release.fate === 'turns bad' ? version.readExposure() : undefined
    const [rollout, endMs] = [judged.rollout() ?? plan.scenario.rollout, stage.phaseMs() - startMs]
    stage = undefined
    if (isFinished && !isLeft) await watchEnd(judged, hasRested, Number.POSITIVE_INFINITY)
    const violations = judge.violations.map((violation) => ({ ...violation, atMs: violation.atMs - startMs }))
    return { rollout, endMs, isFinished, exposure, violations, story }
  } finally {
    await cluster.close()
  }
}

const planOf = ({ user, release }: PlayOptions): Plan => ({
  seed: release.seed,
  scenario: { ...user.scenario, podReadyMs: release.podReadyMs, gatewayLagMs: release.gatewayLagMs },
  actions: [],
  faults: release.faults,
  processes: 1,
  skewMs: [0],
  healAtMs: release.healAfterMs,
})

/** Each metric asks at an address of its own. */
const createMetricReader =
  ({ answers }: UserScenario, version: NewVersion): MetricReader =>
  ({ pathname }, { atMs, isAskedBad }) => {
    const { content, discontent } = answers.get(pathname.replace(/\/api\/v1\/query$/, '')) ?? { content: [] }
    return (isAskedBad || version.isShown(atMs) ? discontent : undefined) ?? content
  }

/** Nothing goes wrong, and nobody does anything. */
async function deploy({ cluster, rollout }: JudgedCluster): Promise<void> {
  const isDeployed = (): boolean => isAtRest(rollout()) && rollout()?.status?.phase === 'Healthy'
  await advance(cluster, DEPLOY_WITHIN_MS, isDeployed, MOST_STEPS)
  if (isDeployed()) return
  const { phase = 'no phase', message = '', conditions } = rollout()?.status ?? {}
  const invalid = conditions?.find(({ type }) => type === 'InvalidSpec')?.message
  throw new ManifestRefused(invalid ?? `its first version does not become Healthy: ${phase}: ${message}`)
}

/** How long nothing may happen until nothing more will, and how long everything may take. */
function boundsOf(plan: Plan, expectedMs: number): { readonly restMs: number; readonly longestMs: number } {
  const [, slowestMs] = plan.scenario.podReadyMs
  const { minReadySeconds = 0, progressDeadlineSeconds, strategy } = plan.scenario.rollout.spec
  const { scaleDownDelaySeconds, abortScaleDownDelaySeconds } = strategy?.canary ?? strategy?.blueGreen ?? {}
  const podMs = slowestMs + minReadySeconds * 1000
  const delayS = Math.max(scaleDownDelaySeconds ?? DEFAULT_DELAY_S, abortScaleDownDelaySeconds ?? DEFAULT_DELAY_S)
  const restMs = REST_MS + podMs + delayS * 1000 + clockLeadOf(plan)
  const deadlineMs = (progressDeadlineSeconds ?? DEFAULT_DEADLINE_S) * 1000
  const steps = (strategy?.canary?.steps?.length ?? 0) + 2
  const workMs = 2 * expectedMs + steps * (LONGEST_ANSWER_MS + 2 * podMs)
  return { restMs, longestMs: workMs + deadlineMs + CONVERGE_WITHIN_MS + restMs }
}

/** `isLeft`: it stays as it is, and only an analysis goes on beside it. */
interface Settled {
  readonly hasRested: boolean
  readonly isLeft: boolean
}

/** Until nothing more happens, or has not for long; neither when it goes on for ever. */
async function settle(
  { cluster, judge, rollout }: JudgedCluster,
  plan: Plan,
  { expectedMs, stage }: { readonly expectedMs: number; readonly stage: Stage },
): Promise<Settled> {
  const { kernel, truth } = cluster
  const { restMs, longestMs } = boundsOf(plan, expectedMs)
  const healedMs = kernel.now()
  const wellAtMs = wellFrom(plan, healedMs)
  judge.expectProgress(wellAtMs)
  const isResting = (): boolean => {
    const now = rollout()
    return now !== undefined && isAtRest(now) && !isOwnPause(now)
  }
  const isOlder = (ms: number, ...eventsMs: readonly number[]): boolean =>
    kernel.now() - Math.max(stage.actedMs(), wellAtMs, ...eventsMs) >= ms
  const hasRested = (): boolean => isResting() && !isMeasuring(truth.world()) && isOlder(restMs, judge.lastWriteMs())
  const isLeft = (): boolean => isResting() && isMeasuring(truth.world()) && isOlder(restMs + LEFT_MS, stage.phaseMs())
  await advance(cluster, healedMs + longestMs, () => hasRested() || isLeft(), MOST_STEPS)
  return { hasRested: hasRested(), isLeft: isLeft() }
}

const isMeasuring = ({ analysisRuns, experiments }: World): boolean =>
  [...analysisRuns.values(), ...experiments.values()].some(({ status }) =>
    [undefined, '', 'Pending', 'Running'].includes(status?.phase),
  )
