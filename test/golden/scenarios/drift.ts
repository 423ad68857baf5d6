/** Somebody else writes the route: once, again and again, until an abort; and what is let go once an update has ended. */
import { rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND, stages } from './scenario.ts'

const ARGO_CD = 'argocd-controller'
const MINUTE = 60 * SECOND
const routed: MachineOptions = { rollout: rollout({ steps: stages }) }
const paused: MachineOptions = { rollout: rollout({ steps: [{ setWeight: 20 }, { pause: {} }] }) }

/** Every five seconds, as a controller does that syncs what it finds changed. */
function fight(machine: Machine, weight: number, times: number): void {
  for (let time = 0; time < times; time += 1) {
    machine.setRoute(weight, ARGO_CD)
    machine.run(5 * SECOND)
  }
}

export const driftScenarios: readonly Scenario[] = [
  {
    name: 'foreign-weight-fought',
    options: paused,
    play(machine) {
      begin(machine, 10)
      machine.say('Argo CD takes the weight back, again and again')
      fight(machine, 0, 6)
      machine.say('the first correction after a minute is undone too: the next one comes after two')
      machine.run(MINUTE)
      fight(machine, 0, 1)
      machine.run(2 * MINUTE)
      machine.say('somebody tells Argo CD to leave the weights alone')
      machine.run(5 * MINUTE)
    },
  },
  {
    name: 'foreign-weight-fought-then-abort',
    options: paused,
    play(machine) {
      begin(machine, 10)
      machine.say('somebody gives the canary more and more traffic')
      fight(machine, 90, 6)
      machine.say('an abort takes it back at once')
      machine.patchStatus({ abort: true })
      machine.pass()
      machine.say(
        'that is undone as well: the next correction waits, and as long as it does the canary keeps its pods and its Service',
      )
      machine.setRoute(90, ARGO_CD)
      machine.run(50 * SECOND)
      machine.say('the other gives up')
      machine.run(5 * MINUTE)
    },
  },
  {
    name: 'field-ownership',
    options: { ...routed, fieldManagers: true },
    play(machine) {
      begin(machine, 10)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
      machine.say('and tries again, to the end')
      machine.patchStatus({ abort: false })
      machine.run(60 * SECOND)
      machine.patchStatus({ pauseConditions: null })
      machine.run(90 * SECOND)
      machine.say('somebody edits the route while nothing is released')
      machine.setRoute(30)
      machine.run(90 * SECOND)
    },
  },
]
