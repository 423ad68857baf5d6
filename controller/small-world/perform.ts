/** What each write of a Plan leaves in the small world: the API server's part and that of the controllers behind it. Nothing is refused. */
import { formatInstant } from '../api/scalars.ts'
import { type Action, isRisky, type Plan } from '../domain/plan.ts'
import { amend, relabel } from './pods.ts'
import { mergeAnnotations, type SmallWorld } from './small-world.ts'

type Verb = Action['do']
type Of<V extends Verb> = Extract<Action, { readonly do: V }>
type Performer<V extends Verb> = (small: SmallWorld, action: Of<V>) => void

const refuse = (_small: SmallWorld, { do: verb }: Action): never => {
  throw new Error(`${verb}: every ReplicaSet of this world is the Rollout's own`)
}

const performers: { readonly [V in Verb]: Performer<V> } = {
  createReplicaSet({ state, replicaSets }, { replicaSet }) {
    const metadata = { ...replicaSet.metadata, creationTimestamp: formatInstant(state.now) }
    replicaSets.set(metadata.name, { ...replicaSet, metadata })
  },
  adoptReplicaSet: refuse,
  releaseReplicaSet: refuse,
  scale({ replicaSets, setPods }, { replicaSet, annotations, to }) {
    const { name } = replicaSet.metadata
    const scaled = mergeAnnotations(replicaSet, annotations)
    replicaSets.set(name, { ...scaled, spec: { ...scaled.spec, replicas: to } })
    setPods(name, to)
  },
  annotateReplicaSet: ({ replicaSets }, { replicaSet, annotations }) =>
    change(replicaSets, replicaSet.metadata.name, (current) => mergeAnnotations(current, annotations)),
  amendTemplate: ({ replicaSets }, { replicaSet, template, annotations }) =>
    change(replicaSets, replicaSet.metadata.name, (current) => amend(current, template, annotations)),
  labelPods({ pods }, { replicaSet, pods: patched }) {
    const patches = new Map(patched.map(({ pod, patch }) => [pod.metadata.name, patch]))
    change(pods, replicaSet.metadata.name, (current) =>
      current.map((pod) => {
        const patch = patches.get(pod.name)
        return patch ? relabel(pod, patch) : pod
      }),
    )
  },
  evict({ evict }, { pods }) {
    for (const { metadata } of pods) evict(metadata.name)
  },
  setMinReady: ({ replicaSets }, { replicaSet, seconds }) =>
    change(replicaSets, replicaSet.metadata.name, (current) => ({
      ...current,
      spec: { ...current.spec, minReadySeconds: seconds },
    })),
  deleteReplicaSet({ replicaSets }, { replicaSet }) {
    replicaSets.delete(replicaSet.metadata.name)
  },
  setDefaultReplicas({ state }) {
    state.rollout = { ...state.rollout, spec: { ...state.rollout.spec, replicas: 1 } }
  },
  annotateRollout({ state }, { annotations }) {
    state.rollout = mergeAnnotations(state.rollout, annotations)
  },
  scaleWorkload({ state }, { workload, to }) {
    state.workload = { ...workload, spec: { ...workload.spec, replicas: to } }
  },
  select({ state, route, services, select }, { subset, podHash, service: name }) {
    if (subset === 'stable' || subset === 'canary') return route.select(subset, podHash, state.now)
    const service = services.get(name)
    if (service) select(service, podHash, state.rollout.metadata.name)
  },
  release({ services, select }, { service: name }) {
    const service = services.get(name)
    if (service) select(service, undefined, null)
  },
  route: ({ route, roles, state }, action) => route.write(action, roles(), state.now),
  releaseRoutes: ({ route }) => route.release(),
  createAnalysisRun({ runs, isMeasured, nextCreation }, { run }) {
    const metadata = { ...run.metadata, creationTimestamp: nextCreation() }
    runs.set(metadata.name, { ...run, metadata, ...(isMeasured ? { status: { phase: 'Running' as const } } : {}) })
  },
  annotateAnalysisRun: ({ runs }, { run, annotations }) =>
    change(runs, run.metadata.name, (current) => mergeAnnotations(current, annotations)),
  terminateAnalysisRun: ({ runs }, { run }) =>
    change(runs, run.metadata.name, (current) => ({
      ...current,
      status: { phase: 'Inconclusive' as const, message: 'terminated' },
    })),
  deleteAnalysisRun({ runs }, { run }) {
    runs.delete(run.metadata.name)
  },
  createExperiment({ experiments, nextCreation }, { experiment }) {
    const metadata = { ...experiment.metadata, creationTimestamp: nextCreation() }
    experiments.set(metadata.name, { ...experiment, metadata, status: { phase: 'Running' as const } })
  },
  terminateExperiment: ({ experiments }, { experiment }) =>
    change(experiments, experiment.metadata.name, (current) => ({
      ...current,
      status: { phase: 'Inconclusive' as const, message: 'terminated' },
    })),
  deleteExperiment({ experiments }, { experiment }) {
    experiments.delete(experiment.metadata.name)
  },
}

function change<T>(objects: Map<string, T>, name: string, next: (current: T) => T): void {
  const current = objects.get(name)
  if (current !== undefined) objects.set(name, next(current))
}

export const perform = (small: SmallWorld, action: Action): void =>
  (performers[action.do] as Performer<Verb>)(small, action)

/**
 * The writes of a pass as `reconcile` makes them: everything harmless, at most one risky one, and what depends on another write only after that.
 * Status is written by whoever plays.
 */
export function pickWrites({ actions }: Plan): readonly Action[] {
  const picked = new Set<Action>()
  let riskTaken = false
  for (const action of actions) {
    if (isRisky(action) && riskTaken) continue
    if (action.do === 'annotateRollout' && action.after && !picked.has(action.after)) continue
    picked.add(action)
    riskTaken ||= isRisky(action)
  }
  return [...picked]
}
