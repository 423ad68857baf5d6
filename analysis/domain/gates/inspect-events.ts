/**
 * A look of the gate on business events: side by side with stable, and before against after once stable has no traffic left. Which of the two speaks is
 * decided here and nothing else. The first row that holds:
 *
 *   side by side                       before/after                     speaks
 *   worse                              any                              side by side: what was found stands
 *   any                                not asked (see inspect-alone)    side by side
 *   not worse                          worse                            before/after
 *   samples whole, target was caught   not worse                        side by side, the stronger one
 *   samples whole, target not caught   history cannot stand in          side by side
 *   any other                          any other                        before/after
 */
import type { GateCase } from './gate-case.ts'
import type { GateJudges } from './gate-judges.ts'
import { inspectAlone } from './inspect-alone.ts'
import { inspectCounts } from './inspect-counts.ts'
import type { Inspection } from './inspection.ts'

export function inspectEvents(gateCase: GateCase, judges: GateJudges): Inspection {
  const beside = inspectCounts(gateCase, judges)
  if (beside.look?.decision === 'abort') return beside
  const alone = inspectAlone(gateCase)
  if (!alone) return beside
  if (alone.look?.decision === 'abort') return alone
  return beside.samples === 'whole' && (beside.outlook.caught || alone.samples !== 'whole') ? beside : alone
}
