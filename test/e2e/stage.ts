/**
 * What the paths share: one cluster and one controller, started by the first suite and handed from path to path. A path that kills the
 * controller gives back a running one.
 */

import { type Cluster, startCluster } from './cluster.ts'
import type { LogLine } from './controller.ts'
import { type ControllerOptions, type ControllerProcess, startController } from './controller.ts'
import { createWorkspace, type Workspace } from './workspace.ts'

export interface Stage {
  cluster(): Cluster
  controller(): ControllerProcess
  workspace(title: string): Promise<Workspace>
  /** Waits until the controller has looked at the namespace's Rollout this many times more. */
  passes(space: Workspace, count: number): Promise<void>
  /** Ends the controller by `signal` and starts it again. */
  restart(signal: 'SIGKILL' | 'SIGTERM', options?: ControllerOptions): Promise<void>
  /** Does `work` while no controller runs, and starts one again. */
  whileAway(work: () => Promise<void>): Promise<void>
  /** What every controller of this stage has logged so far. */
  logs(): readonly LogLine[]
  open(): Promise<void>
  close(): Promise<void>
}

export function createStage(): Stage {
  let cluster: Cluster | undefined
  let controller: ControllerProcess | undefined
  const ended: LogLine[] = []

  function theCluster(): Cluster {
    if (!cluster) throw new Error('The stage is not open')
    return cluster
  }
  function theController(): ControllerProcess {
    if (!controller) throw new Error('The stage has no controller')
    return controller
  }
  const isPassOf = (space: Workspace) => (line: LogLine) => line.msg === 'pass' && line.namespace === space.namespace

  return {
    cluster: theCluster,
    controller: theController,
    workspace: (title) => createWorkspace(theCluster(), title),
    async passes(space, count) {
      const countPasses = () => theController().log().filter(isPassOf(space)).length
      const before = countPasses()
      for (let pass = 1; pass <= count; pass++) {
        await space.patch({ metadata: { annotations: { 'example.test/nudge': String(before + pass) } } })
        await space.until('the controller to look again', () => countPasses() >= before + pass)
      }
    },
    async restart(signal, options) {
      if (signal === 'SIGKILL') await theController().kill()
      else await theController().terminate()
      ended.push(...theController().log())
      controller = await startController(theCluster(), options)
    },
    async whileAway(work) {
      await theController().terminate()
      ended.push(...theController().log())
      await work()
      controller = await startController(theCluster())
    },
    logs: () => [...ended, ...theController().log()],
    async open() {
      cluster = await startCluster()
      controller = await startController(cluster)
    },
    async close() {
      if (controller?.isRunning()) await controller.terminate()
      await cluster?.stop()
    },
  }
}
