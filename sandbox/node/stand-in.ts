/**
 * The node stand-in as a whole: the only place that joins its parts. Against a real control plane it is the missing scheduler
 * and kubelet; in the sandbox it also stands for the workload controllers.
 */
import { createAddressPool, loopbackPrefix } from './addresses.ts'
import { defaultPodDelays, type PodDelays } from './behaviour.ts'
import type { NodeContext, Runnable } from './context.ts'
import { createDeploymentController } from './controllers/deployment-controller.ts'
import { createDisruptionController } from './controllers/disruption-controller.ts'
import { createEndpointsController } from './controllers/endpoints-controller.ts'
import { createJobController } from './controllers/job-controller.ts'
import { createReplicaSetController } from './controllers/replicaset-controller.ts'
import { createKubelet } from './kubelet.ts'
import { createNode } from './node.ts'
import type { ProcessRuntime } from './processes/process-runtime.ts'
import { createScheduler } from './scheduler.ts'
import { createSources, type Sources } from './sources.ts'

export interface NodeStandInOptions extends NodeContext {
  /** `penstock-node` when absent. */
  readonly nodeName?: string
  /** Delays of simulated containers; half a second to run, one more to be ready, one to stop when absent. */
  readonly podDelays?: PodDelays
  /** Runs pods that ask for it as real processes; without it every pod is simulated. It is stopped with the stand-in. */
  readonly processes?: ProcessRuntime
  /** `pods-only` where kube-controller-manager does the rest. */
  readonly controllers: 'all' | 'pods-only'
}

const SIMULATED_PREFIX = '10.244'

const createControllers = (context: NodeContext, sources: Sources): readonly Runnable[] => [
  createReplicaSetController(context, sources),
  createDeploymentController(context, sources),
  createJobController(context, sources),
  createEndpointsController(context, sources),
  createDisruptionController(context, sources),
]

/** Nothing happens before `start`; after `stop` has resolved no timer, watch or process is left. */
export function createNodeStandIn(options: NodeStandInOptions): Runnable {
  const { random, processes } = options
  const context: NodeContext = { ...options, log: options.log.child({ component: 'node' }) }
  const identity = { name: options.nodeName ?? 'penstock-node', address: '127.0.0.1' }
  const sources = createSources(context, options.controllers === 'all' ? 'all' : 'pods')
  const addresses = createAddressPool(processes ? loopbackPrefix(random) : SIMULATED_PREFIX, random)
  const kubeletOptions = { ...context, identity, addresses, delays: options.podDelays ?? defaultPodDelays }
  const parts: Runnable[] = [
    createNode(context, identity),
    createScheduler(context, sources, identity.name),
    createKubelet(processes ? { ...kubeletOptions, processes } : kubeletOptions, sources),
    ...(options.controllers === 'all' ? createControllers(context, sources) : []),
  ]
  return {
    start() {
      for (const part of [...parts, sources]) part.start()
    },
    async stop() {
      // Processes may take seconds to stop; the sources stop first so that no half-seen world is acted upon.
      await sources.stop()
      await Promise.all(parts.map((part) => part.stop()))
    },
  }
}
