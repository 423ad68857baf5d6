/** Stories of a router that tells the two parts apart by subsets of one Service: their identity moves as that of Services does. */
import { rollout } from '../../builders/rollout.ts'
import type { MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND } from './scenario.ts'

const options: MachineOptions = {
  rollout: rollout({
    replicas: 4,
    spec: {
      strategy: {
        canary: {
          steps: [{ setWeight: 25 }, { pause: {} }],
          trafficRouting: {
            istio: {
              virtualService: { name: 'shop' },
              destinationRule: { name: 'shop', canarySubsetName: 'canary', stableSubsetName: 'stable' },
            },
          },
        },
      },
    },
  }),
  confirmation: 'unknown',
}

export const subsetScenarios: readonly Scenario[] = [
  {
    name: 'subsets-update',
    options,
    play(machine) {
      begin(machine, 60)
      machine.say('somebody promotes: the stable subset is switched behind the canary, then the weight goes back to it')
      machine.patchStatus({ pauseConditions: null })
      machine.run(120 * SECOND)
    },
  },
  {
    name: 'subsets-abort',
    options,
    play(machine) {
      begin(machine, 60)
      machine.say('somebody aborts: the canary subset names the new pods until nothing can reach it any more')
      machine.patchStatus({ abort: true })
      machine.run(120 * SECOND)
      machine.say('somebody retries')
      machine.patchStatus({ abort: false })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'subsets-superseded',
    options,
    play(machine) {
      begin(machine, 60)
      machine.say('a third version is committed while the canary has traffic')
      machine.setImage('shop:3')
      machine.run(150 * SECOND)
    },
  },
]
