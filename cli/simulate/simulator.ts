/**
 * What `penstock simulate` asks of the simulator, and what it is told: the door between the two, shapes only. The simulator is a tool of its own that
 * the CLI loads when it is asked for; neither the controller nor any other command ever does.
 */
import type { AnalysisTemplate } from '../../controller/api/analysis.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import type { Problem } from '../lint/problem.ts'

export interface SimulationOrder {
  /** With its namespace and a pod template; it has passed `lint` and `plan`. */
  readonly rollout: Rollout
  readonly templates: readonly AnalysisTemplate[]
  /** Everything else that the files hold for its namespace. */
  readonly objects: readonly KubeObject[]
  readonly compat: 'strict' | 'argo'
  /** Of the update when all goes well, as `penstock plan` has it; in milliseconds from the change of the pod template. */
  readonly expected: { readonly momentsMs: readonly number[]; readonly endMs: number }
  /** In words, one for each step of a canary. */
  readonly steps: readonly string[]
}

/** What the new version of a seed is like. */
export const fates = ['good', 'turns bad', 'never ready'] as const
export type Fate = (typeof fates)[number]

/** `held`: Degraded, and not taken back. `unfinished`: it is too long to be played to its end. */
export const endings = ['promoted', 'rolled back', 'paused', 'held', 'unfinished'] as const
export type Ending = (typeof endings)[number]

export const catchers = ['analysis', 'alert', 'progress deadline', 'nothing'] as const
export type Catcher = (typeof catchers)[number]

/** Of the time since the new version turned bad under requests of users. */
export interface Exposure {
  /** Milliseconds in which it got requests. */
  readonly ms: number
  /** The same weighed by its share of the requests: milliseconds of all traffic. */
  readonly wholeMs: number
  /** It still got some when nothing more happened: the times are at least so long. */
  readonly isOpen: boolean
}

export interface BrokenInvariant {
  readonly id: string
  /** The rule. */
  readonly words: string
  /** What broke it. */
  readonly sentence: string
  /** Since the change of the pod template; before it, negative. */
  readonly atMs: number
}

export interface SeedOutcome {
  readonly seed: number
  readonly fate: Fate
  readonly ending: Ending
  /** Of the state that it ended in, since the change of the pod template. */
  readonly endMs: number
  /** What ended or held the update. */
  readonly caughtBy: Catcher
  /** Of a version that turns bad. */
  readonly exposure?: Exposure
  readonly broken: readonly BrokenInvariant[]
}

export interface StoryLine {
  /** Since the change of the pod template. */
  readonly atMs: number
  readonly newWeightPercent: number
  readonly newPods: { readonly wanted: number; readonly ready: number }
  readonly text: string
}

export interface SeedStory {
  readonly outcome: SeedOutcome
  /** What the seed drew, in sentences. */
  readonly cast: readonly string[]
  readonly lines: readonly StoryLine[]
}

/** The cluster does not take the manifests, or the first version never comes up: one sentence. */
export interface Refusal {
  readonly refusal: string
}

export interface Simulation {
  /** What was taken for granted, in sentences. */
  readonly assumptions: readonly string[]
  /** Equal seeds give equal stories. */
  play(seed: number): Promise<SeedStory | Refusal>
}

export interface Simulator {
  /** The problems are those of a Rollout that it has no model for. */
  prepare(order: SimulationOrder): Simulation | { readonly problems: readonly Problem[] }
}
