/** What a fault does at the moment when it strikes. Those that wait for a request, or last a while, are on the board and are found there. */
import type { OpenWatch } from '../cluster/watch-edge.ts'
import type { SimProcess } from '../kernel/process.ts'
import type { PodsModel } from '../models/pods.ts'
import type { FaultBoard } from './board.ts'
import type { Fault } from './fault.ts'

export interface Hands {
  readonly board: FaultBoard
  readonly pods: PodsModel
  readonly compact: () => void
  /** Open watches of all replicas, or of one. */
  readonly watches: (plural: string | undefined, index?: number) => readonly OpenWatch[]
  readonly processOf: (index: number) => SimProcess | undefined
  readonly kill: (index: number, restartAfterMs: number) => void
  readonly stop: (index: number, restartAfterMs: number) => void
  readonly killAtWrite: (index: number, death: Death) => void
}

/** At the n-th write from now, which takes effect or is lost. */
export interface Death {
  readonly atWrite: number
  readonly applied: boolean
  readonly restartAfterMs: number
}

export function strike(fault: Fault, hands: Hands): void {
  const { board, pods, watches, processOf } = hands
  board.put(fault)
  switch (fault.kind) {
    case 'silence':
      for (const watch of watches(fault.plural)) watch.silence()
      break
    case 'breakWatches':
      for (const watch of watches(fault.plural)) watch.end('broken')
      break
    case 'partition':
      for (const watch of watches(undefined, fault.process)) watch.silence()
      break
    case 'compact':
      hands.compact()
      break
    case 'pause':
      processOf(fault.process)?.pause(fault.forMs)
      break
    case 'jumpWall':
      processOf(fault.process)?.jumpWall(fault.ms)
      break
    case 'crash':
      crash(fault, hands)
      break
    case 'stop':
      hands.stop(fault.process, fault.restartAfterMs)
      break
    case 'pod':
      if (fault.mode === 'evict') pods.evict(fault.index)
      else pods.flap(fault.index, fault.ms)
      break
    case 'answer':
    case 'cut':
    case 'slow':
    case 'hold':
    case 'repeat':
    case 'staleList':
    case 'dropEvents':
    case 'duplicateEvents':
    case 'delayEvents':
    case 'gateway':
    case 'pods':
    case 'metrics':
    case 'sink':
    case 'channel':
      break
  }
}

function crash({ process, atWrite, applied = true, restartAfterMs }: Extract<Fault, { kind: 'crash' }>, hands: Hands) {
  if (atWrite === undefined) hands.kill(process, restartAfterMs)
  else hands.killAtWrite(process, { atWrite, applied, restartAfterMs })
}
