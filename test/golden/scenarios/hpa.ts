/** Stories of autoscalers, which read and write the scale subresource beside us. */
import type { Rollout } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND } from './scenario.ts'

const routed: MachineOptions = { rollout: rollout({ replicas: 4, steps: [{ setWeight: 25 }, { pause: {} }] }) }

/** The load is as the autoscaler wants it: it writes what the scale subresource tells it. */
function autoscale(machine: Machine): void {
  for (let round = 0; round < 3; round++) {
    const told = machine.status().HPAReplicas ?? 0
    const asked = machine.world().rollout.spec.replicas ?? 1
    machine.say(
      `the autoscaler is told of ${told} pods${told === asked ? ' and changes nothing' : ` and asks for as many`}`,
    )
    if (told !== asked) machine.patchSpec({ replicas: told })
    machine.run(15 * SECOND)
  }
}

export const hpaScenarios: readonly Scenario[] = [
  {
    name: 'hpa-adopts-status',
    options: routed,
    play(machine) {
      begin(machine, 30)
      autoscale(machine)
    },
  },
  {
    name: 'hpa-adopts-status-in-argo-compat',
    options: { ...routed, compat: 'argo' },
    play(machine) {
      begin(machine, 30)
      autoscale(machine)
    },
  },
  {
    name: 'replicas-are-written-down',
    options: { rollout: withoutReplicas(rollout({ steps: [] })) },
    play(machine) {
      machine.say('a Rollout that does not say how many pods it wants')
      machine.run(20 * SECOND)
    },
  },
]

function withoutReplicas(one: Rollout): Rollout {
  const { replicas: _replicas, ...spec } = one.spec
  return { ...one, spec }
}
