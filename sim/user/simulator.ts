/**
 * The simulator as `penstock simulate` uses it: a user's manifest, prepared once, and a release of it for each seed. How a release ended and what caught
 * a bad version is read here, from what the Rollout says of itself.
 */
import type {
  Catcher,
  Ending,
  Refusal,
  SeedOutcome,
  SeedStory,
  Simulation,
  SimulationOrder,
  Simulator,
} from '../../cli/simulate/simulator.ts'
import { readOutbox } from '../../controller/api/notice.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import { KubeError } from '../../controller/kube/client.ts'
import { everyInvariant } from '../invariants/all.ts'
import { castOfAll, drawRelease, type Release } from './draw-release.ts'
import { needsPeople } from './people.ts'
import { ManifestRefused, type Played, playRelease } from './play-release.ts'
import { findUnmodelled } from './unmodelled.ts'
import { findUnfitRoutes } from './user-objects.ts'
import { makeUserScenario } from './user-scenario.ts'

const PROMOTED = 'people promote within 10 minutes, without looking'

export const simulator: Simulator = {
  prepare(order) {
    const problems = [...findUnmodelled(order.rollout), ...findUnfitRoutes(order.rollout, order.objects)]
    return problems.length > 0 ? { problems } : openSimulation(order)
  },
}

function openSimulation(order: SimulationOrder): Simulation {
  const user = makeUserScenario(order)
  return {
    assumptions: [...user.assumptions, ...castOfAll, ...(needsPeople(user.scenario.rollout) ? [PROMOTED] : [])],
    async play(seed): Promise<SeedStory | Refusal> {
      const release = drawRelease(seed, order.expected)
      try {
        const played = await playRelease({ user, release, expectedMs: order.expected.endMs, steps: order.steps })
        return { outcome: judgeOutcome(release, played), cast: describeCast(release), lines: played.story.lines() }
      } catch (error) {
        if (error instanceof ManifestRefused || error instanceof KubeError) return { refusal: error.message }
        throw error
      }
    },
  }
}

const wordsOf = (id: string): string => everyInvariant.find((invariant) => invariant.id === id)?.words ?? ''

function judgeOutcome(
  { seed, fate }: Release,
  { rollout, endMs, isFinished, exposure, violations }: Played,
): SeedOutcome {
  return {
    seed,
    fate,
    ending: isFinished ? endingOf(rollout) : 'unfinished',
    endMs,
    caughtBy: catcherOf(rollout),
    ...(exposure ? { exposure } : {}),
    broken: violations.map(({ id, sentence, atMs }) => ({ id, words: wordsOf(id), sentence, atMs })),
  }
}

function endingOf({ status = {} }: Rollout): Ending {
  if (status.abort) return 'rolled back'
  if (status.phase === 'Healthy') return 'promoted'
  return status.phase === 'Paused' ? 'paused' : 'held'
}

function catcherOf({ metadata, status = {} }: Rollout): Catcher {
  const isHalted = (status.pauseConditions ?? []).some(({ reason }) => reason.startsWith('Inconclusive'))
  if (status.abort) return catcherOfAbort(metadata.annotations, status.currentPodHash)
  if (isHalted) return 'analysis'
  return status.phase === 'Degraded' ? 'progress deadline' : 'nothing'
}

/** The notice of an abort is written ahead of it, and names the cause. */
function catcherOfAbort(annotations: Rollout['metadata']['annotations'], podHash: string | undefined): Catcher {
  const { reason = '' } =
    readOutbox(annotations).findLast((notice) => notice.kind === 'Aborted' && notice.podHash === podHash) ?? {}
  if (/^(Analysis|Experiment)/.test(reason)) return 'analysis'
  return reason.endsWith('DeadlineExceeded') ? 'progress deadline' : 'alert'
}

function describeCast({
  fate,
  badAfterMs,
  alertDelayMs,
  falseAlertMs,
  podReadyMs,
  faults,
}: Release): readonly string[] {
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`
  const version = {
    good: 'the new version is good',
    'turns bad': `the new version is bad ${badAfterMs === 0 ? 'from the beginning' : `from ${seconds(badAfterMs)} on`}`,
    'never ready': "the new version's pods never become ready",
  }[fate]
  const alert =
    alertDelayMs !== undefined
      ? [`an alert fires ${seconds(alertDelayMs)} after users feel it`]
      : falseAlertMs !== undefined
        ? ['an alert fires without a reason']
        : []
  const pods = `pods are ready after ${seconds(podReadyMs[0])} to ${seconds(podReadyMs[1])}`
  return [version, ...alert, pods, `${faults.length} faults`]
}
