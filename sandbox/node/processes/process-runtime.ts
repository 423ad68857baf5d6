/**
 * The real containers of all pods on this node. It starts, observes and stops processes as the kubelet asks; it never decides
 * what a pod's status is, and when it has stopped nothing of it is left.
 *
 * A pod gets here by its manifest, so whoever may create pods may run programs as this user: use it only with an API server
 * that is the sandbox's own.
 */
import type { Clock } from '../../../controller/runtime/clock.ts'
import type { PodBehaviour } from '../behaviour.ts'
import { type Container, type Pod, uidOf } from '../objects.ts'
import { kubernetesRestartRule, type RestartRule } from '../restart-backoff.ts'
import type { ContainerFacts } from '../simulated-container.ts'
import { type Env, expandReferences, renderEnv } from './container-env.ts'
import { type ContainerProcess, startContainerProcess } from './container-process.ts'
import { createProcessGuard } from './process-guard.ts'
import { findProbeProblem } from './readiness-probe.ts'

export interface ProcessRuntime {
  /** Starts the pod's processes unless they were started before. */
  ensure(pod: Pod, behaviour: PodBehaviour, podIP: string): void
  /** Facts about the containers that are processes; empty for other pods. */
  observe(uid: string): readonly ContainerFacts[]
  liveProcesses(uid: string): number
  terminate(uid: string, graceMs: number, preStopMs: number): void
  /** The pod is gone from the API: what still runs is killed. */
  discard(uid: string): void
  /** The newest output of one container, or of the first one; undefined when the pod has no processes. */
  readLog(namespace: string, podName: string, container?: string): string | undefined
  /** Told the pod's uid whenever something about its processes changed. */
  subscribe(listener: (uid: string) => void): () => void
  /** SIGTERM to all, SIGKILL after `stopGraceMs`; resolves when none is left. */
  stop(): Promise<void>
}

export interface ProcessRuntimeOptions {
  readonly clock: Clock
  /** Where every process starts; `workingDir` of manifests means a path inside an image and is not used. */
  readonly workingDirectory: string
  /** Environment of every process, below the pod's own; PATH must be in it for programs without a path. */
  readonly baseEnv: Env
  readonly restartRule?: RestartRule
  readonly stopGraceMs?: number
}

interface PodProcesses {
  readonly namespace: string
  readonly name: string
  readonly processes: Map<string, ContainerProcess>
  readonly refusals: readonly ContainerFacts[]
}

const DEFAULT_STOP_GRACE_MS = 2_000
const HOST_IP = '127.0.0.1'

export function createProcessRuntime(options: ProcessRuntimeOptions): ProcessRuntime {
  const { clock } = options
  const guard = createProcessGuard()
  const pods = new Map<string, PodProcesses>()
  const listeners = new Set<(uid: string) => void>()
  /** Discarded but not yet exited. */
  const leaving = new Set<ContainerProcess>()
  let isStopping = false
  let noteExit = (): void => {}

  const notify = (uid: string): void => {
    for (const running of leaving) if (!running.isAlive()) leaving.delete(running)
    noteExit()
    for (const listener of listeners) listener(uid)
  }

  function startOne(pod: Pod, container: Container, argv: readonly string[], podIP: string): ContainerProcess | string {
    const answer = renderEnv({ pod, container, podIP, hostIP: HOST_IP, base: options.baseEnv })
    const problem = 'problem' in answer ? answer.problem : findProbeProblem(container)
    if ('problem' in answer || problem !== undefined) return problem ?? 'the environment cannot be built'
    if (argv.length === 0) return `container ${container.name}: a process needs a command`
    return startContainerProcess({
      container,
      argv: argv.map((part) => expandReferences(part, answer.env)),
      env: answer.env,
      workingDirectory: options.workingDirectory,
      address: podIP,
      restartPolicy: pod.spec.restartPolicy,
      restartRule: options.restartRule ?? kubernetesRestartRule,
      clock,
      guard,
      onChange: () => notify(uidOf(pod)),
    })
  }

  function startPod(pod: Pod, behaviour: PodBehaviour, podIP: string): PodProcesses {
    const processes = new Map<string, ContainerProcess>()
    const refusals: ContainerFacts[] = []
    for (const { name, behaviour: wanted } of behaviour.containers) {
      const container = pod.spec.containers.find((entry) => entry.name === name)
      if (wanted.kind !== 'process' || container === undefined) continue
      const started = startOne(pod, container, wanted.argv, podIP)
      if (typeof started === 'string') refusals.push(renderRefusal(name, started))
      else processes.set(name, started)
    }
    return { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, processes, refusals }
  }

  const processesOf = (uid: string): readonly ContainerProcess[] => [...(pods.get(uid)?.processes.values() ?? [])]
  const live = (): readonly ContainerProcess[] =>
    [...[...pods.keys()].flatMap(processesOf), ...leaving].filter((running) => running.isAlive())

  return {
    ensure(pod, behaviour, podIP) {
      const uid = uidOf(pod)
      if (!isStopping && !pods.has(uid)) pods.set(uid, startPod(pod, behaviour, podIP))
    },
    observe: (uid) => [...(pods.get(uid)?.refusals ?? []), ...processesOf(uid).map((running) => running.facts())],
    liveProcesses: (uid) => processesOf(uid).filter((running) => running.isAlive()).length,
    terminate(uid, graceMs, preStopMs) {
      for (const running of processesOf(uid)) running.terminate(graceMs, preStopMs)
    },
    discard(uid) {
      for (const running of processesOf(uid)) {
        running.terminate(0, 0)
        if (running.isAlive()) leaving.add(running)
      }
      pods.delete(uid)
    },
    readLog(namespace, podName, container) {
      const found = [...pods.values()].find((pod) => pod.namespace === namespace && pod.name === podName)
      const processes = found?.processes
      return (container === undefined ? processes?.values().next().value : processes?.get(container))?.output()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async stop() {
      isStopping = true
      listeners.clear()
      const stopped = new Promise<void>((resolve) => {
        noteExit = () => {
          if (live().length === 0) resolve()
        }
      })
      // The ones that are down are told as well: a restart may be pending.
      for (const running of [...pods.keys()].flatMap(processesOf)) {
        running.terminate(options.stopGraceMs ?? DEFAULT_STOP_GRACE_MS, 0)
      }
      noteExit()
      await stopped
      pods.clear()
    },
  }
}

const renderRefusal = (name: string, message: string): ContainerFacts => ({
  name,
  state: { kind: 'waiting', reason: 'CreateContainerConfigError', message },
  restartCount: 0,
  ready: false,
})
