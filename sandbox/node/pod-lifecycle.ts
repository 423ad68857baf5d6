/**
 * The decision of the node about one bound pod: its next status, whether it may be removed now, and when to look again. Pure;
 * it names only the conditions that a node owns, so that a merging write keeps everybody else's.
 *
 * | containers                                     | restartPolicy | phase     |
 * |------------------------------------------------|---------------|-----------|
 * | any waits and has never run                    | any           | Pending   |
 * | any runs                                       | any           | Running   |
 * | all stopped                                    | Always        | Running   |
 * | all stopped, all with code 0                   | other         | Succeeded |
 * | all stopped for good, one with another code    | other         | Failed    |
 * | all stopped, one will be restarted             | OnFailure     | Running   |
 */
import type { PodBehaviour } from './behaviour.ts'
import {
  type Condition,
  type ContainerStatus,
  conditionOf,
  earliest,
  isFinished,
  type Pod,
  renderTime,
} from './objects.ts'
import type { ContainerFacts, Run } from './simulated-container.ts'

export interface PodFacts {
  readonly pod: Pod
  readonly behaviour: PodBehaviour
  readonly containers: readonly ContainerFacts[]
  readonly podIP: string
  readonly hostIP: string
  readonly boundAtMs: number
  /** When this node first saw the deletion; absent while the pod is wanted. */
  readonly terminatingAtMs?: number
  /** Real processes that have not exited yet. */
  readonly liveProcesses: number
  readonly nowMs: number
}

export interface PodPlan {
  /** A strategic merge of this status brings the pod up to date; absent when the status must stay as it is. */
  readonly status?: Readonly<Record<string, unknown>>
  /** All containers are gone: the object may be deleted with grace 0. */
  readonly remove: boolean
  readonly wakeAtMs?: number
}

/** Decides the next step for a pod bound to this node. */
export function decidePod(facts: PodFacts): PodPlan {
  const { pod, terminatingAtMs, nowMs } = facts
  if (isFinished(pod)) return { remove: terminatingAtMs !== undefined && facts.liveProcesses === 0 }
  const stopAtMs = terminatingAtMs === undefined ? undefined : terminatingAtMs + decideTerminationMs(facts)
  if (stopAtMs !== undefined && nowMs >= stopAtMs && facts.liveProcesses === 0) {
    const stopped = facts.containers.map((container) => stopContainer(container, nowMs))
    return { status: renderStatus({ ...facts, containers: stopped }, 'Never'), remove: true }
  }
  const wakeAtMs = earliest(...facts.containers.map((container) => container.changesAtMs), stopAtMs)
  const status = renderStatus(facts, pod.spec.restartPolicy)
  return { status, remove: false, ...(wakeAtMs === undefined || wakeAtMs <= nowMs ? {} : { wakeAtMs }) }
}

/** How long stopping takes where nothing real has to stop. */
function decideTerminationMs({ behaviour, containers }: PodFacts): number {
  const hasSimulated = behaviour.containers.some((entry) => entry.behaviour.kind !== 'process')
  const isRunning = containers.some((container) => container.state.kind === 'running')
  if (!hasSimulated || !isRunning) return 0
  return Math.min(behaviour.graceMs, behaviour.preStopMs + behaviour.terminateMs)
}

/** SIGTERM's exit code, for a container whose end nobody else recorded. */
const SIGTERM_EXIT_CODE = 143

function stopContainer(container: ContainerFacts, nowMs: number): ContainerFacts {
  if (container.state.kind === 'terminated') return container
  const startedAtMs = container.state.kind === 'running' ? container.state.startedAtMs : nowMs
  const run = { startedAtMs, finishedAtMs: nowMs, exitCode: SIGTERM_EXIT_CODE, reason: 'Error' }
  return { ...container, state: { kind: 'terminated', ...run }, ready: false }
}

function renderStatus(facts: PodFacts, restartPolicy: string | undefined): Readonly<Record<string, unknown>> {
  const phase = decidePhase(facts.containers, restartPolicy)
  return {
    phase,
    conditions: renderConditions(facts, phase),
    hostIP: facts.hostIP,
    podIP: facts.podIP,
    podIPs: [{ ip: facts.podIP }],
    startTime: facts.pod.status?.startTime ?? renderTime(facts.boundAtMs),
    containerStatuses: facts.containers.map((container) => renderContainer(container, facts.pod)),
    ...renderInitContainers(facts),
  }
}

