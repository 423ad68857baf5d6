/** Stories of the kind Experiment alone: how it ends, what it leaves behind, what is refused. */
import type { ExperimentSpec } from '../../../controller/api/experiment.ts'
import { experiment, template } from '../../builders/experiment.ts'
import type { ExperimentMachine, ExperimentMachineOptions } from '../experiment-machine.ts'
import { gate, SECOND } from './scenario.ts'

export interface ExperimentScenario {
  readonly name: string
  readonly options: ExperimentMachineOptions
  play(machine: ExperimentMachine): void
}

const withSpec = (spec: Partial<ExperimentSpec> = {}): ExperimentMachineOptions => ({
  experiment: experiment({ duration: '60s', ...spec }),
  templates: [gate],
})
const check = { name: 'errors', templateName: 'gate' }
const required = { ...check, requiredForCompletion: true }

export const experimentScenarios: readonly ExperimentScenario[] = [
  {
    name: 'experiment-succeeds-by-duration',
    options: withSpec(),
    play(machine) {
      machine.run(120 * SECOND)
    },
  },
  {
    name: 'experiment-completes-early',
    options: withSpec({ analyses: [required, { name: 'latency', templateName: 'gate' }] }),
    play(machine) {
      machine.run(20 * SECOND)
      machine.say('the required analysis passes')
      machine.endRun('trial-errors', 'Successful')
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'experiment-analysis-fails',
    options: withSpec({ analyses: [check], scaleDownDelaySeconds: 0 }),
    play(machine) {
      machine.run(20 * SECOND)
      machine.say('the analysis fails')
      machine.endRun('trial-errors', 'Failed', 'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)')
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'experiment-inconclusive',
    options: withSpec({ analyses: [required], scaleDownDelaySeconds: 0 }),
    play(machine) {
      machine.run(20 * SECOND)
      machine.say('the analysis ends without a verdict')
      machine.endRun('trial-errors', 'Inconclusive', 'NoData: Metric "errors" assessed Inconclusive')
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'experiment-sums-up',
    options: withSpec({ analyses: [check], scaleDownDelaySeconds: 0 }),
    play(machine) {
      machine.run(70 * SECOND)
      machine.say('the analysis, ended with the duration, had measured enough')
      machine.endRun('trial-errors', 'Successful')
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'experiment-argo-ends-without-evidence',
    options: { ...withSpec({ analyses: [check], scaleDownDelaySeconds: 0 }), compat: 'argo' },
    play(machine) {
      machine.run(70 * SECOND)
    },
  },
  {
    name: 'experiment-waits-for-required-analysis',
    options: withSpec({ analyses: [required] }),
    play(machine) {
      machine.run(110 * SECOND)
      machine.say('the required analysis passes after the pods have gone')
      machine.endRun('trial-errors', 'Successful')
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'experiment-deadline',
    options: withSpec({ progressDeadlineSeconds: 60, scaleDownDelaySeconds: 5 }),
    play(machine) {
      machine.say('the pods of one template never become ready')
      machine.breakPods('trial-canary')
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'experiment-pods-fail-while-running',
    options: withSpec({ duration: '600s', progressDeadlineSeconds: 60, analyses: [check] }),
    play(machine) {
      machine.run(20 * SECOND)
      machine.say('the pods of one template lose their readiness')
      machine.failPods('trial-canary')
      machine.run(70 * SECOND)
      machine.say('the run, which was ended, ends')
      machine.endRun('trial-errors', 'Inconclusive', 'Terminated: the run was terminated before it could be decided')
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'experiment-terminate',
    options: { experiment: experiment() },
    play(machine) {
      machine.run(20 * SECOND)
      machine.say('somebody ends the experiment, which has no duration')
      machine.patchSpec({ terminate: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'experiment-terminate-before-analysis',
    options: withSpec({ analyses: [check] }),
    play(machine) {
      machine.run(2 * SECOND)
      machine.say('somebody ends the experiment before its pods are there')
      machine.patchSpec({ terminate: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'experiment-retry',
    options: withSpec({ analyses: [check], duration: '600s' }),
    play(machine) {
      machine.run(20 * SECOND)
      machine.endRun('trial-errors', 'Failed', 'too many errors')
      machine.run(10 * SECOND)
      machine.say('somebody retries; its pods are still there, the former run does not count')
      machine.clearStatus()
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'experiment-error-in-spec',
    options: {
      experiment: experiment({ templates: [template('canary'), template('canary'), template('')], duration: 'soon' }),
    },
    play(machine) {
      machine.run(20 * SECOND)
      machine.say('the spec is repaired')
      machine.patchSpec({ templates: [template('canary')], duration: '30s' })
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'experiment-template-missing',
    options: { experiment: experiment({ analyses: [check] }) },
    play(machine) {
      machine.run(20 * SECOND)
      machine.say('the AnalysisTemplate arrives')
      machine.addTemplate(gate)
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'experiment-replica-set-refused',
    options: {
      ...withSpec(),
      refuses: { do: 'createReplicaSet', message: 'Failed to create ReplicaSet: exceeded quota' },
    },
    play(machine) {
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'experiment-services',
    options: withSpec({
      templates: [template('baseline', { service: {} }), template('canary', { service: { name: 'trial-preview' } })],
      scaleDownDelaySeconds: 10,
    }),
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('the Rollout sends traffic to one of them')
      machine.routeTo(['trial-preview'])
      machine.run(50 * SECOND)
      machine.say('the Rollout has taken the traffic back')
      machine.routeTo([])
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'experiment-resized',
    options: withSpec({ duration: '600s' }),
    play(machine) {
      machine.run(20 * SECOND)
      machine.say('one template gets more pods, the other is left out')
      machine.patchSpec({ templates: [template('canary', { replicas: 3 })] })
      machine.run(60 * SECOND)
    },
  },
]
