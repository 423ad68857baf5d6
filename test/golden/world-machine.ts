/**
 * A tiny cluster in memory that obeys Plans, for golden stories: ReplicaSets whose pods become available after a while, Services with
 * endpoints, one route that its gateway confirms, AnalysisRuns that end when told. It decides nothing about rollouts; it plays the world.
 */
import type { AnalysisPhase, AnalysisRun, AnalysisTemplate, MetricResult } from '../../controller/api/analysis.ts'
import type { Experiment, ExperimentStatus } from '../../controller/api/experiment.ts'
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { ReplicaSet, Rollout, RolloutStatus, Service } from '../../controller/api/rollout.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import type { Workload } from '../../controller/api/workload.ts'
import { templateKey } from '../../controller/domain/analysis/analysis-templates.ts'
import { rolesOf } from '../../controller/domain/canary/roles.ts'
import { decide } from '../../controller/domain/decide.ts'
import { type Action, isRisky, type Plan } from '../../controller/domain/plan.ts'
import { serviceNamesOf } from '../../controller/domain/service-names.ts'
import { renderPlan, renderWorld } from '../../controller/domain/story.ts'
import type { Compat, World } from '../../controller/domain/world.ts'
import { needsPods } from '../../controller/reconcile/pods.ts'
import { amend, type MachinePod, makePod, relabel, showPod, uidOf } from './machine-pods.ts'
import { createRouteModel } from './route-model.ts'

export interface MachineOptions {
  readonly rollout: Rollout
  /** What the Rollout's `workloadRef` names. */
  readonly workload?: Workload
  /** What is there already, as another controller left it: the ReplicaSets' pods are available, the Services as they stand. */
  readonly existing?: {
    readonly replicaSets: readonly ReplicaSet[]
    readonly services: readonly Service[]
    readonly analysisRuns?: readonly AnalysisRun[]
  }
  readonly templates?: readonly AnalysisTemplate[]
  readonly compat?: Compat
  readonly disabledPlugins?: readonly string[]
  /** A PodDisruptionBudget over all pods. */
  readonly minAvailable?: number
  /** Until a pod that was asked for is available; 5 s unless said otherwise. */
  readonly podDelayMs?: number
  /** How the route's data plane answers: at once, after `confirmDelayMs`, or never. */
  readonly confirmation?: 'confirmed' | 'unknown'
  readonly confirmDelayMs?: number
  /** The API server keeps who wrote the route. */
  readonly fieldManagers?: boolean
  /** Until a changed selector shows in the endpoints behind a Service; 0 unless said otherwise. */
  readonly endpointDelayMs?: number
  /** AnalysisRuns stay as they were created: nobody measures them. */
  readonly unmeasured?: boolean
  /** Sees every write just before it takes effect, with the world as it is at that moment. */
  readonly onWrite?: (action: Action, truth: Truth) => void
}

/** What is, whatever anybody has observed: for checks of invariants. */
export interface Truth {
  readonly world: World
  /** Canary weights that the data plane may still apply besides the one that is written. */
  readonly servedCanaries: readonly number[]
  /** A managed route may send to the canary, whatever the weight. */
  readonly servesManaged: boolean
  /** Pod hashes that a part's subset may still send to besides the one that it names. */
  readonly servedBefore: Readonly<Record<'stable' | 'canary', readonly string[]>>
}

/** The Service that a router divides into subsets: that of the small world's DestinationRule. */
const DIVIDED = 'shop'
const isDivided = ({ spec }: Rollout): boolean =>
  spec.strategy?.canary?.trafficRouting?.istio?.destinationRule !== undefined

const START = Date.UTC(2026, 0, 1)
const OVER_QUOTA = {
  type: 'ReplicaFailure',
  status: 'True',
  reason: 'FailedCreate',
  message: 'pods "shop-x" is forbidden: exceeded quota: pods',
  lastTransitionTime: formatInstant(START),
}

