/** The machine that a figure belongs to, as far as it explains the figure. */
import { availableParallelism, cpus, loadavg } from 'node:os'

export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly node: string
  /** Load average of the last minute: what else the machine was doing. */
  readonly load1: number
}

export const observeMachine = (): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model ?? 'unknown',
  node: process.version,
  load1: Math.round((loadavg()[0] ?? 0) * 100) / 100,
})
