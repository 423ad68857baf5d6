/** The shape of a running test control plane, whether started here or attached to. Types only. */
import type { ClusterAccess } from './access.ts'
import type { ServerProcess } from './child.ts'

/** The live processes, for tests that kill or freeze one. The object changes when a server is started again. */
export interface ControlPlaneProcesses {
  readonly etcd: ServerProcess
  readonly apiServer: ServerProcess
  readonly controllerManager: ServerProcess | undefined
}

export interface ControlPlane extends ClusterAccess {
  /** Logs and data; removed by `stop`. */
  readonly directory: string
  /** In words: where the binaries or the cluster came from. */
  readonly from: string
  /** Undefined for a cluster that is not ours (TEST_KUBECONFIG): skip, by name, tests that need to kill a server. */
  readonly processes: ControlPlaneProcesses | undefined
  /** Resolves when its controllers work. Call it after the CRDs are applied: garbage collection then knows them at once. */
  startControllerManager(): Promise<void>
  stopControllerManager(): Promise<void>
  /** Ends kube-apiserver (SIGTERM unless told otherwise; also when it is dead already) and starts it on the same port. */
  restartApiServer(options?: { readonly signal?: 'SIGTERM' | 'SIGKILL' }): Promise<void>
  /** Makes etcd forget all but what is: a watch from an older revision is gone (410) once the API server has to ask etcd for it. */
  compact(): Promise<void>
  /** Ends all that was started, waits until the ports are closed, removes the folder. Safe to call twice. */
  stop(): Promise<void>
}

export interface ControlPlaneOptions {
  /** More flags for kube-apiserver; a repeated flag wins over ours. */
  readonly apiServerArgs?: readonly string[]
  /** Instead of the default controllers (`flags.ts`). */
  readonly controllers?: readonly string[]
  /** Keep logs and data after `stop`. */
  readonly keepFiles?: boolean
  readonly log?: (line: string) => void
}
