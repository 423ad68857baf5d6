/** A label selector as the one line of text that the scale subresource holds. */
import type { LabelSelector } from '../api/meta.ts'
import type { RolloutSpec } from '../api/rollout.ts'

export function renderSelector(selector: LabelSelector | RolloutSpec['selector']): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator.toLowerCase()} (${[...(values ?? [])].sort().join(',')})`
  })
  return [...labels.sort(), ...expressions].join(',')
}
