/** What every part of the node stand-in is given: the API server, time, chance and a log. A part takes nothing from elsewhere. */
import type { KubeClient } from '../../controller/kube/client.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import type { Random } from '../../controller/runtime/random.ts'

export interface NodeContext {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Something that runs between `start` and `stop`. Stop resolves when nothing of it is left. */
export interface Runnable {
  start(): void
  stop(): Promise<void>
}
