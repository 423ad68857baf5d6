/** What the parts of one look of one gate share. Shapes only. */
import type { GatePlan } from '../../../controller/metric-language/gate-plan.ts'
import type { LookOrder } from '../long-provider.ts'
import type { GateMemory } from './memory.ts'
import type { Pace } from './pacer.ts'
import type { Ask } from './samples-of-run.ts'
import type { GateSession } from './session.ts'

export interface GateReading {
  readonly order: LookOrder
  readonly plan: GatePlan
  readonly ask: Ask
  readonly address: string
  readonly memory: GateMemory
  /** Before whatever takes long. */
  readonly pace: Pace
  /** Of this gate of this run. */
  readonly session: GateSession
  /** When the release began, epoch milliseconds: evidence starts there, whatever run asks. */
  readonly since: number
}
