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
import { describeCast, describeStage } from './cast-words.ts'
import { drawRelease, type Release } from './draw-release.ts'
import { ManifestRefused, type Played, playRelease } from './play-release.ts'
import { findUnmodelled } from './unmodelled.ts'
import { makeUserScenario } from './user-scenario.ts'

export const simulator: Simulator = {
  prepare(order) {
    const problems = findUnmodelled(order.rollout)
    return problems.length > 0 ? { problems } : openSimulation(order)
  },
}

function openSimulation(order: SimulationOrder): Simulation {
  const user = makeUserScenario(order)
  return {
    assumptions: [...user.assumptions, ...describeStage(user.scenario.rollout)],
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
