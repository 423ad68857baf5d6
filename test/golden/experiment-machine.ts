/**
 * A tiny cluster in memory that obeys the plans of one Experiment, for golden stories: pods that become available after a while and go at once,
 * Services, AnalysisRuns that end when told. It decides nothing about experiments; it plays the world.
 */
import type { AnalysisPhase, AnalysisRun, AnalysisTemplate } from '../../controller/api/analysis.ts'
import type { Experiment, ExperimentSpec, ExperimentStatus } from '../../controller/api/experiment.ts'
import type { ReplicaSet, Service } from '../../controller/api/rollout.ts'
import { templateKey } from '../../controller/domain/analysis/analysis-templates.ts'
import { decideExperiment } from '../../controller/domain/experiment/decide.ts'
import type { ExperimentAction, ExperimentPlan } from '../../controller/domain/experiment/plan.ts'
import { renderExperimentPlan, renderExperimentWorld } from '../../controller/domain/experiment/story.ts'
import type { ExperimentWorld, Refusal } from '../../controller/domain/experiment/world.ts'
import type { Compat } from '../../controller/domain/world.ts'

export interface ExperimentMachineOptions {
  readonly experiment: Experiment
  readonly templates?: readonly AnalysisTemplate[]
  readonly compat?: Compat
  /** Until a pod that was asked for is available; 5 s unless said otherwise. */
  readonly podDelayMs?: number
  /** The API server refuses creations of this kind with these words. */
  readonly refuses?: { readonly do: ExperimentAction['do']; readonly message: string }
  /** Sees every write just before it takes effect, with the world as it is at that moment. */
  readonly onWrite?: (action: ExperimentAction, world: ExperimentWorld) => void
}

const START = Date.UTC(2026, 0, 1)

