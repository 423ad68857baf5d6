/**
 * What the first passes over a Rollout would do, without doing it: the decision, repeated over what its harmless writes would leave, until one
 * would move something, or nothing is left to write. Pure; time stands still. It must not decide anything itself.
 */
import type { ReplicaSet, Rollout, RolloutStatus } from '../api/rollout.ts'
import { canonicalJson } from '../argo/pod-hash.ts'
import { decide } from './decide.ts'
import type { Action, AnnotationPatch, Hold } from './plan.ts'
import { createdReplicas, specReplicas } from './replicas.ts'
import type { World } from './world.ts'

export interface Rehearsal {
  readonly actions: readonly Action[]
  readonly status: RolloutStatus
  /** Of the last pass. */
  readonly holds: readonly Hold[]
}

/** A takeover comes to rest after two or three; more would be a loop. */
const MOST_PASSES = 10

export function rehearse(world: World): Rehearsal {
  const actions: Action[] = []
  let seen = world
  for (let pass = 1; ; pass += 1) {
    const plan = decide(seen)
    actions.push(...plan.actions)
    const { status, holds } = plan
    const isAtRest = plan.actions.length === 0 && canonicalJson(status) === canonicalJson(seen.rollout.status ?? {})
    if (isAtRest || pass === MOST_PASSES || !plan.actions.every(isAnnotation)) return { actions, status, holds }
    seen = plan.actions.filter(isAnnotation).reduce(annotate, { ...seen, rollout: { ...seen.rollout, status } })
  }
}

type Annotation = Extract<Action, { readonly do: 'annotateRollout' | 'annotateReplicaSet' }>

const isAnnotation = (action: Action): action is Annotation =>
  action.do === 'annotateRollout' || action.do === 'annotateReplicaSet'

function annotate(world: World, action: Annotation): World {
  if (action.do === 'annotateRollout') return { ...world, rollout: patch(world.rollout, action.annotations) }
  const { name } = action.replicaSet.metadata
  const replicaSets = world.replicaSets.map((rs) => (rs.metadata.name === name ? patch(rs, action.annotations) : rs))
  return { ...world, replicaSets }
}

function patch<T extends Rollout | ReplicaSet>(object: T, annotations: AnnotationPatch): T {
  const merged = Object.entries({ ...object.metadata.annotations, ...annotations }).filter(
    ([, value]) => value !== null,
  )
  return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(merged) } }
}

type Verb = Action['do']
const always = () => true
const never = () => false

/** Whether a write starts or ends pods, or changes where requests go. Every write has to say. */
const moves: { readonly [V in Verb]: (action: Extract<Action, { readonly do: V }>) => boolean } = {
  createReplicaSet: always,
  scale: ({ replicaSet, to }) => to !== specReplicas(replicaSet),
  deleteReplicaSet: ({ replicaSet }) => createdReplicas(replicaSet) > 0,
  evict: always,
  scaleWorkload: always,
  select: always,
  release: always,
  route: always,
  createExperiment: always,
  terminateExperiment: always,
  deleteExperiment: always,
  annotateReplicaSet: never,
  amendTemplate: never,
  setMinReady: never,
  labelPods: never,
  adoptReplicaSet: never,
  releaseReplicaSet: never,
  annotateRollout: never,
  releaseRoutes: never,
  setDefaultReplicas: never,
  createAnalysisRun: never,
  annotateAnalysisRun: never,
  terminateAnalysisRun: never,
  deleteAnalysisRun: never,
}

export const movesSomething = (action: Action): boolean => (moves[action.do] as (action: Action) => boolean)(action)
