/**
 * The ReplicaSet controller, scheduler and kubelet in one: pods are created and removed as ReplicaSets ask, each ready after a time of its own, and
 * ReplicaSets count them. It knows no Rollouts.
 */
import type { Pod } from '../../controller/api/pod.ts'
import type { ReplicaSet } from '../../controller/api/rollout.ts'
import { renderControllerReference } from '../../controller/kube/apply.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import type { Truth } from '../cluster/truth.ts'
import type { FaultBoard } from '../faults/board.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { SeededRandom } from '../kernel/random.ts'
import { createDebounce } from './debounce.ts'

export interface ModelDeps {
  readonly kernel: Kernel
  readonly truth: Truth
  /** Without latency and faults. */
  readonly client: KubeClient
  readonly board: FaultBoard
  readonly random: SeededRandom
}

export interface PodsModel {
  /** A ready pod, counted in the order of names, is not ready for `ms`. */
  flap(index: number, ms: number): void
  evict(index: number): void
}

export interface PodsOptions {
  /** From the creation of a pod until it is ready. */
  readonly readyAfterMs: readonly [number, number]
  /** Pods of such an image never become ready. */
  readonly isBroken: (image: string) => boolean
  /** Epoch milliseconds at virtual time 0. */
  readonly wallStartMs: number
}

const READY = 'Ready'
/** So many pods are created or deleted in one go, as slow-start has it. */
const MOST_AT_ONCE = 20
const QUOTA_RETRY_MS = 2_000

export const isReady = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some(({ type, status }) => type === READY && status === 'True')

/** Of the first container of a pod's spec. */
export const imageOf = (spec: unknown): string =>
  (spec as { containers?: readonly { image?: string }[] } | undefined)?.containers?.[0]?.image ?? ''

const ownerOf = ({ metadata }: Pod): string | undefined => metadata.ownerReferences?.find((ref) => ref.controller)?.uid

export function startPods(deps: ModelDeps, options: PodsOptions): PodsModel {
  const { kernel, truth, client, board, random } = deps
  const readySinceMs = new Map<string, number>()
  let born = 0

  const podsOf = (rs: ReplicaSet): readonly Pod[] =>
    [...truth.world().pods.values()].filter((pod) => ownerOf(pod) === rs.metadata.uid)

  const replicaSetOf = (pod: Pod): ReplicaSet | undefined =>
    [...truth.world().replicaSets.values()].find(({ metadata }) => metadata.uid === ownerOf(pod))

  function birth(rs: ReplicaSet): void {
    born += 1
    const { metadata, spec } = rs.spec.template
    const { namespace } = rs.metadata
    const name = `${rs.metadata.name}-${String(born).padStart(4, '0')}`
    void client.create(kinds.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...metadata,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ownerReferences: [renderControllerReference(rs, kinds.replicaSets)],
      },
      spec,
    } as Pod)
    const slow = board.find('pods')
    const extraMs = slow?.mode === 'slow' ? slow.ms : 0
    becomeReady(name, random.between(...options.readyAfterMs) + extraMs)
  }

  function becomeReady(name: string, delayMs: number): void {
    kernel.schedule(delayMs, undefined, () => {
      const pod = truth.world().pods.get(name)
      if (!pod || options.isBroken(imageOf((pod as { spec?: unknown }).spec))) return
      if (board.find('pods')?.mode === 'stuck') becomeReady(name, QUOTA_RETRY_MS)
      else setReady(name, true)
    })
  }

  function setReady(name: string, ready: boolean): void {
    const pod = truth.world().pods.get(name)
    if (!pod) return
    kernel.note(`pod ${name} ${ready ? 'ready' : 'not ready'}`)
    if (ready) readySinceMs.set(name, kernel.now())
    else readySinceMs.delete(name)
    const lastTransitionTime = `${new Date(options.wallStartMs + kernel.now()).toISOString().slice(0, 19)}Z`
    const status = {
      phase: 'Running',
      conditions: [{ type: READY, status: ready ? 'True' : 'False', lastTransitionTime }],
    }
    void client.patch(kinds.refOf(kinds.pods, pod), 'merge', { status }, { subresource: 'status' })
  }

  const remove = (pod: Pod): void =>
    void client.delete(kinds.refOf(kinds.pods, pod), { gracePeriodSeconds: 0 }).catch(() => {})

  /** Unready ones go first, then the youngest. */
  const byWorth = (a: Pod, b: Pod): number =>
    Number(isReady(b)) - Number(isReady(a)) || (a.metadata.name < b.metadata.name ? -1 : 1)

  function scale(rs: ReplicaSet): void {
    const own = podsOf(rs)
    const wanted = rs.spec.replicas ?? 0
    for (const pod of [...own].sort(byWorth).slice(wanted, own.length)) remove(pod)
    if (wanted <= own.length) return
    if (board.find('pods')?.mode === 'quota') sync(rs.metadata.name, QUOTA_RETRY_MS)
    else for (let count = Math.min(wanted - own.length, MOST_AT_ONCE); count > 0; count -= 1) birth(rs)
  }

  function count(rs: ReplicaSet): void {
    const own = podsOf(rs)
    const ready = own.filter(isReady)
    const settledMs = (rs.spec.minReadySeconds ?? 0) * 1000
    const ages = ready.map(({ metadata }) => kernel.now() - (readySinceMs.get(metadata.name) ?? 0))
    const available = ages.filter((ageMs) => ageMs >= settledMs).length
    const youngestMs = Math.min(...ages.filter((ageMs) => ageMs < settledMs))
    if (Number.isFinite(youngestMs)) sync(rs.metadata.name, settledMs - youngestMs)
    const status = {
      replicas: own.length,
      fullyLabeledReplicas: own.length,
      readyReplicas: ready.length,
      availableReplicas: available,
      observedGeneration: rs.metadata.generation ?? 0,
    }
    const known: Readonly<Record<string, unknown>> = { ...rs.status }
    if (Object.entries(status).every(([field, value]) => (known[field] ?? 0) === value)) return
    void client.patch(kinds.refOf(kinds.replicaSets, rs), 'merge', { status }, { subresource: 'status' })
  }

  const sync = createDebounce(kernel, random, [5, 120], (name) => {
    const rs = truth.world().replicaSets.get(name)
    if (!rs || rs.metadata.deletionTimestamp !== undefined) return
    scale(rs)
    const now = truth.world().replicaSets.get(name)
    if (now) count(now)
  })

  truth.subscribe('replicaSets', (name) => sync(name))
  truth.subscribe('pods', (name) => {
    const pod = truth.world().pods.get(name)
    const owner = pod ? replicaSetOf(pod)?.metadata.name : name.slice(0, name.lastIndexOf('-'))
    if (owner !== undefined) sync(owner)
  })

  const nth = (index: number): string | undefined => {
    const names = [...truth.world().pods.values()].filter(isReady).map(({ metadata }) => metadata.name)
    return names.sort()[index % Math.max(1, names.length)]
  }
  return {
    flap(index, ms) {
      const name = nth(index)
      if (name === undefined) return
      setReady(name, false)
      becomeReady(name, ms)
    },
    evict(index) {
      const pod = truth.world().pods.get(nth(index) ?? '')
      if (!pod) return
      kernel.note(`pod ${pod.metadata.name} evicted`)
      remove(pod)
    },
  }
}
