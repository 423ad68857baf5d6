/** Stories of waiting too long: pods that flap, pods that nobody may make, people who do not answer, and delays that are no lack of progress. */
import { WAIT_ACTION, WAIT_DEADLINE } from '../../../controller/api/labels.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { blueGreenRollout, rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, currentRun, gate, judged, type Scenario, SECOND } from './scenario.ts'

const steps = [{ setWeight: 40 }, { pause: {} }]
const timed: MachineOptions = {
  rollout: rollout({ replicas: 3, steps, spec: { progressDeadlineSeconds: 60, progressDeadlineAbort: true } }),
}

/** One of two canary pods becomes ready and falls back, again and again; both are never ready together. */
function flap(machine: Machine): void {
  machine.run(40 * SECOND)
  machine.say('a new image is committed; one pod at a time becomes ready and falls back')
  machine.setImage('shop:2')
  machine.pass()
  machine.breakPods(machine.status().currentPodHash ?? '')
  machine.settle()
  for (let round = 0; round < 5; round++) {
    machine.healOne()
    machine.run(10 * SECOND)
    machine.failPods(machine.status().currentPodHash ?? '', 1)
    machine.run(10 * SECOND)
  }
}

const patient = (annotations: Readonly<Record<string, string>>, base: Rollout): Rollout => ({
  ...base,
  metadata: { ...base.metadata, annotations },
})

function tellConditions(machine: Machine, ...types: readonly string[]): void {
  for (const type of types) {
    const found = machine.status().conditions?.find((condition) => condition.type === type)
    machine.say(found ? `condition ${type}=${found.status} ${found.reason}: ${found.message}` : `no condition ${type}`)
  }
}

export const deadlineScenarios: readonly Scenario[] = [
  {
    name: 'flapping-readiness',
    options: { ...timed, rollout: rollout({ ...shape(), replicas: 5 }) },
    play: flap,
  },
  {
    name: 'flapping-readiness-in-argo-compat',
    options: { ...timed, rollout: rollout({ ...shape(), replicas: 5 }), compat: 'argo' },
    play: flap,
  },
  {
    name: 'quota-refuses-pods',
    options: timed,
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('the namespace has room for three pods; a new image is committed')
      machine.setQuota(3)
      machine.setImage('shop:2')
      machine.run(30 * SECOND)
      tellConditions(machine, 'ReplicaFailure', 'Progressing')
      machine.say('nobody lifts the quota in time')
      machine.run(40 * SECOND)
      machine.say('the quota is lifted, somebody retries')
      machine.setQuota(undefined)
      machine.patchStatus({ abort: false })
      machine.run(20 * SECOND)
      tellConditions(machine, 'ReplicaFailure', 'Progressing')
    },
  },
  {
    name: 'scale-down-delay-beyond-the-deadline',
    options: {
      rollout: rollout({
        replicas: 3,
        steps: [{ setWeight: 40 }],
        canary: { scaleDownDelaySeconds: 300 },
        spec: { progressDeadlineSeconds: 60, progressDeadlineAbort: true },
      }),
    },
    play(machine) {
      begin(machine, 30)
      machine.say('promoted; the old pods stay for five minutes, the deadline is one')
      tellConditions(machine, 'Progressing', 'Healthy', 'Completed')
      machine.run(400 * SECOND)
      tellConditions(machine, 'Progressing', 'Healthy')
    },
  },
  {
    name: 'pods-lost-long-after-completion',
    options: timed,
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('an hour later two pods are lost for longer than the deadline')
      machine.run(3_600 * SECOND)
      machine.failPods(machine.status().currentPodHash ?? '', 2)
      machine.run(90 * SECOND)
      tellConditions(machine, 'Progressing')
      machine.say('and come back')
      machine.heal()
      machine.run(20 * SECOND)
      tellConditions(machine, 'Progressing')
    },
  },
  {
    name: 'wait-deadline-aborts',
    options: { rollout: patient({ [WAIT_DEADLINE]: '2h' }, rollout({ replicas: 3, steps })) },
    play(machine) {
      begin(machine, 30)
      machine.say('nobody promotes')
      machine.run(3 * 3_600 * SECOND)
    },
  },
  {
    name: 'wait-deadline-promotes',
    options: {
      rollout: patient({ [WAIT_DEADLINE]: '2h', [WAIT_ACTION]: 'promote' }, rollout({ replicas: 3, steps })),
    },
    play(machine) {
      begin(machine, 30)
      machine.say('nobody promotes')
      machine.run(3 * 3_600 * SECOND)
    },
  },
  {
    name: 'wait-deadline-passes-no-missing-verdict',
    options: {
      rollout: patient({ [WAIT_DEADLINE]: '2h', [WAIT_ACTION]: 'promote' }, rollout({ replicas: 3, steps: judged })),
      templates: [gate],
    },
    play(machine) {
      begin(machine, 10)
      machine.say('the analysis has no data, and nobody looks at it')
      machine.endRun(currentRun(machine), 'Inconclusive', 'NoData: no traffic')
      machine.run(5 * 3_600 * SECOND)
      machine.say('five hours later')
      tellConditions(machine, 'Paused')
    },
  },
  {
    name: 'wait-deadline-aborts-a-blue-green',
    options: { rollout: patient({ [WAIT_DEADLINE]: '2h' }, blueGreenRollout({ autoPromotionEnabled: false })) },
    play(machine) {
      begin(machine, 30)
      machine.say('nobody promotes')
      machine.run(3 * 3_600 * SECOND)
    },
  },
  {
    name: 'paused-blue-green-outlives-the-deadline',
    options: { rollout: hasty(blueGreenRollout({ autoPromotionEnabled: false })) },
    play(machine) {
      begin(machine, 30)
      machine.say('nobody promotes for ten hours; the deadline is a minute')
      machine.run(10 * 3_600 * SECOND)
      tellConditions(machine, 'Progressing', 'Paused')
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(120 * SECOND)
    },
  },
  {
    name: 'wait-deadline-ends-an-analysis',
    options: {
      rollout: patient({ [WAIT_DEADLINE]: '30m' }, rollout({ replicas: 3, steps: judged })),
      templates: [gate],
    },
    play(machine) {
      begin(machine, 10)
      machine.say('the analysis is measured and measured')
      machine.run(3_600 * SECOND)
    },
  },
  {
    name: 'analysis-that-nobody-measures',
    options: {
      rollout: rollout({ replicas: 3, steps: judged, spec: { progressDeadlineSeconds: 60 } }),
      templates: [gate],
      unmeasured: true,
    },
    play(machine) {
      begin(machine, 10)
      machine.say('the analysis controller is down')
      machine.run(120 * SECOND)
      tellConditions(machine, 'Progressing')
      machine.say('it is up again')
      machine.endRun(currentRun(machine), 'Successful')
      machine.run(30 * SECOND)
    },
  },
]

function hasty(base: Rollout): Rollout {
  return { ...base, spec: { ...base.spec, progressDeadlineSeconds: 60, progressDeadlineAbort: true } }
}

function shape() {
  return { steps, spec: { progressDeadlineSeconds: 60, progressDeadlineAbort: true } }
}