export function createExperimentMachine(options: ExperimentMachineOptions) {
  let now = START
  let { experiment } = options
  let templates = options.templates ?? []
  let routedServices: readonly string[] = []
  const { podDelayMs = 5_000 } = options
  const broken = new Set<string>()
  const replicaSets = new Map<string, ReplicaSet>()
  /** When each pod of a ReplicaSet is ready. */
  const pods = new Map<string, readonly number[]>()
  const services = new Map<string, Service>()
  const runs = new Map<string, AnalysisRun>()
  const lines: string[] = []

  const readyPods = (name: string): number => (pods.get(name) ?? []).filter((readyAtMs) => readyAtMs <= now).length

  function observed(rs: ReplicaSet): ReplicaSet {
    const ready = readyPods(rs.metadata.name)
    const replicas = pods.get(rs.metadata.name)?.length ?? 0
    return { ...rs, status: { replicas, readyReplicas: ready, availableReplicas: ready } }
  }

  const world = (refusals: readonly Refusal[] = []): ExperimentWorld => ({
    now,
    experiment,
    replicaSets: [...replicaSets.values()].map(observed),
    services: [...services.values()],
    analysisRuns: [...runs.values()],
    templates: Object.fromEntries(
      templates.map((template) => [templateKey({ templateName: template.metadata.name }), template]),
    ),
    routedServices,
    refusals,
    compat: options.compat ?? 'strict',
  })

  function perform(action: ExperimentAction): void {
    switch (action.do) {
      case 'createReplicaSet':
        replicaSets.set(action.replicaSet.metadata.name, action.replicaSet)
        return
      case 'scale':
      case 'annotateReplicaSet': {
        const { name } = action.replicaSet.metadata
        const annotations = Object.fromEntries(
          Object.entries({ ...action.replicaSet.metadata.annotations, ...action.annotations }).filter(
            (entry): entry is [string, string] => entry[1] !== null,
          ),
        )
        const changed = { ...action.replicaSet, metadata: { ...action.replicaSet.metadata, annotations } }
        const replicas = action.do === 'scale' ? action.to : changed.spec.replicas
        replicaSets.set(name, { ...changed, spec: { ...changed.spec, replicas: replicas ?? 0 } })
        if (action.do === 'scale') setPods(name, action.to)
        return
      }
      case 'createService':
        services.set(action.service.metadata.name, action.service)
        return
      case 'deleteService':
        services.delete(action.service.metadata.name)
        return
      case 'createAnalysisRun':
        runs.set(action.run.metadata.name, { ...action.run, status: { phase: 'Running' } })
        return
      case 'terminateAnalysisRun':
        runs.set(action.run.metadata.name, { ...action.run, spec: { ...action.run.spec, terminate: true } })
    }
  }

  function setPods(name: string, count: number): void {
    const kept = [...(pods.get(name) ?? [])].slice(0, count)
    const readyAtMs = broken.has(name) ? Number.POSITIVE_INFINITY : now + podDelayMs
    pods.set(name, [...kept, ...Array.from({ length: count - kept.length }, () => readyAtMs)])
  }

  const refusalOf = (action: ExperimentAction): Refusal | undefined => {
    if (action.do !== options.refuses?.do) return undefined
    const { message } = options.refuses
    const isOfTemplate = action.do === 'createService' || action.do === 'createReplicaSet'
    return isOfTemplate ? { of: 'template', name: action.template, message } : undefined
  }

  /** One pass as `reconcile` makes it: every write, then status. */
  function pass(): { readonly plan: ExperimentPlan; readonly wrote: boolean } {
    const before = world()
    const plan = decideExperiment(before)
    const refusals: Refusal[] = []
    for (const action of plan.actions) {
      options.onWrite?.(action, world())
      const refusal = refusalOf(action)
      if (refusal) refusals.push(refusal)
      else perform(action)
    }
    const told = refusals.length > 0 ? decideExperiment({ ...before, refusals }) : plan
    const wrote = plan.actions.length > 0 || JSON.stringify(told.status) !== JSON.stringify(experiment.status ?? {})
    experiment = { ...experiment, status: told.status }
    if (wrote) {
      lines.push(`${`t=${(now - START) / 1000}s`.padEnd(8)} world  ${renderExperimentWorld(before)}`)
      const refused = refusals.map(({ message }) => `refused "${message}"`)
      const story = [
        ...(plan.actions.length > 0 && told !== plan
          ? renderExperimentPlan({ ...told, actions: plan.actions })
          : renderExperimentPlan(told)),
        ...refused,
      ]
      for (const line of story) lines.push(`${' '.repeat(8)} plan   ${line}`)
    }
    return { plan: told, wrote }
  }

  function settle(): ExperimentPlan {
    for (let count = 0; count < 30; count++) {
      const { plan, wrote } = pass()
      if (!wrote) return plan
    }
    throw new Error(`no fixpoint after 30 passes:\n${lines.slice(-30).join('\n')}`)
  }

  return {
    lines,
    world,
    pass,
    settle,
    now: () => now,
    say: (text: string): void => void lines.push(`# ${text}`),
    /** Lets time go by in steps at which something can happen. */
    run(forMs: number): void {
      const endMs = now + forMs
      for (;;) {
        const { wakeAtMs = Number.POSITIVE_INFINITY } = settle()
        const moments = [...[...pods.values()].flat(), wakeAtMs]
        const next = Math.min(...moments.filter((at) => at > now))
        if (next >= endMs) break
        now = next
      }
      now = endMs
      settle()
    },
    status: (): ExperimentStatus => experiment.status ?? {},
    patchSpec(spec: Partial<ExperimentSpec>): void {
      experiment = { ...experiment, spec: { ...experiment.spec, ...spec } }
    },
    /** As `kubectl argo rollouts retry experiment` does. */
    clearStatus(): void {
      const { status: _status, ...rest } = experiment
      experiment = rest
    },
    addTemplate(template: AnalysisTemplate): void {
      templates = [...templates, template]
    },
    routeTo(names: readonly string[]): void {
      routedServices = names
    },
    /** Pods of this ReplicaSet that are made from here on never become ready. */
    breakPods: (name: string): void => void broken.add(name),
    failPods(name: string): void {
      pods.set(
        name,
        (pods.get(name) ?? []).map(() => Number.POSITIVE_INFINITY),
      )
    },
    endRun(name: string, phase: AnalysisPhase, message?: string): void {
      const run = runs.get(name)
      if (!run) throw new Error(`no AnalysisRun ${name}`)
      runs.set(name, { ...run, status: { phase, ...(message === undefined ? {} : { message }) } })
    },
    runNames: (): readonly string[] => [...runs.keys()],
    sizes: (): Record<string, number> =>
      Object.fromEntries([...replicaSets].map(([name, rs]) => [name, rs.spec.replicas ?? 0])),
    serviceNames: (): readonly string[] => [...services.keys()],
  }
}

export type ExperimentMachine = ReturnType<typeof createExperimentMachine>
