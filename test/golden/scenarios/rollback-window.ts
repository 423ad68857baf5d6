/** Stories of going back within the rollback window: what is trusted, and what has to prove itself once more. */
import { rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, gate, judged, type Scenario, SECOND } from './scenario.ts'

const windowed: MachineOptions = {
  rollout: rollout({ steps: judged, spec: { rollbackWindow: { revisions: 2 } } }),
  templates: [gate],
}

function third(machine: Machine): void {
  machine.say('a third version is committed and promoted in full')
  machine.setImage('shop:3')
  machine.run(10 * SECOND)
  machine.patchStatus({ promoteFull: true })
  machine.run(60 * SECOND)
}

function backToSecond(machine: Machine): void {
  machine.say('Git goes back to the second version')
  machine.setImage('shop:2')
  machine.run(60 * SECOND)
}

function abortSecond(machine: Machine): void {
  begin(machine, 10)
  machine.say('somebody aborts the second version')
  machine.patchStatus({ abort: true })
  machine.run(60 * SECOND)
}

export const rollbackWindowScenarios: readonly Scenario[] = [
  {
    name: 'rollback-within-window',
    options: windowed,
    play(machine) {
      begin(machine, 10)
      machine.say('somebody promotes the second version in full')
      machine.patchStatus({ promoteFull: true })
      machine.run(60 * SECOND)
      third(machine)
      backToSecond(machine)
    },
  },
  {
    name: 'rollback-to-a-revision-that-was-never-promoted',
    options: windowed,
    play(machine) {
      abortSecond(machine)
      third(machine)
      backToSecond(machine)
    },
  },
  {
    name: 'rollback-to-a-revision-that-was-never-promoted-in-argo-compat',
    options: { ...windowed, compat: 'argo' },
    play(machine) {
      abortSecond(machine)
      third(machine)
      backToSecond(machine)
    },
  },
]
