/** Stories of the analysis in the background: how far it goes with an update, and what becomes of the update when it has no verdict. */
import type { AnalysisTemplate } from '../../../controller/api/analysis.ts'
import type { CanaryStep } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, currentRun, gate, type Scenario, SECOND } from './scenario.ts'

const statistical: AnalysisTemplate = {
  metadata: { name: 'gate', namespace: 'web' },
  spec: {
    metrics: [
      {
        name: 'errors',
        provider: { plugin: { 'penstock/gate': { gate: 'errorRate', canary: 'new', stable: 'old' } } },
      },
    ],
  },
}
const bakedAtLast = [
  ...[20, 50].flatMap((setWeight) => [{ setWeight }, { pause: { duration: 10 } }]),
  { setWeight: 100 },
]

const watched = (steps: readonly CanaryStep[], startingStep?: number): MachineOptions => ({
  rollout: rollout({
    steps,
    canary: {
      analysis: { templates: [{ templateName: 'gate' }], ...(startingStep === undefined ? {} : { startingStep }) },
    },
  }),
  templates: [gate],
})
const twoStages = [{ setWeight: 20 }, { pause: { duration: 10 } }]

export const backgroundScenarios: readonly Scenario[] = [
  {
    name: 'background-analysis-fails-at-the-last-shift',
    options: watched(twoStages),
    play(machine) {
      begin(machine, 17)
      machine.say(
        'all steps are complete, the last pods of the canary are on their way; the background analysis is Failed',
      )
      machine.endRun(
        currentRun(machine),
        'Failed',
        'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)',
      )
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'background-analysis-ends-with-the-promotion',
    options: watched(twoStages, 1),
    play(machine) {
      begin(machine, 60)
    },
  },
  {
    name: 'background-analysis-without-steps',
    options: watched([]),
    play(machine) {
      begin(machine, 40)
    },
  },
  {
    name: 'gates-in-the-background-are-told-each-stage',
    options: { ...watched([...bakedAtLast, { pause: { duration: 10 } }]), templates: [statistical] },
    play(machine) {
      begin(machine, 45)
    },
  },
  {
    name: 'gates-in-the-background-are-told-each-stage-without-a-router',
    options: {
      rollout: rollout({
        steps: bakedAtLast.slice(0, 4),
        routed: false,
        canary: { analysis: { templates: [{ templateName: 'gate' }] } },
      }),
      templates: [statistical],
    },
    play(machine) {
      begin(machine, 60)
    },
  },
  {
    name: 'gates-of-a-step-are-told-its-stage',
    options: {
      rollout: rollout({
        steps: [10, 10, 30].flatMap((setWeight) => [
          { setWeight },
          { analysis: { templates: [{ templateName: 'gate' }] } },
        ]),
      }),
      templates: [statistical],
    },
    play(machine) {
      begin(machine, 10)
      machine.say('the first analysis passes, and so does the second at the same weight')
      for (let done = 0; done < 2; done += 1) {
        machine.endRun(currentRun(machine), 'Successful')
        machine.run(10 * SECOND)
      }
      machine.say('the third fails')
      machine.endRun(
        currentRun(machine),
        'Failed',
        'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)',
      )
      machine.run(5 * SECOND)
    },
  },
  {
    name: 'background-analysis-inconclusive-stays-paused',
    options: watched(twoStages),
    play(machine) {
      begin(machine, 8)
      machine.say('the background analysis has no data, in the middle of a pause of ten seconds')
      machine.endRun(currentRun(machine), 'Inconclusive', 'NoData: no traffic')
      machine.say('the pause is over, and a quarter of an hour passes')
      machine.run(15 * 60 * SECOND)
      machine.say('somebody resumes: a fresh run is asked, and it is Inconclusive again')
      machine.patchStatus({ pauseConditions: null })
      machine.run(2 * SECOND)
      machine.endRun(currentRun(machine), 'Inconclusive', 'NoData: no traffic')
      machine.run(60 * SECOND)
      machine.say('somebody resumes once more')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'background-analysis-inconclusive-at-the-last-shift-in-argo-compat',
    options: { ...watched(twoStages), compat: 'argo' },
    play: haltAtTheLastShift,
  },
  {
    name: 'background-analysis-inconclusive-without-a-router',
    options: {
      rollout: rollout({
        steps: twoStages,
        routed: false,
        canary: { analysis: { templates: [{ templateName: 'gate' }] } },
      }),
      templates: [gate],
    },
    play: haltAtTheLastShift,
  },
]

/** All steps are complete, the last pods of the canary are on their way, and there is no verdict. */
function haltAtTheLastShift(machine: Machine): void {
  begin(machine, 17)
  machine.say('the background analysis has no data')
  machine.endRun(currentRun(machine), 'Inconclusive', 'NoData: no traffic')
  machine.run(60 * SECOND)
}
