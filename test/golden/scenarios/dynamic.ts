/** Stories of a stable revision that has only the pods that its traffic needs: every way there, and every way back. */
import type { CanaryStep, CanaryStrategy } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND } from './scenario.ts'

const steps: readonly CanaryStep[] = [{ setWeight: 25 }, { pause: {} }, { setWeight: 75 }, { pause: {} }]
const options = (canary: Partial<CanaryStrategy> = {}, replicas = 4): MachineOptions => ({
  rollout: rollout({ replicas, steps, canary: { dynamicStableScale: true, ...canary } }),
})

/** Second version at 75: three pods of it, one of the first. */
function reachThreeQuarters(machine: Machine): void {
  begin(machine, 20)
  machine.say('somebody promotes to 75')
  machine.patchStatus({ pauseConditions: null })
  machine.run(20 * SECOND)
}

export const dynamicScenarios: readonly Scenario[] = [
  {
    name: 'dynamic-promote',
    options: options(),
    play(machine) {
      reachThreeQuarters(machine)
      machine.say('somebody promotes to the end')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'dynamic-abort',
    options: options(),
    play(machine) {
      reachThreeQuarters(machine)
      machine.say('somebody aborts, and the one stable pod breaks while three others are on their way')
      machine.patchStatus({ abort: true })
      machine.pass()
      machine.run(4 * SECOND)
      machine.failPods(machine.status().stableRS ?? '', 1)
      machine.run(2 * SECOND)
      machine.say('it is mended')
      machine.heal()
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'dynamic-abort-with-delay',
    options: options({ abortScaleDownDelaySeconds: 20 }),
    play(machine) {
      reachThreeQuarters(machine)
      machine.say('somebody aborts: the pods stay for 20 s after the last request')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'dynamic-abort-keeps-canary',
    options: options({ abortScaleDownDelaySeconds: 0 }),
    play(machine) {
      reachThreeQuarters(machine)
      machine.say('somebody aborts a canary that is to stay')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
      machine.say('somebody retries')
      machine.patchStatus({ abort: false })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'dynamic-abort-broken-canary',
    options: options(),
    play(machine) {
      reachThreeQuarters(machine)
      machine.say('two of three canary pods break, and somebody aborts')
      machine.failPods(machine.status().currentPodHash ?? '', 2)
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'dynamic-undo',
    options: options(),
    play(machine) {
      reachThreeQuarters(machine)
      machine.say('Git goes back to the first version')
      machine.setImage('shop:1')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'dynamic-superseded',
    options: options(),
    play(machine) {
      reachThreeQuarters(machine)
      machine.say('a third version is committed: one stable pod cannot take everything')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'dynamic-scaled',
    options: options(),
    play(machine) {
      reachThreeQuarters(machine)
      machine.say('an autoscaler asks for 8')
      machine.patchSpec({ replicas: 8 })
      machine.run(20 * SECOND)
      machine.say('and for 4 again')
      machine.patchSpec({ replicas: 4 })
      machine.run(20 * SECOND)
      machine.say('somebody aborts, and in the middle of it the autoscaler asks for 6')
      machine.patchStatus({ abort: true })
      machine.pass()
      machine.patchSpec({ replicas: 6 })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'dynamic-all-weight',
    options: {
      rollout: rollout({
        replicas: 4,
        steps: [{ setWeight: 100 }, { pause: {} }],
        canary: { dynamicStableScale: true, minPodsPerReplicaSet: 2 },
      }),
    },
    play(machine) {
      machine.say('stable is named by a Service as long as it can come back: its last pod stays')
      begin(machine, 30)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
]
