/**
 * A release told for people, line by line, as its true state changes: steps, shares, phases, analyses, and what others did to it. It must not change
 * anything.
 */
import type { StoryLine } from '../../cli/simulate/simulator.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import type { World } from '../cluster/world.ts'
import { imageOf, isReady } from '../models/pods.ts'
import { isNew } from './share.ts'

export interface Storyteller {
  /** Something that shows in no object. */
  say(text: string): void
  observe(): void
  lines(): readonly StoryLine[]
}

export interface StorytellerOptions {
  readonly world: () => World
  readonly rollout: () => Rollout | undefined
  readonly sharePercent: () => number
  /** All lines of the run's event log. */
  readonly log: () => readonly string[]
  /** Virtual milliseconds from which a story's times count. */
  readonly startMs: number
  /** In words. */
  readonly steps: readonly string[]
}

/** What is told when it changes, by a key that keeps it apart from everything else. */
type Picture = ReadonlyMap<string, string>

export function createStoryteller(options: StorytellerOptions): Storyteller {
  const { world, rollout, sharePercent, log, startMs, steps } = options
  const lines: StoryLine[] = []
  let loggedLines = log().length
  let former = drawPicture(world(), rollout(), sharePercent(), steps)

  function say(text: string): void {
    const { atMs } = world()
    lines.push({ atMs: atMs - startMs, newWeightPercent: sharePercent(), newPods: countNewPods(world()), text })
  }

  function sayLogged(): void {
    for (const line of log().slice(loggedLines)) {
      const [, what] = /^\d+ controller-\S+ (is dead|starts)$/.exec(line) ?? []
      if (what !== undefined) say(`the controller ${what}`)
    }
    loggedLines = log().length
  }

  return {
    say,
    observe() {
      sayLogged()
      const now = drawPicture(world(), rollout(), sharePercent(), steps)
      for (const [key, text] of now) if (former.get(key) !== text && text !== '') say(text)
      former = now
    },
    lines: () => lines,
  }
}

function drawPicture(world: World, rollout: Rollout | undefined, share: number, steps: readonly string[]): Picture {
  const { status = {} } = rollout ?? {}
  const { phase = '', message = '', currentStepIndex, abort, currentPodHash, stableRS } = status
  const step = currentStepIndex ?? 0
  const isUpdating = currentPodHash !== stableRS
  const isToldByStep = phase === 'Progressing' || message === 'CanaryPauseStep'
  const runs = [...world.analysisRuns.values()].map((run) => describeRun('analysis', run))
  const experiments = [...world.experiments.values()].map((experiment) => describeRun('experiment', experiment))
  return new Map([
    [
      'step',
      isUpdating && steps[step] !== undefined && abort !== true
        ? `step ${step + 1}/${steps.length}: ${steps[step]}`
        : '',
    ],
    ['phase', isToldByStep ? '' : `${phase}${message === '' || phase === 'Healthy' ? '' : `: ${message}`}`],
    ['share', `the new version gets ${share} % of the requests`],
    ...runs,
    ...experiments,
  ])
}

interface Running extends KubeObject {
  readonly status?: { readonly phase?: string | undefined; readonly message?: string | undefined }
}

function describeRun(what: string, { metadata, status }: Running): readonly [string, string] {
  const { phase = '', message = '' } = status ?? {}
  const isNews = phase !== '' && phase !== 'Pending'
  const text = `${what} ${metadata.name} is ${phase}${message === '' ? '' : `: ${message}`}`
  return [`${what} ${metadata.name}`, isNews ? text : '']
}

function countNewPods({ pods, replicaSets }: World): StoryLine['newPods'] {
  const own = [...pods.values()].filter((pod) => isNew(imageOf((pod as { readonly spec?: unknown }).spec)))
  const wanted = [...replicaSets.values()]
    .filter(({ spec }) => isNew(imageOf(spec.template.spec)))
    .reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0)
  return { wanted, ready: own.filter(isReady).length }
}
