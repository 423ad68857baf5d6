/** Golden scenarios of restarts: at rest, refused by a budget, in the middle of an update, of the only pod. */
import { formatInstant } from '../../../controller/api/scalars.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine } from '../world-machine.ts'
import { type Scenario, SECOND, stages } from './scenario.ts'

function restart(machine: Machine, inSeconds = 0): void {
  machine.patchSpec({ restartAt: formatInstant(machine.now() + inSeconds * SECOND) })
}

function deploy(machine: Machine): void {
  machine.say('first deploy')
  machine.run(40 * SECOND)
}

export const restartScenarios: readonly Scenario[] = [
  {
    name: 'restart-at-rest',
    options: { rollout: rollout({ replicas: 4, routed: false }) },
    play(machine) {
      deploy(machine)
      machine.say('restart: one pod at a time, as maxUnavailable of 25 % says')
      restart(machine)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'restart-scheduled',
    options: { rollout: rollout({ replicas: 2, routed: false, canary: { maxUnavailable: 1 } }) },
    play(machine) {
      deploy(machine)
      machine.say('restart in 30 s; before that a new image comes, and does not cancel it')
      restart(machine, 30)
      machine.setImage('shop:2')
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'restart-refused-by-budget',
    options: { rollout: rollout({ replicas: 4, routed: false }), minAvailable: 4 },
    play(machine) {
      deploy(machine)
      machine.say('restart; a PodDisruptionBudget allows no disruption')
      restart(machine)
      machine.run(70 * SECOND)
      machine.say('the budget is relaxed: seen within 30 s')
      machine.setMinAvailable(3)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'restart-mid-canary',
    options: { rollout: rollout({ replicas: 5, steps: stages }) },
    play(machine) {
      deploy(machine)
      machine.setImage('shop:2')
      machine.run(80 * SECOND)
      machine.say('restart while the canary waits at 50: stable first, then the canary, weights untouched')
      restart(machine)
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'restart-only-canary-pod',
    options: { rollout: rollout({ replicas: 5, steps: [{ setWeight: 20 }, { pause: {} }] }) },
    play(machine) {
      deploy(machine)
      machine.setImage('shop:2')
      machine.run(30 * SECOND)
      machine.say('restart while one canary pod carries 20 %: it gets company before it goes')
      restart(machine)
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'restart-mid-canary-without-router',
    options: {
      rollout: rollout({ replicas: 2, routed: false, steps: [{ setWeight: 50 }, { pause: { duration: 40 } }] }),
    },
    play(machine) {
      deploy(machine)
      machine.setImage('shop:2')
      machine.run(20 * SECOND)
      machine.say('restart at 1 of 2 pods, maxUnavailable 0: one pod more while they are replaced')
      restart(machine)
      machine.run(120 * SECOND)
    },
  },
  {
    name: 'restart-of-one',
    options: { rollout: rollout({ replicas: 1, routed: false }) },
    play(machine) {
      deploy(machine)
      machine.say('restart of the only pod: another one is there before it goes')
      restart(machine)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'restart-of-one-in-argo-compat',
    options: { rollout: rollout({ replicas: 1, routed: false }), compat: 'argo' },
    play(machine) {
      deploy(machine)
      machine.say('restart of the only pod: it goes at once')
      restart(machine)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'restart-of-broken-pods',
    options: { rollout: rollout({ replicas: 4, routed: false }) },
    play(machine) {
      deploy(machine)
      machine.say('three pods fail for good; a restart begins with them, since they cost nothing')
      machine.failPods(machine.status().stableRS ?? '', 3)
      machine.run(10 * SECOND)
      restart(machine)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'restart-overtaken-by-an-abort',
    options: { rollout: rollout({ replicas: 5, steps: stages }) },
    play(machine) {
      deploy(machine)
      machine.setImage('shop:2')
      machine.run(80 * SECOND)
      machine.say('restart and abort at once: traffic goes back first')
      restart(machine)
      machine.patchStatus({ abort: true })
      machine.run(120 * SECOND)
    },
  },
]
