/** Stories of the canary's step `experiment`: what its Experiment's end means for the release. The Experiment itself is played. */
import type { Experiment } from '../../../controller/api/experiment.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, gate, type Scenario, SECOND } from './scenario.ts'

const step = {
  experiment: {
    duration: '10m',
    templates: [
      { name: 'baseline', specRef: 'stable', metadata: { labels: { role: 'baseline' } } },
      { name: 'canary', specRef: 'canary', replicas: 2 },
    ],
    analyses: [
      {
        name: 'errors',
        templateName: 'gate',
        requiredForCompletion: true,
        args: [
          { name: 'stable', valueFrom: { podTemplateHashValue: 'Stable' as const } },
          { name: 'canary', value: '{{templates.canary.podTemplateHash}}' },
        ],
      },
    ],
  },
}
const options: MachineOptions = {
  rollout: rollout({ replicas: 3, routed: false, steps: [step, { setWeight: 50 }, { pause: {} }] }),
  templates: [gate],
}

const podWithPort = (image: string) => ({
  metadata: { labels: { app: 'shop' } },
  spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }] },
})
const weighted: MachineOptions = {
  rollout: rollout({
    replicas: 3,
    spec: { template: podWithPort('shop:1') },
    steps: [
      { setWeight: 10 },
      {
        experiment: {
          duration: '10m',
          templates: [
            { name: 'baseline', specRef: 'stable', weight: 5 },
            { name: 'canary', specRef: 'canary', weight: 5 },
          ],
        },
      },
      { setWeight: 50 },
      { pause: {} },
    ],
  }),
}
const templateStatus = (experiment: string, name: string) => ({
  name,
  status: 'Running',
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
  serviceName: `${experiment}-${name}`,
  podTemplateHash: name,
})

const newest = (machine: Machine): Experiment => {
  const experiment = machine.experiments().at(-1)
  if (!experiment) throw new Error('there is no Experiment')
  return experiment
}
const end = (machine: Machine, phase: string, message?: string): void =>
  machine.setExperiment(newest(machine).metadata.name, { phase, ...(message === undefined ? {} : { message }) })

export const experimentStepScenarios: readonly Scenario[] = [
  {
    name: 'step-experiment-passes',
    options,
    play(machine) {
      begin(machine)
      machine.say('the Experiment is Successful')
      end(machine, 'Successful', 'Required AnalysisRuns completed')
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'step-experiment-fails',
    options,
    play(machine) {
      begin(machine)
      machine.say('the Experiment fails')
      end(machine, 'Failed', "Template 'canary' exceeded its progressDeadlineSeconds (600)")
      machine.run(20 * SECOND)
      machine.say('somebody retries: the former Experiment does not count')
      machine.patchStatus({ abort: false })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'step-experiment-inconclusive',
    options,
    play(machine) {
      begin(machine)
      machine.say('the Experiment has no verdict')
      end(machine, 'Inconclusive', 'NoData: Metric "errors" assessed Inconclusive')
      machine.run(20 * SECOND)
      machine.say('somebody resumes: another Experiment is asked')
      machine.patchStatus({ pauseConditions: null })
      machine.run(20 * SECOND)
      machine.say('it has no verdict either; somebody promotes past the step')
      end(machine, 'Inconclusive', 'NoData: Metric "errors" assessed Inconclusive')
      machine.run(5 * SECOND)
      machine.patchStatus({ pauseConditions: null, controllerPause: false, currentStepIndex: 1 })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'step-experiment-weighted',
    options: weighted,
    play(machine) {
      machine.say('first deploy')
      machine.run(40 * SECOND)
      machine.say('a new image is committed')
      machine.patchSpec({ template: podWithPort('shop:2') })
      machine.run(20 * SECOND)
      const { name } = newest(machine).metadata
      const templateStatuses = [templateStatus(name, 'baseline'), templateStatus(name, 'canary')]
      machine.say('the pods of the Experiment are there')
      machine.setExperiment(name, { phase: 'Running', templateStatuses })
      machine.run(20 * SECOND)
      machine.say('one of them is lost')
      machine.setExperiment(name, { phase: 'Pending', templateStatuses })
      machine.run(5 * SECOND)
      machine.say('and there again')
      machine.setExperiment(name, { phase: 'Running', templateStatuses })
      machine.run(5 * SECOND)
      machine.say('the Experiment is Successful')
      machine.setExperiment(name, { phase: 'Successful', templateStatuses })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'step-experiment-aborted',
    options,
    play(machine) {
      begin(machine)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'step-experiment-superseded',
    options,
    play(machine) {
      begin(machine)
      machine.say('another image is committed')
      machine.setImage('shop:3')
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'step-experiment-promoted-fully',
    options,
    play(machine) {
      begin(machine)
      machine.say('somebody promotes fully')
      machine.patchStatus({ promoteFull: true })
      machine.run(20 * SECOND)
    },
  },
]
