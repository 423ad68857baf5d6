/**
 * Whether Contour has taken over an HTTPProxy as it stands, by the condition `Valid` of its status.
 *
 *   Valid                                     then
 *   True, of this generation                  confirmed
 *   False, of this generation                 pending, and a problem in Contour's words
 *   of a former generation, or Unknown        pending
 *   absent, or without a generation           unknown: time decides
 */
import type { TrafficReading } from '../../api/traffic.ts'
import type { HttpProxy, StatusCondition } from './objects.ts'

export function readAccepted(
  label: string,
  { metadata, status }: HttpProxy,
): Pick<TrafficReading, 'confirmation' | 'problem'> {
  const conditions = Array.isArray(status?.conditions) ? status.conditions : []
  const valid: StatusCondition | undefined = conditions.find((condition) => condition?.type === 'Valid')
  if (valid?.observedGeneration === undefined) return { confirmation: 'unknown' }
  if (valid.observedGeneration !== metadata.generation) return { confirmation: 'pending' }
  if (valid.status === 'True') return { confirmation: 'confirmed' }
  if (valid.status !== 'False') return { confirmation: 'pending' }
  return { confirmation: 'pending', problem: `${label} is refused by Contour: ${reasonOf(valid)}` }
}

/** The condition's own message only counts the errors. */
const reasonOf = ({ errors, message }: StatusCondition): string =>
  (Array.isArray(errors) && errors[0]?.message) || message || 'no reason given'
