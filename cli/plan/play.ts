/**
 * An update played forward: the controller's own decision, pass after pass, in a small world where all goes well. Time goes from one thing that
 * happens to the next. It decides nothing about rollouts.
 */
import type { AnalysisTemplate } from '../../controller/api/analysis.ts'
import type { PodTemplate } from '../../controller/api/meta.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import type { Workload } from '../../controller/api/workload.ts'
import { canonicalJson } from '../../controller/argo/pod-hash.ts'
import { decide } from '../../controller/domain/decide.ts'
import type { Plan } from '../../controller/domain/plan.ts'
import type { Compat } from '../../controller/domain/world.ts'
import { perform, pickWrites } from '../../controller/small-world/perform.ts'
import { createSmallWorld, type SmallWorld } from '../../controller/small-world/small-world.ts'
import { createOutsiders, type Outsiders } from './outsiders.ts'
import type { Playback } from './playback.ts'
import { createRecorder } from './recorder.ts'
import { countPods, isDone } from './small-cluster-view.ts'

export interface Script {
  readonly rollout: Rollout
  readonly workload?: Workload
  readonly templates: readonly AnalysisTemplate[]
  readonly compat: Compat
  /** From the creation of a pod to its readiness. */
  readonly podReadyMs: number
  /** Of analyses that may take longer or shorter. */
  readonly pace: 'shortest' | 'longest'
}

/** The pods of the manifest carry no such mark: they are the new version. */
const FORMER = 'penstock.dev/former'
const START = Date.UTC(2026, 0, 1)
const MOST_PASSES = 100
const MOST_MOMENTS = 10_000

/** From the change of the pod template, with the former version fully deployed, until nothing happens any more. Throws a sentence. */
export function playUpdate(script: Script): Playback {
  const small = deployFormer(script)
  const { state } = small
  const startMs = state.now
  const formerHash = state.rollout.status?.stableRS ?? ''
  state.podDelayMs = script.podReadyMs + (state.rollout.spec.minReadySeconds ?? 0) * 1000
  changeTemplate(small, script)
  const outsiders = createOutsiders(small, script)
  const moments = createRecorder(small, { startMs, formerHash, outsiders })
  let doneAtMs: number | undefined
  for (let count = 0; count < MOST_MOMENTS; count += 1) {
    const plan = settle(small, (pass) => {
      outsiders.notice()
      moments.record(pass)
    })
    if (isDone(state, formerHash)) doneAtMs ??= state.now - startMs
    const { abort, message } = state.rollout.status ?? {}
    const end = (): Playback => ({ moments: moments.list(), doneAtMs, notes: outsiders.notes() })
    if (abort) return { ...end(), standsStill: message ?? 'it is taken back' }
    // A single measurement takes no time.
    if (outsiders.endDue() || outsiders.answer()) {
      moments.keep()
      continue
    }
    const next = nextMoment(small, plan, outsiders)
    const isOver = doneAtMs !== undefined && countPods(small.world(), (hash) => hash === formerHash).wanted === 0
    if (isOver) return end()
    if (next === undefined) return doneAtMs === undefined ? { ...end(), standsStill: whyStill(plan) } : end()
    state.now = next
    outsiders.endDue()
  }
  throw new Error(`no end after ${MOST_MOMENTS} moments`)
}

const whyStill = ({ holds, status }: Plan): string =>
  holds.map(({ message }) => message).join('; ') || status.message || 'nothing happens any more'

/** The version before: the manifest's own but for a mark, in full size. */
function deployFormer({ rollout, workload, templates, compat }: Script): SmallWorld {
  const mark = (template: PodTemplate | undefined): PodTemplate => {
    const { annotations, ...metadata } = template?.metadata ?? {}
    return { ...template, metadata: { ...metadata, annotations: { ...annotations, [FORMER]: 'true' } } }
  }
  const former = rollout.spec.template ? { template: mark(rollout.spec.template) } : {}
  const formerWorkload = workload && withTemplate(workload, mark(templateOf(workload)))
  const small = createSmallWorld({
    rollout: { ...rollout, spec: { ...rollout.spec, ...former } },
    ...(formerWorkload ? { workload: formerWorkload } : {}),
    templates,
    compat,
    startMs: START,
    podDelayMs: 0,
  })
  const { state } = small
  for (;;) {
    const plan = settle(small, () => {})
    if (state.rollout.status?.phase === 'Healthy') return small
    const next = nextMoment(small, plan)
    if (next === undefined || next > START + 3_600_000) throw new Error(whyStill(plan))
    state.now = next
  }
}

const templateOf = ({ spec, template }: Workload): PodTemplate | undefined => spec?.template ?? template

const withTemplate = (workload: Workload, template: PodTemplate): Workload =>
  workload.template ? { ...workload, template } : { ...workload, spec: { ...workload.spec, template } }

function changeTemplate({ state }: SmallWorld, { rollout, workload }: Script): void {
  const next = <T extends Rollout | Workload>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, generation: (object.metadata.generation ?? 1) + 1 },
  })
  const template = workload && templateOf(workload)
  if (state.workload && template) state.workload = next(withTemplate(state.workload, template))
  if (rollout.spec.template)
    state.rollout = next({ ...state.rollout, spec: { ...state.rollout.spec, template: rollout.spec.template } })
}

/** Passes until nothing is written any more; `onPass` sees each. */
function settle(small: SmallWorld, onPass: (plan: Plan) => void): Plan {
  const { state } = small
  for (let count = 0; count < MOST_PASSES; count += 1) {
    const plan = decide(small.world())
    const writes = pickWrites(plan)
    for (const action of writes) perform(small, action)
    const isSame = canonicalJson(plan.status) === canonicalJson(state.rollout.status ?? {})
    state.rollout = { ...state.rollout, status: plan.status }
    onPass(plan)
    if (writes.length === 0 && isSame) return plan
  }
  throw new Error(`no rest after ${MOST_PASSES} passes`)
}

function nextMoment({ state, nextChange }: SmallWorld, { wakeAtMs }: Plan, outsiders?: Outsiders): number | undefined {
  const times = [nextChange(), wakeAtMs, outsiders?.nextEnd()].filter((at) => at !== undefined && at > state.now)
  return times.length > 0 ? Math.min(...times.filter((at) => at !== undefined)) : undefined
}
