/** Stories of two Services that exchange their parts at every promotion. */
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
          pingPong: { pingService: 'ping', pongService: 'pong' },
          trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } },
        },
      },
    },
  }),
}

export const pingPongScenarios: readonly Scenario[] = [
  {
    name: 'ping-pong-update',
    options,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody promotes: the parts change hands, the old pods keep their Service until they go')
      machine.patchStatus({ pauseConditions: null })
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'ping-pong-second-update',
    options,
    play(machine) {
      begin(machine, 30)
      machine.patchStatus({ pauseConditions: null })
      machine.run(10 * SECOND)
      machine.say('a third version is committed while the first still has its pods')
      machine.setImage('shop:3')
      machine.run(30 * SECOND)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'ping-pong-abort',
    options,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(90 * SECOND)
      machine.say('somebody retries')
      machine.patchStatus({ abort: false })
      machine.run(30 * SECOND)
    },
  },
]
