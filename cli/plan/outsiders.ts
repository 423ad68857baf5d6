/**
 * Everybody that an update waits for besides its pods: analyses, experiments, plugins, people. Each of them is content. Analyses and experiments end
 * when their time has come; whoever has no clock answers when he is asked to, so that the play can go on.
 */
import { type AnalysisRun, isCompleted } from '../../controller/api/analysis.ts'
import type { Experiment } from '../../controller/api/experiment.ts'
import { ROLLOUT_TYPE } from '../../controller/api/labels.ts'
import type { CanaryStep, Rollout } from '../../controller/api/rollout.ts'
import { formatInstant, parseDurationMs } from '../../controller/api/scalars.ts'
import { stepTimeoutMs } from '../../controller/api/step-plugin-config.ts'
import { readStepEntries, type StepEntry } from '../../controller/api/step-plugin-status.ts'
import { STEP_RESULTS } from '../../controller/api/step-result.ts'
import { promotePatches } from '../../controller/argo/client-patches.ts'
import type { Compat } from '../../controller/domain/world.ts'
import { mergeAnnotations, type SmallWorld } from '../../controller/small-world/small-world.ts'
import { renderTime, type Wait } from './playback.ts'
import { computeRunLength, type RunLength } from './run-length.ts'

export interface Outsiders {
  /** Sees what has been created; to be called after every pass. */
  notice(): void
  waits(): readonly Wait[]
  /** When the next of them is through, epoch milliseconds. */
  nextEnd(): number | undefined
  /** Ends what is through by now; false when nothing is. */
  endDue(): boolean
  /** Somebody without a clock answers; false when nobody is waited for. */
  answer(): boolean
  /** What runs beside the steps. */
  notes(): readonly string[]
}

/** Of an analysis or an experiment under way. */
interface Task {
  readonly wait: Wait
  readonly isAwaited: boolean
  /** Epoch milliseconds; undefined: not by itself. */
  readonly endsAtMs: number | undefined
}

