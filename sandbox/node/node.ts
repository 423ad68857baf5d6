/**
 * The Node object: registered ready and renewed by its Lease, as a kubelet would. It holds no pods; `kubelet.ts` does.
 */
import { isAlreadyExists, KubeError, type ObjectRef } from '../../controller/kube/client.ts'
import { leases, namespaces } from '../../controller/kube/kinds.ts'
import type { NodeContext, Runnable } from './context.ts'
import { nodes } from './kinds.ts'
import { renderTime } from './objects.ts'
import { createReconcileLoop } from './reconcile-loop.ts'

export interface NodeIdentity {
  readonly name: string
  readonly address: string
}

const LEASE_NAMESPACE = 'kube-node-lease'
const RENEW_MS = 10_000
const LEASE_SECONDS = 40

const microTime = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, -1)}000Z`

function renderStatus({ name, address }: NodeIdentity, nowMs: number): Readonly<Record<string, unknown>> {
  const resources = { cpu: '64', memory: '256Gi', pods: '5000', 'ephemeral-storage': '1Ti' }
  const condition = (type: string, status: string, reason: string): unknown => {
    const at = renderTime(nowMs)
    return { type, status, reason, message: '', lastHeartbeatTime: at, lastTransitionTime: at }
  }
  return {
    capacity: resources,
    allocatable: resources,
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    conditions: [
      condition('Ready', 'True', 'KubeletReady'),
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
    ],
    nodeInfo: {
      architecture: '',
      bootID: '',
      containerRuntimeVersion: 'penstock-sandbox://1',
      kernelVersion: '',
      kubeProxyVersion: '',
      kubeletVersion: 'v1.32.0',
      machineID: '',
      operatingSystem: 'linux',
      osImage: '',
      systemUUID: '',
    },
  }
}

export function createNode(context: NodeContext, identity: NodeIdentity): Runnable {
  const { client, clock } = context
  const node: ObjectRef = { kind: nodes, name: identity.name }
  const lease: ObjectRef = { kind: leases, namespace: LEASE_NAMESPACE, name: identity.name }
  let isRegistered = false

  async function register(): Promise<void> {
    const labels = { 'kubernetes.io/hostname': identity.name, 'kubernetes.io/os': 'linux' }
    const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: identity.name, labels } }
    await client.create(nodes, object).catch(ignoreExisting)
    const status = renderStatus(identity, clock.now())
    await client.patch(node, 'strategic', { status }, { subresource: 'status' })
    isRegistered = true
  }

  async function renew(): Promise<void> {
    const spec = {
      holderIdentity: identity.name,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: microTime(clock.now()),
    }
    try {
      await client.patch(lease, 'merge', { spec })
    } catch (error) {
      if (!(error instanceof KubeError && error.code === 404)) throw error
      await client
        .create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: LEASE_NAMESPACE } })
        .catch(ignoreExisting)
      const metadata = { name: identity.name, namespace: LEASE_NAMESPACE }
      await client
        .create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec })
        .catch(ignoreExisting)
    }
  }

  const loop = createReconcileLoop({
    ...context,
    name: 'node',
    async reconcile() {
      if (!isRegistered) await register()
      await renew()
      return clock.now() + RENEW_MS
    },
  })
  return {
    start() {
      loop.add(identity.name)
      loop.start()
    },
    stop: () => loop.stop(),
  }
}

function ignoreExisting(error: unknown): void {
  if (!isAlreadyExists(error)) throw error
}