export function createMachine(options: MachineOptions) {
  let now = START
  let rollout: Rollout = options.rollout
  let workload: Workload | undefined = options.workload
  let quota = Number.POSITIVE_INFINITY
  let podDelayMs = options.podDelayMs ?? 5_000
  let minAvailable = options.minAvailable ?? 0
  const replicaSets = new Map<string, ReplicaSet>()
  const pods = new Map<string, MachinePod[]>()
  let podNumber = 0
  const services = new Map<string, Service>()
  const runs = new Map<string, AnalysisRun>()
  const experiments = new Map<string, Experiment>()
  const brokenHashes = new Set<string>()
  const route = createRouteModel({ ...options, ...(isDivided(options.rollout) ? { divided: DIVIDED } : {}) })
  const roles = () => (isDivided(rollout) ? { stableService: 'stable', canaryService: 'canary' } : rolesOf(rollout))
  const serviceNames = () => [...serviceNamesOf(rollout), ...(isDivided(rollout) ? [DIVIDED] : [])]
  const selections = new Map<string, { readonly before: string | undefined; readonly seenAtMs: number }>()
  let sequence = 0
  const lines: string[] = []
  const refusals: string[] = []
  let evicted = 0

  for (const rs of options.existing?.replicaSets ?? []) {
    replicaSets.set(rs.metadata.name, rs)
    pods.set(
      rs.metadata.name,
      Array.from({ length: rs.spec.replicas ?? 0 }, () => {
        podNumber += 1
        return makePod(rs, { createdAtMs: START, readyAtMs: START, number: podNumber })
      }),
    )
  }
  for (const service of options.existing?.services ?? []) services.set(service.metadata.name, service)
  for (const run of options.existing?.analysisRuns ?? []) runs.set(run.metadata.name, run)
  openServices()

  /** Somebody creates the Services that the spec names. */
  function openServices(): void {
    for (const name of serviceNames()) {
      if (services.has(name)) continue
      services.set(name, {
        metadata: { name, namespace: 'web' },
        spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
      })
    }
  }

  const availableOf = (name: string): number => (pods.get(name) ?? []).filter((pod) => pod.readyAtMs <= now).length

  function endpoints(service: Service): Record<string, number> {
    const selection = selections.get(service.metadata.name)
    const lags = selection !== undefined && selection.seenAtMs > now
    const hash = lags ? selection.before : service.spec.selector?.[POD_TEMPLATE_HASH]
    const behind = [...replicaSets.values()].filter(
      (rs) => hash === undefined || rs.metadata.labels?.[POD_TEMPLATE_HASH] === hash,
    )
    return Object.fromEntries(behind.map((rs) => [rs.metadata.name, availableOf(rs.metadata.name)]))
  }

  function observeReplicaSet(rs: ReplicaSet): ReplicaSet {
    const available = availableOf(rs.metadata.name)
    const replicas = pods.get(rs.metadata.name)?.length ?? 0
    const metadata = { ...rs.metadata, uid: uidOf(rs) }
    const refused = replicas < (rs.spec.replicas ?? 0) ? { conditions: [OVER_QUOTA] } : {}
    return { ...rs, metadata, status: { replicas, readyReplicas: available, availableReplicas: available, ...refused } }
  }

  const showPods = () =>
    [...replicaSets.values()].flatMap((rs) => (pods.get(rs.metadata.name) ?? []).map((pod) => showPod(rs, pod, now)))

  function world(): World {
    const cached = cachedWorld()
    return needsPods(cached) ? { ...cached, pods: showPods() } : cached
  }

  function cachedWorld(): World {
    return {
      now,
      rollout,
      replicaSets: [...replicaSets.values()].map(observeReplicaSet),
      services: Object.fromEntries(
        [...services]
          .filter(([name, service]) => isConcerned(name, service))
          .map(([name, service]) => [name, { service, readyEndpoints: endpoints(service) }]),
      ),
      routes: rollout.spec.strategy?.canary?.trafficRouting ? [route.read(roles(), now)] : [],
      analysisRuns: [...runs.values()],
      experiments: [...experiments.values()],
      templates: Object.fromEntries(
        (options.templates ?? []).map((template) => [templateKey({ templateName: template.metadata.name }), template]),
      ),
      ...(workload ? { workload } : {}),
      compat: options.compat ?? 'strict',
      disabledPlugins: options.disabledPlugins ?? [],
      notices: true,
    }
  }

  /** Named now, or once: that one still carries the mark. */
  const isConcerned = (name: string, service: Service): boolean =>
    serviceNames().includes(name) || service.metadata.annotations?.[MANAGED_BY] === rollout.metadata.name

  const allPods = (): number => [...pods.values()].flat().length

  function setPods(name: string, count: number): void {
    const hash = replicaSets.get(name)?.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
    const current = [...(pods.get(name) ?? [])].sort((a, b) => a.readyAtMs - b.readyAtMs).slice(0, count)
    const readyAtMs = brokenHashes.has(hash) ? Number.POSITIVE_INFINITY : now + podDelayMs
    const rs = replicaSets.get(name)
    const missing = Math.min(Math.max(0, count - current.length), quota - allPods())
    const added = Array.from({ length: rs ? Math.max(0, missing) : 0 }, () => {
      podNumber += 1
      return rs ? [makePod(rs, { createdAtMs: now, readyAtMs, number: podNumber })] : []
    }).flat()
    pods.set(name, [...current, ...added])
  }

  /** As the API server does it: not below the budget; the ReplicaSet makes another pod at once. */
  function evict(name: string): boolean {
    for (const [owner, list] of pods) {
      const pod = list.find((one) => one.name === name)
      if (!pod) continue
      const healthy = [...pods.values()].flat().filter((one) => one.readyAtMs <= now).length
      if (pod.readyAtMs <= now && healthy - 1 < minAvailable) {
        refusals.push(`refused evict ${name}: the budget needs ${minAvailable} and has ${healthy} healthy pods`)
        return false
      }
      pods.set(
        owner,
        list.filter((one) => one !== pod),
      )
      setPods(owner, list.length)
      return true
    }
    return false
  }

  function mergeAnnotations<T extends { readonly metadata: ReplicaSet['metadata'] }>(
    object: T,
    patch: Readonly<Record<string, string | null>>,
  ): T {
    const merged = Object.entries({ ...object.metadata.annotations, ...patch }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    )
    return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(merged) } }
  }

  const created = (rs: ReplicaSet): ReplicaSet => ({
    ...rs,
    metadata: { ...rs.metadata, creationTimestamp: formatInstant(now) },
  })

  function perform(action: Action): void {
    switch (action.do) {
      case 'createReplicaSet':
        replicaSets.set(action.replicaSet.metadata.name, created(action.replicaSet))
        return
      case 'adoptReplicaSet':
      case 'releaseReplicaSet':
        throw new Error(`${action.do}: every ReplicaSet of this world is the Rollout's own`)
      case 'scale': {
        const { name } = action.replicaSet.metadata
        const scaled = mergeAnnotations(action.replicaSet, action.annotations)
        replicaSets.set(name, { ...scaled, spec: { ...scaled.spec, replicas: action.to } })
        setPods(name, action.to)
        return
      }
      case 'annotateReplicaSet': {
        const current = replicaSets.get(action.replicaSet.metadata.name)
        if (current) replicaSets.set(action.replicaSet.metadata.name, mergeAnnotations(current, action.annotations))
        return
      }
      case 'amendTemplate': {
        const { name } = action.replicaSet.metadata
        const current = replicaSets.get(name)
        if (current) replicaSets.set(name, amend(current, action.template, action.annotations))
        return
      }
      case 'labelPods': {
        const patches = new Map(action.pods.map(({ pod, patch }) => [pod.metadata.name, patch]))
        const { name } = action.replicaSet.metadata
        const relabelled = (pods.get(name) ?? []).map((pod) => {
          const patch = patches.get(pod.name)
          return patch ? relabel(pod, patch) : pod
        })
        pods.set(name, relabelled)
        return
      }
      case 'evict':
        evicted += action.pods.filter(({ metadata }) => evict(metadata.name)).length
        return
      case 'setMinReady': {
        const { name } = action.replicaSet.metadata
        const current = replicaSets.get(name)
        if (current) replicaSets.set(name, { ...current, spec: { ...current.spec, minReadySeconds: action.seconds } })
        return
      }
      case 'deleteReplicaSet':
        replicaSets.delete(action.replicaSet.metadata.name)
        return
      case 'setDefaultReplicas':
        rollout = { ...rollout, spec: { ...rollout.spec, replicas: 1 } }
        return
      case 'annotateRollout':
        rollout = mergeAnnotations(rollout, action.annotations)
        return
      case 'scaleWorkload':
        workload = { ...action.workload, spec: { ...action.workload.spec, replicas: action.to } }
        return
      case 'select': {
        if (action.subset === 'stable' || action.subset === 'canary') {
          route.select(action.subset, action.podHash, now)
          return
        }
        const service = services.get(action.service)
        if (!service) return
        selections.set(action.service, {
          before: service.spec.selector?.[POD_TEMPLATE_HASH],
          seenAtMs: now + (options.endpointDelayMs ?? 0),
        })
        services.set(action.service, {
          ...mergeAnnotations(service, { [MANAGED_BY]: rollout.metadata.name }),
          spec: { ...service.spec, selector: { ...service.spec.selector, [POD_TEMPLATE_HASH]: action.podHash } },
        })
        return
      }
      case 'release': {
        const service = services.get(action.service)
        if (!service) return
        const { [POD_TEMPLATE_HASH]: before, ...selector } = service.spec.selector ?? {}
        selections.set(action.service, { before, seenAtMs: now + (options.endpointDelayMs ?? 0) })
        services.set(action.service, {
          ...mergeAnnotations(service, { [MANAGED_BY]: null }),
          spec: { ...service.spec, selector },
        })
        return
      }
      case 'route':
        route.write(action, roles(), now)
        return
      case 'releaseRoutes':
        route.release()
        return
      case 'createAnalysisRun': {
        sequence += 1
        const creationTimestamp = new Date(now + sequence).toISOString()
        runs.set(action.run.metadata.name, {
          ...action.run,
          metadata: { ...action.run.metadata, creationTimestamp },
          ...(options.unmeasured ? {} : { status: { phase: 'Running' as const } }),
        })
        return
      }
      case 'annotateAnalysisRun': {
        const run = runs.get(action.run.metadata.name)
        if (run) runs.set(action.run.metadata.name, mergeAnnotations(run, action.annotations))
        return
      }
      case 'terminateAnalysisRun':
        endRun(action.run.metadata.name, 'Inconclusive', 'terminated')
        return
      case 'deleteAnalysisRun':
        runs.delete(action.run.metadata.name)
        return
      case 'createExperiment': {
        sequence += 1
        const creationTimestamp = new Date(now + sequence).toISOString()
        experiments.set(action.experiment.metadata.name, {
          ...action.experiment,
          metadata: { ...action.experiment.metadata, creationTimestamp },
          status: { phase: 'Running' },
        })
        return
      }
      case 'terminateExperiment':
        setExperiment(action.experiment.metadata.name, { phase: 'Inconclusive', message: 'terminated' })
        return
      case 'deleteExperiment':
        experiments.delete(action.experiment.metadata.name)
    }
  }

  function setExperiment(name: string, status: ExperimentStatus): void {
    const experiment = experiments.get(name)
    if (!experiment) throw new Error(`no Experiment ${name}`)
    experiments.set(name, { ...experiment, status })
  }

  const truth = (): Truth => ({
    world: world(),
    servedCanaries: route.servedCanaries(roles(), now),
    servesManaged: route.servesManaged(now),
    servedBefore: { stable: route.servedBefore('stable', now), canary: route.servedBefore('canary', now) },
  })

  function endRun(name: string, phase: AnalysisPhase, message?: string, metricResults?: MetricResult[]): void {
    const run = runs.get(name)
    if (!run) throw new Error(`no AnalysisRun ${name}`)
    const details = { ...(message === undefined ? {} : { message }), ...(metricResults ? { metricResults } : {}) }
    runs.set(name, { ...run, status: { phase, ...details } })
  }

  /** One pass as `reconcile` makes it: everything harmless, at most one risky write, then status. Returns whether anything was written. */
  function pass(): { readonly plan: Plan; readonly wrote: boolean } {
    const before = world()
    const plan = decide(before)
    const text = `t=${(now - START) / 1000}s`
    const story = renderPlan(plan)
    let riskTaken = false
    let wrote = false
    const done = new Set<Action>()
    for (const action of plan.actions) {
      if (isRisky(action) && riskTaken) continue
      if (action.do === 'annotateRollout' && action.after && !done.has(action.after)) continue
      done.add(action)
      riskTaken ||= isRisky(action)
      options.onWrite?.(action, truth())
      const before = evicted
      perform(action)
      wrote ||= action.do !== 'evict' || evicted > before
    }
    const sameStatus = JSON.stringify(plan.status) === JSON.stringify(rollout.status ?? {})
    rollout = { ...rollout, status: plan.status }
    if (wrote || !sameStatus) {
      lines.push(
        `${text.padEnd(8)} world  ${renderWorld(before)}`,
        ...story.map((line) => `${' '.repeat(8)} plan   ${line}`),
      )
      for (const { kind, message } of plan.notices) lines.push(`${' '.repeat(8)} notice ${kind} "${message}"`)
    }
    for (const refusal of refusals.splice(0)) lines.push(`${text.padEnd(8)} ${refusal}`)
    return { plan, wrote: wrote || !sameStatus }
  }

  /** Passes until nothing is written any more; more than 60 is a loop. */
  function settle(): Plan {
    for (let count = 0; count < 60; count++) {
      const { plan, wrote } = pass()
      if (!wrote) return plan
    }
    throw new Error(`no fixpoint after 60 passes:\n${lines.slice(-30).join('\n')}`)
  }

  /** The next time at which a pod becomes ready or a decision asked to be woken; undefined: never. */
  function nextMoment(wakeAtMs: number | undefined): number | undefined {
    const readyTimes = [...pods.values()].flat().map((pod) => pod.readyAtMs)
    const lags = [route.settledAtMs(), ...[...selections.values()].map(({ seenAtMs }) => seenAtMs)]
    const coming = [...readyTimes, ...lags, wakeAtMs ?? Number.POSITIVE_INFINITY].filter(
      (at) => at > now && Number.isFinite(at),
    )
    return coming.length > 0 ? Math.min(...coming) : undefined
  }

  const machine = {
    world,
    lines,
    pass,
    settle,
    /** Lets time go by in steps at which something can happen: pods becoming ready, wake-ups. */
    run(forMs: number): void {
      const endMs = now + forMs
      for (;;) {
        const next = nextMoment(settle().wakeAtMs)
        if (next === undefined || next >= endMs) break
        now = next
      }
      now = endMs
      settle()
    },
    /** One pass, and when that writes nothing, on to the next moment at which something happens. */
    tick(): void {
      const { plan, wrote } = pass()
      if (!wrote) now = nextMoment(plan.wakeAtMs) ?? now
    },
    say(text: string): void {
      lines.push(`# ${text}`)
    },
    status: (): RolloutStatus => rollout.status ?? {},
    patchStatus(patch: RolloutStatus): void {
      rollout = { ...rollout, status: { ...rollout.status, ...patch } }
    },
    annotate(annotations: Readonly<Record<string, string>>): void {
      rollout = mergeAnnotations(rollout, annotations)
    },
    patchSpec(patch: Partial<Rollout['spec']>): void {
      const generation = (rollout.metadata.generation ?? 1) + 1
      rollout = { ...rollout, spec: { ...rollout.spec, ...patch }, metadata: { ...rollout.metadata, generation } }
      openServices()
    },
    setMinAvailable(count: number): void {
      minAvailable = count
    },
    /** Every pod with its labels and annotations, by name. */
    pods: () => showPods(),
    setWorkload(next: Workload | undefined): void {
      workload = next
    },
    workload: (): Workload | undefined => workload,
    setImage(image: string): void {
      const spec = { containers: [{ name: 'app', image }] }
      if (workload) {
        const generation = (workload.metadata.generation ?? 1) + 1
        const template = { ...workload.spec?.template, spec }
        workload = { ...workload, metadata: { ...workload.metadata, generation }, spec: { ...workload.spec, template } }
        return
      }
      const template = { ...rollout.spec.template, spec }
      machine.patchSpec({ template })
    },
    /** Pods of the image that the spec names now never become ready from here on. */
    breakPods(podHash: string): void {
      brokenHashes.add(podHash)
    },
    /** The namespace has room for this many pods; undefined lifts the quota, and what is missing is made. */
    setQuota(mostPods: number | undefined): void {
      quota = mostPods ?? Number.POSITIVE_INFINITY
      for (const [name, rs] of replicaSets) setPods(name, rs.spec.replicas ?? 0)
    },
    endRun,
    runNames: (): string[] => [...runs.keys()],
    setExperiment,
    experiments: (): readonly Experiment[] => [...experiments.values()],
    setPodDelay(ms: number): void {
      podDelayMs = ms
    },
    route: (): number | undefined => route.canary(roles()),
    setRoute(weight: number | undefined, manager?: string): void {
      route.setCanary(weight, roles(), now, manager)
    },
    removeRoute(): void {
      route.remove(now)
    },
    restoreRoute(): void {
      route.restore(roles(), now)
    },
    damageRoute(name: string): void {
      route.damage(name, now)
    },
    /** Somebody applies the Service's manifest again, which names no revision. */
    unbind(name: string): void {
      const service = services.get(name)
      if (!service) return
      const { [POD_TEMPLATE_HASH]: before, ...selector } = service.spec.selector ?? {}
      selections.set(name, { before, seenAtMs: now + (options.endpointDelayMs ?? 0) })
      services.set(name, { ...service, spec: { ...service.spec, selector } })
    },
    /** Some pods of a revision lose their readiness and do not get it back by themselves. */
    failPods(podHash: string, count: number): void {
      for (const [name, list] of pods) {
        if (replicaSets.get(name)?.metadata.labels?.[POD_TEMPLATE_HASH] !== podHash) continue
        const failing = new Set(list.filter((pod) => pod.readyAtMs <= now).slice(0, count))
        pods.set(
          name,
          list.map((pod) => (failing.has(pod) ? { ...pod, readyAtMs: Number.POSITIVE_INFINITY } : pod)),
        )
      }
    },
    /** So many of the pods that are starting are ready now. */
    readyPods(count: number): void {
      let left = count
      for (const [name, list] of pods)
        pods.set(
          name,
          list.map((pod) => {
            if (left === 0 || pod.readyAtMs <= now) return pod
            left -= 1
            return { ...pod, readyAtMs: now }
          }),
        )
    },
    /** One pod that lost its readiness gets it back in time. */
    healOne(): void {
      for (const [name, list] of pods) {
        const lost = list.find((pod) => !Number.isFinite(pod.readyAtMs))
        if (!lost) continue
        pods.set(
          name,
          list.map((pod) => (pod === lost ? { ...pod, readyAtMs: now + podDelayMs } : pod)),
        )
        return
      }
    },
    /** Whatever was broken is mended: every pod becomes ready in time again. */
    heal(): void {
      brokenHashes.clear()
      for (const [name, list] of pods)
        pods.set(
          name,
          list.map((pod) => ({ ...pod, readyAtMs: Math.min(pod.readyAtMs, now + podDelayMs) })),
        )
    },
    truth,
    sizes: (): Record<string, number> =>
      Object.fromEntries(
        [...replicaSets.values()].map((rs) => [rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? '', rs.spec.replicas ?? 0]),
      ),
    /** Somebody scales a ReplicaSet by hand. */
    resize(podHash: string, count: number): void {
      for (const [name, rs] of replicaSets) {
        if (rs.metadata.labels?.[POD_TEMPLATE_HASH] !== podHash) continue
        replicaSets.set(name, { ...rs, spec: { ...rs.spec, replicas: count } })
        setPods(name, count)
      }
    },
    /** Another Rollout marks a Service as its own. */
    claimService(name: string, owner: string): void {
      const service = services.get(name)
      if (service) services.set(name, mergeAnnotations(service, { [MANAGED_BY]: owner }))
    },
    loseReplicaSet(name: string): void {
      replicaSets.delete(name)
      pods.delete(name)
    },
    now: () => now,
  }
  return machine
}

export type Machine = ReturnType<typeof createMachine>
