/**
 * The effects of a node: for each pod bound to it, observe its containers, decide, and write the status or remove the pod. It
 * decides nothing itself; `pod-lifecycle.ts` does.
 */
import { KubeError } from '../../controller/kube/client.ts'
import { pods, refOf } from '../../controller/kube/kinds.ts'
import { compareResourceVersions } from '../../controller/kube/resource-version.ts'
import type { AddressPool } from './addresses.ts'
import { decideBehaviour, type PodBehaviour, type PodDelays, simulateProcesses } from './behaviour.ts'
import type { NodeContext, Runnable } from './context.ts'
import { covers } from './covers.ts'
import { splitKey } from './keys.ts'
import type { NodeIdentity } from './node.ts'
import { isFinished, isTerminating, keyOf, type Pod, parseTime, uidOf } from './objects.ts'
import { decidePod, type PodPlan } from './pod-lifecycle.ts'
import type { ProcessRuntime } from './processes/process-runtime.ts'
import { createController } from './reconcile-loop.ts'
import { type ContainerFacts, simulateContainer, unstartedContainer } from './simulated-container.ts'
import type { Sources } from './sources.ts'

export interface KubeletOptions extends NodeContext {
  readonly identity: NodeIdentity
  readonly delays: PodDelays
  readonly addresses: AddressPool
  /** Absent: pods that ask for a process are simulated like all others. */
  readonly processes?: ProcessRuntime
}

/** What the node knows of a pod and the API server does not, or only to the second. */
interface PodMemory {
  readonly uid: string
  readonly boundAtMs: number
  terminatingAtMs: number | undefined
  /** The pod's own last written state, which may be newer than the watch. */
  written: Pod | undefined
  /** Its deletion with grace 0 was accepted; only finalizers keep it. */
  isRemoved: boolean
}

export function createKubelet(options: KubeletOptions, sources: Pick<Sources, 'pods'>): Runnable {
  const { client, clock, identity, processes } = options
  const memories = new Map<string, PodMemory>()

  function remember(key: string, pod: Pod): PodMemory {
    const known = memories.get(key)
    if (known && known.uid === uidOf(pod)) return known
    if (known) forget(key, known)
    // A pod that already has a start time was started by an earlier run of this node.
    const boundAtMs = parseTime(pod.status?.startTime) ?? clock.now()
    const memory: PodMemory = {
      uid: uidOf(pod),
      boundAtMs,
      terminatingAtMs: undefined,
      written: undefined,
      isRemoved: false,
    }
    memories.set(key, memory)
    return memory
  }

  function forget(key: string, memory: PodMemory): void {
    memories.delete(key)
    processes?.discard(memory.uid)
    options.addresses.release(memory.uid)
  }

  function observe(pod: Pod, behaviour: PodBehaviour, memory: PodMemory, nowMs: number): ContainerFacts[] {
    const real = new Map(processes?.observe(memory.uid).map((facts) => [facts.name, facts]))
    const { boundAtMs } = memory
    const { restartPolicy } = pod.spec
    return behaviour.containers.map(({ name, behaviour: wanted }) => {
      if (wanted.kind !== 'process') {
        return simulateContainer({ name, behaviour: wanted, restartPolicy, boundAtMs, nowMs })
      }
      const facts = real.get(name) ?? unstartedContainer(name)
      return { ...facts, ready: facts.ready && !wanted.heldUnready }
    })
  }

  function step(pod: Pod, memory: PodMemory): PodPlan {
    const nowMs = clock.now()
    const podIP = options.addresses.acquire(memory.uid, pod.status?.podIP)
    const decided = decideBehaviour(pod, options.delays)
    const behaviour = processes ? decided : simulateProcesses(decided, options.delays)
    if (isTerminating(pod)) {
      memory.terminatingAtMs ??= nowMs
      processes?.terminate(memory.uid, behaviour.graceMs, behaviour.preStopMs)
    } else if (!isFinished(pod)) processes?.ensure(pod, behaviour, podIP)
    return decidePod({
      pod,
      behaviour,
      containers: observe(pod, behaviour, memory, nowMs),
      podIP,
      hostIP: identity.address,
      boundAtMs: memory.boundAtMs,
      ...(memory.terminatingAtMs === undefined ? {} : { terminatingAtMs: memory.terminatingAtMs }),
      liveProcesses: processes?.liveProcesses(memory.uid) ?? 0,
      nowMs,
    })
  }

  async function applyStatus(pod: Pod, memory: PodMemory, status: unknown): Promise<void> {
    if (covers(pod.status ?? {}, status)) return
    const body = { metadata: { uid: memory.uid }, status }
    memory.written = await client.patch<Pod>(refOf(pods, pod), 'strategic', body, { subresource: 'status' })
  }

  async function apply(pod: Pod, memory: PodMemory, plan: PodPlan): Promise<void> {
    if (!plan.remove) return plan.status === undefined ? undefined : applyStatus(pod, memory, plan.status)
    // Whoever holds the pod by a finalizer wants to see how it ended.
    if (plan.status !== undefined && pod.metadata.finalizers?.length) await applyStatus(pod, memory, plan.status)
    if (memory.isRemoved) return
    await client.delete(refOf(pods, pod), { uid: memory.uid, gracePeriodSeconds: 0 })
    memory.isRemoved = true
  }

  async function reconcile(key: string): Promise<number | undefined> {
    const cached = sources.pods.get(...splitKey(key))
    const memory = cached && cached.spec.nodeName === identity.name ? remember(key, cached) : undefined
    if (!cached || !memory) {
      const gone = memories.get(key)
      if (gone) forget(key, gone)
      return undefined
    }
    const pod = newerOf(cached, memory.written)
    const plan = step(pod, memory)
    try {
      await apply(pod, memory, plan)
    } catch (error) {
      // Gone or replaced in the meantime: the watch will tell.
      if (error instanceof KubeError && (error.code === 404 || error.code === 409)) return plan.wakeAtMs
      throw error
    }
    return plan.wakeAtMs
  }

  const keysOfUid = (uid: string): readonly string[] =>
    [...memories].filter(([, memory]) => memory.uid === uid).map(([key]) => key)
  const controller = createController({
    ...options,
    name: 'kubelet',
    reconcile,
    watch: (add) => [
      sources.pods.subscribe(({ object }) => {
        if (object.spec.nodeName === identity.name) add(keyOf(object))
      }),
      ...(processes ? [processes.subscribe((uid) => keysOfUid(uid).forEach(add))] : []),
    ],
  })
  return {
    start: () => controller.start(),
    async stop() {
      await controller.stop()
      await processes?.stop()
    },
  }
}

/** The watched pod, or what our own last write returned if the watch has not caught up with it. */
function newerOf(cached: Pod, written: Pod | undefined): Pod {
  if (written === undefined || uidOf(written) !== uidOf(cached)) return cached
  const order = compareResourceVersions(written.metadata.resourceVersion, cached.metadata.resourceVersion)
  return order !== undefined && order > 0 ? written : cached
}
