/** What a seed drew, and what is the same for all of them, in sentences for people. */
import type { Rollout } from '../../controller/api/rollout.ts'
import type { Release } from './draw-release.ts'
import { needsPeople } from './people.ts'

/** Whole seconds: `7m32s`. */
function describeTime(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`
}

/** Of every seed. */
export const describeStage = (rollout: Rollout): readonly string[] => [
  'Prometheus shows a bad version 5s to 1m after users feel it; half of the bad versions have an alert, 30s to 5m after',
  ...(needsPeople(rollout) ? ['people promote within 10m, without looking'] : []),
]

/** Of one. */
export function describeCast(release: Release): readonly string[] {
  const { podReadyMs, faults } = release
  const [fastest, slowest] = podReadyMs.map(describeTime)
  const pods = fastest === slowest ? `after ${slowest}` : `after ${fastest} to ${slowest}`
  return [describeVersion(release), ...describeAlert(release), `pods are ready ${pods}`, describeFaults(faults.length)]
}

function describeVersion({ fate, badAfterMs }: Release): string {
  if (fate === 'good') return 'the new version is good'
  if (fate === 'never ready') return "the new version's pods never become ready"
  return `the new version is bad ${badAfterMs === 0 ? 'from the beginning' : `from ${describeTime(badAfterMs)} on`}`
}

function describeAlert({ alertDelayMs, falseAlertMs }: Release): readonly string[] {
  if (alertDelayMs !== undefined) return [`an alert fires ${describeTime(alertDelayMs)} after users feel it`]
  return falseAlertMs === undefined ? [] : ['an alert fires without a reason']
}

function describeFaults(count: number): string {
  if (count === 0) return 'nothing goes wrong around it'
  return `${count} ${count === 1 ? 'thing goes' : 'things go'} wrong around it`
}
