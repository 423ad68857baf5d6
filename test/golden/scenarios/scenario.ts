/** What golden scenarios share: their shape, the usual steps and templates, and the usual beginnings. It plays; it checks nothing. */

import type { AbortRequest } from '../../../controller/api/abort-request.ts'
import type { AnalysisTemplate } from '../../../controller/api/analysis.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'

export interface Scenario {
  readonly name: string
  readonly options: MachineOptions
  play(machine: Machine): void
}

export const SECOND = 1_000
export const stages = [{ setWeight: 20 }, { pause: { duration: 30 } }, { setWeight: 50 }, { pause: {} }]
export const gate: AnalysisTemplate = {
  metadata: { name: 'gate', namespace: 'web' },
  spec: {
    metrics: [
      {
        name: 'errors',
        successCondition: 'result < 0.05',
        provider: { prometheus: { address: 'http://prometheus', query: 'vector(0)' } },
      },
    ],
  },
}
export const judged = [
  { setWeight: 20 },
  { analysis: { templates: [{ templateName: 'gate' }] } },
  { setWeight: 60 },
  { pause: { duration: 10 } },
]

/** Deploys the first version and begins an update; stops when nothing more happens for a while. */
export function begin(machine: Machine, forSeconds = 10): void {
  machine.say('first deploy')
  machine.run(40 * SECOND)
  machine.say('a new image is committed')
  machine.setImage('shop:2')
  machine.run(forSeconds * SECOND)
}

export function currentRun(machine: Machine): string {
  return (
    machine.status().canary?.currentStepAnalysisRunStatus?.name ??
    machine.status().canary?.currentBackgroundAnalysisRunStatus?.name ??
    ''
  )
}

export function alert(machine: Machine, action: AbortRequest['action'], revision = 2): AbortRequest {
  const receivedAt = new Date(machine.now()).toISOString()
  return {
    id: `f1@${receivedAt}`,
    action,
    podHash: machine.status().currentPodHash ?? '',
    revision,
    receivedAt,
    reason: 'AlertFiring',
    message: 'alert HighErrorRate is firing: 12 % of requests fail',
  }
}
