/** Stories of clients: what the plugin and Argo CD write, in the orders in which it arrives. */

import type { RolloutStatus } from '../../../controller/api/rollout.ts'
import { promotePatches } from '../../../controller/argo/client-patches.ts'
import { rollout } from '../../builders/rollout.ts'
import type { MachineOptions } from '../world-machine.ts'
import { begin, currentRun, gate, judged, type Scenario, SECOND } from './scenario.ts'

const doubled: MachineOptions = {
  rollout: rollout({
    replicas: 3,
    routed: false,
    steps: [{ setWeight: 34 }, { pause: {} }, { pause: {} }, { setWeight: 67 }],
  }),
}
const waiting: MachineOptions = {
  rollout: rollout({ replicas: 3, routed: false, steps: [{ setWeight: 34 }, { pause: {} }] }),
}

export const requestScenarios: readonly Scenario[] = [
  {
    name: 'skip-current-step-in-front-of-a-pause',
    options: doubled,
    play(machine) {
      begin(machine, 20)
      machine.say('Argo CD skips the first pause; the second one is not passed with it')
      const currentStepIndex = (machine.status().currentStepIndex ?? 0) + 1
      machine.patchStatus({ pauseConditions: null, currentStepIndex })
      machine.run(20 * SECOND)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'promote-past-an-inconclusive-analysis',
    options: { rollout: rollout({ replicas: 3, steps: judged }), templates: [gate] },
    play(machine) {
      begin(machine, 10)
      machine.say('the analysis has no data; somebody has looked, and promotes')
      machine.endRun(currentRun(machine), 'Inconclusive', 'NoData: no traffic')
      machine.run(5 * SECOND)
      for (const { body } of promotePatches(machine.world().rollout))
        machine.patchStatus((body as { readonly status: RolloutStatus }).status)
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'argo-cd-resumes-spec-first',
    options: waiting,
    play(machine) {
      begin(machine, 20)
      machine.say('somebody pauses the whole Rollout as well')
      machine.patchSpec({ paused: true })
      machine.run(20 * SECOND)
      machine.say('Argo CD resumes: the spec arrives first')
      machine.patchSpec({ paused: false })
      machine.run(5 * SECOND)
      machine.say('and then the status')
      machine.patchStatus({ pauseConditions: null })
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'plugin-promotes-status-first',
    options: waiting,
    play(machine) {
      begin(machine, 20)
      machine.patchSpec({ paused: true })
      machine.run(20 * SECOND)
      machine.say('the plugin promotes: the status arrives first')
      machine.patchStatus({ pauseConditions: null })
      machine.run(5 * SECOND)
      machine.say('and then the spec')
      machine.patchSpec({ paused: false })
      machine.run(30 * SECOND)
    },
  },
]
