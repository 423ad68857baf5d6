/** What must not change when a cluster changes hands: pods, sizes, weight, selectors, and where the release stands. */
import { NAME } from '../e2e/manifests.ts'
import type { Workspace } from '../e2e/workspace.ts'

export interface Picture {
  readonly pods: readonly string[]
  readonly podsSoFar: number
  readonly sizes: readonly string[]
  readonly weight: number | undefined
  readonly selected: readonly string[]
  readonly step: number | null | undefined
  readonly stable: string | undefined
  readonly current: string | undefined
  readonly runs: readonly string[]
}

export const pictureOf = (space: Workspace): Picture => ({
  pods: space
    .pods()
    .map(({ metadata }) => `${metadata.name} ${metadata.uid}`)
    .sort(),
  podsSoFar: space.podsSoFar(),
  sizes: space
    .replicaSets()
    .map(({ metadata, spec }) => `${metadata.name} ${spec.replicas}`)
    .sort(),
  weight: space.weights().at(-1),
  selected: ['stable', 'canary', 'active', 'preview'].map((role) => space.selected(`${NAME}-${role}`)),
  step: space.rollout().status?.currentStepIndex,
  stable: space.rollout().status?.stableRS,
  current: space.rollout().status?.currentPodHash,
  runs: space
    .analysisRuns()
    .map(({ metadata, spec }) => `${metadata.name}${spec.terminate ? ' terminated' : ''}`)
    .sort(),
})
