/** Stories of canaries without a router that name Services all the same: neither of them is left without a pod. */
import type { CanaryStrategy } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import type { MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND } from './scenario.ts'

const half = [{ setWeight: 50 }, { pause: {} }]

const named = (canary: Partial<CanaryStrategy> = {}): MachineOptions => ({
  rollout: rollout({
    replicas: 4,
    steps: half,
    routed: false,
    canary: { stableService: 'stable', canaryService: 'canary', ...canary },
  }),
  endpointDelayMs: SECOND,
})

const promoteAtHalf: Scenario['play'] = (machine) => {
  begin(machine, 60)
  machine.say('somebody promotes')
  machine.patchStatus({ pauseConditions: null })
  machine.run(60 * SECOND)
}

export const unroutedServiceScenarios: readonly Scenario[] = [
  { name: 'unrouted-services', options: named(), play: promoteAtHalf },
  {
    name: 'unrouted-services-without-surge',
    options: named({ maxSurge: 0, maxUnavailable: 1 }),
    play: promoteAtHalf,
  },
  { name: 'unrouted-services-in-argo-compat', options: { ...named(), compat: 'argo' }, play: promoteAtHalf },
  {
    name: 'unrouted-services-aborted-at-full-weight',
    options: named({ steps: [{ setWeight: 100 }, { pause: {} }] }),
    play(machine) {
      begin(machine, 60)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'unrouted-services-superseded',
    options: named(),
    play(machine) {
      begin(machine, 60)
      machine.say('a third version is committed')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
]