export function createOutsiders(
  small: SmallWorld,
  { compat, pace }: { readonly compat: Compat; readonly pace: 'shortest' | 'longest' },
): Outsiders {
  const { state, runs, experiments } = small
  const tasks = new Map<string, Task>()
  const notes: string[] = []

  function noticeRun(run: AnalysisRun): void {
    const { name, labels } = run.metadata
    if (tasks.has(name) || isCompleted(run.status?.phase)) return
    const isAwaited = labels?.[ROLLOUT_TYPE] !== 'Background'
    const length = computeRunLength(run, compat)
    if (length && 'problem' in length) throw new Error(`AnalysisRun ${name}: ${length.problem}`)
    const what = `analysis of ${run.spec.metrics.map((metric) => metric.name).join(', ')}`
    tasks.set(name, { isAwaited, wait: { kind: 'analysis', ...timed(what, length) }, endsAtMs: endOf(length) })
    if (!isAwaited) notes.push(`in the background: ${tasks.get(name)?.wait.text ?? what}`)
  }

  function noticeExperiment(experiment: Experiment): void {
    const { name } = experiment.metadata
    if (tasks.has(name) || isCompleted(experiment.status?.phase)) return
    const { templates, duration } = experiment.spec
    const durationMs = duration === undefined ? undefined : parseDurationMs(duration)
    const length = durationMs === undefined ? undefined : state.podDelayMs + durationMs
    const what = `experiment of ${templates.map((template) => template.name).join(', ')}`
    const known = length === undefined ? undefined : { shortestMs: length, longestMs: length }
    const wait: Wait = { kind: 'experiment', ...timed(what, known) }
    tasks.set(name, { isAwaited: true, wait, endsAtMs: endOf(known) })
    experiments.set(name, {
      ...experiment,
      status: { phase: 'Running', templateStatuses: templates.map(asRunning(name)) },
    })
  }

  /** Undefined length: it does not end by itself. */
  function endOf(length: RunLength | undefined): number | undefined {
    const ms = pace === 'shortest' ? length?.shortestMs : length?.longestMs
    return ms === undefined ? undefined : state.now + ms
  }

  function end(name: string): void {
    const [run, experiment] = [runs.get(name), experiments.get(name)]
    if (run && !isCompleted(run.status?.phase)) runs.set(name, { ...run, status: { phase: 'Successful' } })
    if (experiment && !isCompleted(experiment.status?.phase))
      experiments.set(name, { ...experiment, status: { ...experiment.status, phase: 'Successful' } })
  }

  const isOpen = (name: string): boolean => {
    const object = runs.get(name) ?? experiments.get(name)
    return object !== undefined && !isCompleted(object.status?.phase)
  }
  const open = (): readonly (readonly [string, Task])[] => [...tasks].filter(([name]) => isOpen(name))
  const currentStep = (): CanaryStep | undefined =>
    state.rollout.spec.strategy?.canary?.steps?.[state.rollout.status?.currentStepIndex ?? 0]
  const calledPlugin = (): StepEntry | undefined =>
    readStepEntries(state.rollout.status?.canary?.stepPluginStatuses).find(({ status }) => status.call !== undefined)

  function pauseWait(): Wait | undefined {
    const { status, spec } = state.rollout
    const isPaused = (status?.pauseConditions ?? []).length > 0
    if (!isPaused && spec.paused !== true) return undefined
    const { autoPromotionSeconds } = spec.strategy?.blueGreen ?? {}
    const duration = spec.strategy?.blueGreen ? autoPromotionSeconds : currentStep()?.pause?.duration
    const ms = spec.paused === true || duration === undefined ? undefined : parseDurationMs(duration)
    const who = 'a person who promotes it'
    if (ms === undefined) return { kind: 'person', text: who, unknown: who }
    return { kind: 'pause', text: `pause of ${renderTime(ms)}`, shortestMs: ms, longestMs: ms }
  }

  function pluginWait(): Wait | undefined {
    const entry = calledPlugin()
    if (!entry) return undefined
    const { plugin, config = {} } = entry.status.task
    const atMostMs = stepTimeoutMs(plugin, config)
    const who = `plugin ${plugin}${atMostMs === undefined ? '' : `, at most ${renderTime(atMostMs)}`}`
    return { kind: 'plugin', text: `${who}: nobody knows how long`, unknown: who }
  }

  /** As `penstock promote` writes it. */
  function promote(): void {
    for (const { subresource, body } of promotePatches(state.rollout)) {
      const patch = body as Partial<Pick<Rollout, 'status' | 'spec'>>
      const { rollout } = state
      state.rollout =
        subresource === 'status'
          ? { ...rollout, status: withoutNulls({ ...rollout.status, ...patch.status }) }
          : { ...rollout, spec: { ...rollout.spec, ...patch.spec } }
    }
  }

  return {
    notice() {
      for (const run of runs.values()) noticeRun(run)
      for (const experiment of experiments.values()) noticeExperiment(experiment)
    },
    waits() {
      const awaited = open().flatMap(([, { wait, isAwaited }]) => (isAwaited ? [wait] : []))
      return [...awaited, pluginWait(), pauseWait()].filter((wait) => wait !== undefined)
    },
    nextEnd() {
      const times = open().flatMap(([, { endsAtMs }]) => (endsAtMs === undefined ? [] : [endsAtMs]))
      return times.length > 0 ? Math.min(...times) : undefined
    },
    endDue() {
      const due = open().filter(([, { endsAtMs }]) => endsAtMs !== undefined && endsAtMs <= state.now)
      for (const [name] of due) end(name)
      return due.length > 0
    },
    answer() {
      const entry = calledPlugin()
      if (entry) {
        const result = { call: entry.status.call, phase: 'Successful', at: formatInstant(state.now) }
        state.rollout = mergeAnnotations(state.rollout, { [STEP_RESULTS]: JSON.stringify([result]) })
        return true
      }
      const unknown = open().filter(([, { isAwaited, wait }]) => isAwaited && wait.unknown !== undefined)
      for (const [name] of unknown) end(name)
      if (unknown.length > 0) return true
      if (pauseWait()?.kind !== 'person') return false
      promote()
      return true
    },
    notes: () => notes,
  }
}

function timed(what: string, length: RunLength | undefined): Omit<Wait, 'kind'> {
  if (length === undefined) return { text: `${what}, which does not end by itself`, unknown: what }
  const { shortestMs, longestMs } = length
  if (longestMs === 0) return { text: `${what}, one measurement`, shortestMs, longestMs }
  if (longestMs === undefined) return { text: `${what}: nobody knows how long`, unknown: what, shortestMs }
  const span =
    shortestMs === longestMs ? renderTime(shortestMs) : `${renderTime(shortestMs)} to ${renderTime(longestMs)}`
  return { text: `${what}, ${span}`, shortestMs, longestMs }
}

type ExperimentTemplate = Experiment['spec']['templates'][number]

/** A template of an Experiment whose pods are there. */
const asRunning =
  (experiment: string) =>
  ({ name, replicas: asked }: ExperimentTemplate) => {
    const replicas = asked ?? 1
    const ready = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas }
    return { name, status: 'Running', ...ready, serviceName: `${experiment}-${name}`, podTemplateHash: name }
  }

const withoutNulls = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as T
