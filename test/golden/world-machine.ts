/**
 * The small world as golden stories play it: every pass that changes something is told, and what happens besides (a broken image, a lost route,
 * an edit by hand) is done to it here. It decides nothing about rollouts.
 */
import type { AnalysisPhase, MetricResult } from '../../controller/api/analysis.ts'
import type { Experiment, ExperimentStatus } from '../../controller/api/experiment.ts'
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { Rollout, RolloutStatus } from '../../controller/api/rollout.ts'
import type { Workload } from '../../controller/api/workload.ts'
import { decide } from '../../controller/domain/decide.ts'
import type { Action, Plan } from '../../controller/domain/plan.ts'
import { renderPlan, renderWorld } from '../../controller/domain/story.ts'
import type { World } from '../../controller/domain/world.ts'
import { perform, pickWrites } from '../../controller/small-world/perform.ts'
import { createSmallWorld, mergeAnnotations, type SmallWorldOptions } from '../../controller/small-world/small-world.ts'

export interface MachineOptions extends Omit<SmallWorldOptions, 'startMs'> {
  /** A PodDisruptionBudget over all pods. */
  readonly minAvailable?: number
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

const START = Date.UTC(2026, 0, 1)

export function createMachine(options: MachineOptions) {
  let quota = Number.POSITIVE_INFINITY
  let minAvailable = options.minAvailable ?? 0
  const brokenHashes = new Set<string>()
  const lines: string[] = []
  const refusals: string[] = []
  const small = createSmallWorld(
    { ...options, startMs: START },
    {
      isBroken: (podHash) => brokenHashes.has(podHash),
      mostPods: () => quota,
      refusesEviction(pod, healthy) {
        if (pod.readyAtMs > state.now || healthy - 1 >= minAvailable) return false
        refusals.push(`refused evict ${pod.name}: the budget needs ${minAvailable} and has ${healthy} healthy pods`)
        return true
      },
    },
  )
  const { state, replicaSets, pods, services, runs, experiments, route, roles, openServices, setPods, world } = small

  function setExperiment(name: string, status: ExperimentStatus): void {
    const experiment = experiments.get(name)
    if (!experiment) throw new Error(`no Experiment ${name}`)
    experiments.set(name, { ...experiment, status })
  }

  const truth = (): Truth => ({
    world: world(),
    servedCanaries: route.servedCanaries(roles(), state.now),
    servesManaged: route.servesManaged(state.now),
    servedBefore: { stable: route.servedBefore('stable', state.now), canary: route.servedBefore('canary', state.now) },
  })

  function endRun(name: string, phase: AnalysisPhase, message?: string, metricResults?: MetricResult[]): void {
    const run = runs.get(name)
    if (!run) throw new Error(`no AnalysisRun ${name}`)
    const details = { ...(message === undefined ? {} : { message }), ...(metricResults ? { metricResults } : {}) }
    runs.set(name, { ...run, status: { phase, ...details } })
  }

  /** One pass as `reconcile` makes it: writes, then status. Returns whether anything was written. */
  function pass(): { readonly plan: Plan; readonly wrote: boolean } {
    const before = world()
    const plan = decide(before)
    const text = `t=${(state.now - START) / 1000}s`
    const story = renderPlan(plan)
    let wrote = false
    for (const action of pickWrites(plan)) {
      options.onWrite?.(action, truth())
      const evictions = state.evictions
      perform(small, action)
      wrote ||= action.do !== 'evict' || state.evictions > evictions
    }
    const sameStatus = JSON.stringify(plan.status) === JSON.stringify(state.rollout.status ?? {})
    state.rollout = { ...state.rollout, status: plan.status }
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

  /** The next time at which something changes by itself or a decision asked to be woken; undefined: never. */
  function nextMoment(wakeAtMs = Number.POSITIVE_INFINITY): number | undefined {
    const next = Math.min(
      small.nextChange() ?? Number.POSITIVE_INFINITY,
      wakeAtMs > state.now ? wakeAtMs : Number.POSITIVE_INFINITY,
    )
    return Number.isFinite(next) ? next : undefined
  }

  const machine = {
    world,
    lines,
    pass,
    settle,
    /** Lets time go by in steps at which something can happen: pods becoming ready, wake-ups. */
    run(forMs: number): void {
      const endMs = state.now + forMs
      for (;;) {
        const next = nextMoment(settle().wakeAtMs)
        if (next === undefined || next >= endMs) break
        state.now = next
      }
      state.now = endMs
      settle()
    },
    /** One pass, and when that writes nothing, on to the next moment at which something happens. */
    tick(): void {
      const { plan, wrote } = pass()
      if (!wrote) state.now = nextMoment(plan.wakeAtMs) ?? state.now
    },
    say(text: string): void {
      lines.push(`# ${text}`)
    },
    status: (): RolloutStatus => state.rollout.status ?? {},
    patchStatus(patch: RolloutStatus): void {
      state.rollout = { ...state.rollout, status: { ...state.rollout.status, ...patch } }
    },
    annotate(annotations: Readonly<Record<string, string>>): void {
      state.rollout = mergeAnnotations(state.rollout, annotations)
    },
    patchSpec(patch: Partial<Rollout['spec']>): void {
      const generation = (state.rollout.metadata.generation ?? 1) + 1
      state.rollout = {
        ...state.rollout,
        spec: { ...state.rollout.spec, ...patch },
        metadata: { ...state.rollout.metadata, generation },
      }
      openServices()
    },
    setMinAvailable(count: number): void {
      minAvailable = count
    },
    /** Every pod with its labels and annotations, by name. */
    pods: () => small.showPods(),
    setWorkload(next: Workload | undefined): void {
      state.workload = next
    },
    workload: (): Workload | undefined => state.workload,
    setImage(image: string): void {
      const spec = { containers: [{ name: 'app', image }] }
      if (state.workload) {
        const generation = (state.workload.metadata.generation ?? 1) + 1
        const template = { ...state.workload.spec?.template, spec }
        state.workload = {
          ...state.workload,
          metadata: { ...state.workload.metadata, generation },
          spec: { ...state.workload.spec, template },
        }
        return
      }
      const template = { ...state.rollout.spec.template, spec }
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
      state.podDelayMs = ms
    },
    route: (): number | undefined => route.canary(roles()),
    setRoute(weight: number | undefined, manager?: string): void {
      route.setCanary(weight, roles(), state.now, manager)
    },
    removeRoute(): void {
      route.remove(state.now)
    },
    restoreRoute(): void {
      route.restore(roles(), state.now)
    },
    damageRoute(name: string): void {
      route.damage(name, state.now)
    },
    /** Somebody applies the Service's manifest again, which names no revision. */
    unbind(name: string): void {
      const service = services.get(name)
      if (service) small.select(service, undefined, undefined)
    },
    /** Some pods of a revision lose their readiness and do not get it back by themselves. */
    failPods(podHash: string, count: number): void {
      for (const [name, list] of pods) {
        if (replicaSets.get(name)?.metadata.labels?.[POD_TEMPLATE_HASH] !== podHash) continue
        const failing = new Set(list.filter((pod) => pod.readyAtMs <= state.now).slice(0, count))
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
            if (left === 0 || pod.readyAtMs <= state.now) return pod
            left -= 1
            return { ...pod, readyAtMs: state.now }
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
          list.map((pod) => (pod === lost ? { ...pod, readyAtMs: state.now + state.podDelayMs } : pod)),
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
          list.map((pod) => ({ ...pod, readyAtMs: Math.min(pod.readyAtMs, state.now + state.podDelayMs) })),
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
    now: () => state.now,
  }
  return machine
}

export type Machine = ReturnType<typeof createMachine>