function decidePhase(containers: readonly ContainerFacts[], restartPolicy: string | undefined): string {
  const isUnstarted = ({ state, lastRun }: ContainerFacts): boolean => state.kind === 'waiting' && lastRun === undefined
  if (containers.some(isUnstarted)) return 'Pending'
  if (containers.some(({ state }) => state.kind === 'running')) return 'Running'
  if (restartPolicy === 'Always' || restartPolicy === undefined) return 'Running'
  const hasSucceeded = ({ state }: ContainerFacts): boolean => state.kind === 'terminated' && state.exitCode === 0
  if (containers.every(hasSucceeded)) return 'Succeeded'
  return restartPolicy === 'Never' ? 'Failed' : 'Running'
}

function renderConditions(facts: PodFacts, phase: string): Condition[] {
  const unready = facts.containers.filter((container) => !container.ready).map((container) => container.name)
  const containersReady = renderContainersReady(unready, phase)
  const ready = containersReady.status === 'True' ? renderGates(facts.pod) : { ...containersReady, type: 'Ready' }
  const initialized = { type: 'Initialized', status: 'True' }
  const scheduled = { type: 'PodScheduled', status: 'True' }
  return [scheduled, initialized, containersReady, ready].map((condition) => stampCondition(condition, facts))
}

function renderContainersReady(unready: readonly string[], phase: string): Condition {
  const type = 'ContainersReady'
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' }
  if (unready.length === 0) return { type, status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

function renderGates(pod: Pod): Condition {
  const closed = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) => conditionOf(pod.status?.conditions, conditionType)?.status !== 'True',
  )
  if (closed.length === 0) return { type: 'Ready', status: 'True' }
  const message = closed.map((gate) => `readiness gate "${gate.conditionType}" is not True`).join('; ')
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message }
}

/** Keeps the transition time while the status stays; nulls remove what an earlier state left behind. */
function stampCondition(condition: Condition, { pod, nowMs }: PodFacts): Condition {
  const known = conditionOf(pod.status?.conditions, condition.type)
  const since = known?.status === condition.status ? known.lastTransitionTime : undefined
  return { reason: null, message: null, ...condition, lastTransitionTime: since ?? renderTime(nowMs) }
}

const renderRun = (run: Run): NonNullable<ContainerStatus['state']> => ({
  terminated: {
    exitCode: run.exitCode,
    reason: run.reason,
    startedAt: renderTime(run.startedAtMs),
    finishedAt: renderTime(run.finishedAtMs),
  },
})

function renderState({ state }: ContainerFacts): NonNullable<ContainerStatus['state']> {
  switch (state.kind) {
    case 'waiting':
      return { waiting: { reason: state.reason, ...(state.message === '' ? {} : { message: state.message }) } }
    case 'running':
      return { running: { startedAt: renderTime(state.startedAtMs) } }
    case 'terminated':
      return renderRun(state)
  }
}

const imageOf = (pod: Pod, name: string): string =>
  pod.spec.containers.find((container) => container.name === name)?.image ?? ''

const renderContainer = (container: ContainerFacts, pod: Pod): ContainerStatus => ({
  name: container.name,
  image: imageOf(pod, container.name),
  imageID: '',
  ready: container.ready,
  started: container.state.kind === 'running',
  restartCount: container.restartCount,
  state: renderState(container),
  lastState: container.lastRun ? renderRun(container.lastRun) : {},
})

/** Init containers are not run: they count as done the moment the pod starts. */
function renderInitContainers({ pod, boundAtMs }: PodFacts): { initContainerStatuses?: ContainerStatus[] } {
  if (!pod.spec.initContainers?.length) return {}
  const run = { startedAtMs: boundAtMs, finishedAtMs: boundAtMs, exitCode: 0, reason: 'Completed' }
  const statuses = pod.spec.initContainers.map(({ name, image }) => ({
    name,
    image: image ?? '',
    imageID: '',
    ready: true,
    restartCount: 0,
    state: renderRun(run),
    lastState: {},
  }))
  return { initContainerStatuses: statuses }
}
