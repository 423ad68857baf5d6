/**
 * Whether Consul has taken an object, as consul-k8s reports it. The report names no generation, so that `Synced: True` may still speak of the state
 * before the last write: it confirms nothing, and its absence or opposite is known to be not served.
 *
 *   condition Synced   | reading
 *   True               | unknown: the propagation floor is waited for
 *   absent, Unknown    | pending
 *   False              | pending, with Consul's own words
 */
import type { TrafficReading } from '../../api/traffic.ts'
import type { ConsulObject } from './objects.ts'

const LONGEST = 200

export function readSynced(label: string, { status }: ConsulObject): Pick<TrafficReading, 'confirmation' | 'problem'> {
  const conditions = Array.isArray(status?.conditions) ? status.conditions : []
  const synced = conditions.find((condition) => condition?.type === 'Synced')
  if (synced?.status === 'True') return { confirmation: 'unknown' }
  if (synced?.status !== 'False') return { confirmation: 'pending' }
  const why = [synced.reason, synced.message].filter(Boolean).join(': ').slice(0, LONGEST)
  return {
    confirmation: 'pending',
    problem: `${label} is not synced with Consul${why && ` (${why})`}: correct its spec`,
  }
}
