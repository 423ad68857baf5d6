/** Writes down what a played update looks like, pass after pass, and leaves of it what is worth a line. It must not change the world. */
import { canonicalJson } from '../../controller/argo/pod-hash.ts'
import type { Plan } from '../../controller/domain/plan.ts'
import type { SmallWorld } from '../../controller/small-world/small-world.ts'
import { describeStep } from '../view/progress.ts'
import type { Outsiders } from './outsiders.ts'
import type { Moment, Wait } from './playback.ts'
import { countPods, isDone, shareOf } from './small-cluster-view.ts'

export interface Recorder {
  /** Of several passes at one time and in one step the last counts. */
  record(plan: Plan): void
  /** What stands is not overwritten any more, though no time has gone by. */
  keep(): void
  /** Without those that show nothing new, and those at which a step only passes on. */
  list(): readonly Moment[]
}

export interface Recording {
  readonly startMs: number
  readonly formerHash: string
  readonly outsiders: Outsiders
}

export function createRecorder(small: SmallWorld, recording: Recording): Recorder {
  const moments: Moment[] = []
  const kept = new Set<Moment>()
  return {
    record(plan) {
      const moment = describeMoment(small, plan, recording)
      const last = moments.at(-1)
      if (last && !kept.has(last) && last.atMs === moment.atMs && isSamePlace(last, moment)) moments.pop()
      moments.push(moment)
    },
    keep() {
      const last = moments.at(-1)
      if (last) kept.add(last)
    },
    list: () => withoutRepetitions(moments.flatMap((moment, index) => pass(moment, index, { moments, kept }))),
  }
}

const isSamePlace = (left: Moment, right: Moment): boolean => left.step === right.step && left.text === right.text

/** A moment that is over at once waits for nothing, and is left out when its step has a moment already. */
function pass(
  moment: Moment,
  index: number,
  { moments, kept }: { readonly moments: readonly Moment[]; readonly kept: ReadonlySet<Moment> },
): readonly Moment[] {
  const [before, next] = [moments[index - 1], moments[index + 1]]
  if (kept.has(moment) || next?.atMs !== moment.atMs) return [moment]
  return before && isSamePlace(before, moment) ? [] : [{ ...moment, waitsFor: [] }]
}

function withoutRepetitions(moments: readonly Moment[]): readonly Moment[] {
  const shown = ({ atMs: _atMs, ...rest }: Moment): string => canonicalJson(rest)
  return moments.filter((moment, index) => {
    const before = moments[index - 1]
    return before === undefined || shown(moment) !== shown(before)
  })
}

function describeMoment(small: SmallWorld, plan: Plan, { startMs, formerHash, outsiders }: Recording): Moment {
  const world = small.world()
  const podHash = world.rollout.status?.currentPodHash ?? ''
  const isFormer = (hash: string): boolean => hash === formerHash
  const oldPods = countPods(world, isFormer)
  return {
    atMs: world.now - startMs,
    ...describePlace(small, formerHash),
    newWeightPercent: isFormer(podHash) ? 0 : shareOf(world, podHash),
    otherWeights: world.routes[0]?.additional ?? {},
    oldPods,
    newPods: countPods(world, (hash) => !isFormer(hash)),
    waitsFor: isDone(small.state, formerHash) ? oldPodsStay(oldPods.wanted) : listWaits(plan, outsiders),
  }
}

function describePlace(small: SmallWorld, formerHash: string): Pick<Moment, 'step' | 'text'> {
  const { spec, status } = small.state.rollout
  if (isDone(small.state, formerHash)) return { text: 'done' }
  const index = status?.currentStepIndex ?? 0
  const step = spec.strategy?.canary?.steps?.[index]
  if (step) return { step: index + 1, text: describeStep(step) }
  const { activeService } = spec.strategy?.blueGreen ?? {}
  const isPreview = activeService !== undefined && status?.blueGreen?.activeSelector === formerHash
  return { text: isPreview ? 'preview' : 'promotion' }
}

/** Whoever is waited for; else, in the controller's own words, what has to come about first. */
function listWaits({ holds }: Plan, outsiders: Outsiders): readonly Wait[] {
  const waits = outsiders.waits()
  return waits.length > 0 ? waits : holds.slice(0, 1).map(({ message }) => ({ kind: 'pods', text: message }))
}

const oldPodsStay = (count: number): readonly Wait[] =>
  count > 0 ? [{ kind: 'pods', text: 'the old pods are kept for their scale-down delay' }] : []
