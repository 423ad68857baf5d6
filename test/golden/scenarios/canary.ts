/** Stories of the canary strategy: steps, pauses, aborts, alerts, analyses, with and without a router. */
import { ABORT_REQUESTS } from '../../../controller/api/abort-request.ts'
import { rollout } from '../../builders/rollout.ts'
import type { MachineOptions } from '../world-machine.ts'
import { alert, begin, currentRun, gate, judged, type Scenario, SECOND, stages } from './scenario.ts'

const routed: MachineOptions = { rollout: rollout({ steps: stages }) }
const analysed: MachineOptions = { rollout: rollout({ steps: judged }), templates: [gate] }
const unrouted: MachineOptions = { rollout: rollout({ steps: stages, routed: false }) }

export const canaryScenarios: readonly Scenario[] = [
  {
    name: 'promote',
    options: routed,
    play(machine) {
      begin(machine, 60)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'abort-by-hand-then-retry',
    options: routed,
    play(machine) {
      begin(machine, 60)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
      machine.say('somebody retries')
      machine.patchStatus({ abort: false })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'abort-by-alert',
    options: routed,
    play(machine) {
      begin(machine, 60)
      machine.say('an alert fires for the canary, and is told twice')
      machine.annotate({ [ABORT_REQUESTS]: JSON.stringify([alert(machine, 'abort')]) })
      machine.run(40 * SECOND)
      machine.say('somebody retries; the alert that is on record does not abort again')
      machine.patchStatus({ abort: false })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'pause-by-alert',
    options: routed,
    play(machine) {
      begin(machine, 10)
      machine.say('an alert fires that names no revision, and the policy is to pause')
      machine.annotate({ [ABORT_REQUESTS]: JSON.stringify([alert(machine, 'pause')]) })
      machine.run(40 * SECOND)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'abort-of-nothing',
    options: routed,
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('somebody aborts a Rollout that is not updating')
      machine.patchStatus({ abort: true })
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'promote-full',
    options: routed,
    play(machine) {
      begin(machine, 10)
      machine.say('somebody promotes fully')
      machine.patchStatus({ promoteFull: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'abort-wins-over-promote-full',
    options: routed,
    play(machine) {
      begin(machine, 10)
      machine.say('promote --full and abort arrive together')
      machine.patchStatus({ promoteFull: true, abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'superseded-with-traffic',
    options: routed,
    play(machine) {
      begin(machine, 60)
      machine.say('a third version is committed while the second has half of the traffic')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'superseded-while-promoting',
    options: routed,
    play(machine) {
      begin(machine, 60)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      for (let passes = 0; passes < 40 && machine.status().stableRS !== machine.status().currentPodHash; passes++)
        machine.tick()
      machine.say('a third version is committed')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'undo-in-mid-flight',
    options: routed,
    play(machine) {
      begin(machine, 60)
      machine.say('Git goes back to the first version')
      machine.setImage('shop:1')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'analysis-passes',
    options: analysed,
    play(machine) {
      begin(machine, 10)
      machine.say('the analysis is Successful')
      machine.endRun(currentRun(machine), 'Successful')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'analysis-fails',
    options: analysed,
    play(machine) {
      begin(machine, 10)
      machine.say('the analysis is Failed')
      machine.endRun(
        currentRun(machine),
        'Failed',
        'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)',
      )
      machine.run(60 * SECOND)
      machine.say('somebody retries: a fresh run is asked')
      machine.patchStatus({ abort: false })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'analysis-inconclusive',
    options: analysed,
    play(machine) {
      begin(machine, 10)
      machine.say('the analysis has no data')
      machine.endRun(currentRun(machine), 'Inconclusive', 'NoData: no traffic')
      machine.run(20 * SECOND)
      machine.say('somebody resumes: a fresh run is asked')
      machine.patchStatus({ pauseConditions: null })
      machine.run(20 * SECOND)
      machine.say('again no data; somebody promotes past it')
      machine.endRun(currentRun(machine), 'Inconclusive', 'NoData: no traffic')
      machine.run(5 * SECOND)
      machine.patchStatus({ pauseConditions: null, controllerPause: false, currentStepIndex: 2 })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'background-analysis-fails',
    options: {
      rollout: rollout({
        steps: stages,
        canary: { analysis: { templates: [{ templateName: 'gate' }], startingStep: 1 } },
      }),
      templates: [gate],
    },
    play(machine) {
      begin(machine, 20)
      machine.say('the background analysis is Failed')
      machine.endRun(
        currentRun(machine),
        'Failed',
        'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)',
      )
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'deadline-passes',
    options: {
      rollout: rollout({ steps: stages, spec: { progressDeadlineSeconds: 60, progressDeadlineAbort: true } }),
    },
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('the pods of the new image never become ready')
      machine.setImage('shop:2')
      machine.pass()
      machine.breakPods(machine.status().currentPodHash ?? '')
      machine.run(120 * SECOND)
    },
  },
  {
    name: 'deadline-passes-without-abort',
    options: { rollout: rollout({ steps: stages, spec: { progressDeadlineSeconds: 60 } }) },
    play(machine) {
      machine.run(40 * SECOND)
      machine.setImage('shop:2')
      machine.pass()
      machine.breakPods(machine.status().currentPodHash ?? '')
      machine.run(120 * SECOND)
      machine.say('the next version is good')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'canary-scale',
    options: {
      rollout: rollout({
        steps: [
          { setCanaryScale: { replicas: 3 } },
          { setWeight: 10 },
          { pause: { duration: 10 } },
          { setCanaryScale: { matchTrafficWeight: true } },
          { pause: { duration: 10 } },
        ],
      }),
    },
    play(machine) {
      begin(machine, 60)
    },
  },
  {
    name: 'spec-paused',
    options: routed,
    play(machine) {
      begin(machine, 10)
      machine.say('spec.paused is set; a promote passes the pause that it was meant for, and nothing else moves')
      machine.patchSpec({ paused: true })
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
      machine.say('an abort is obeyed all the same')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'scaled-in-mid-flight',
    options: routed,
    play(machine) {
      begin(machine, 60)
      machine.say('an autoscaler wants ten pods')
      machine.patchSpec({ replicas: 10 })
      machine.run(20 * SECOND)
      machine.say('and then four')
      machine.patchSpec({ replicas: 4 })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'foreign-weight',
    options: routed,
    play(machine) {
      begin(machine, 10)
      machine.say('somebody edits the route')
      machine.setRoute(90)
      machine.run(5 * SECOND)
    },
  },
  {
    name: 'stable-deleted',
    options: routed,
    play(machine) {
      begin(machine, 10)
      machine.say('somebody deletes the stable ReplicaSet')
      const stable = machine
        .world()
        .replicaSets.find((rs) => rs.metadata.labels?.['rollouts-pod-template-hash'] === machine.status().stableRS)
      machine.loseReplicaSet(stable?.metadata.name ?? '')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'no-steps',
    options: { rollout: rollout({ steps: [] }) },
    play(machine) {
      begin(machine, 60)
    },
  },
  {
    name: 'unrouted-promote',
    options: unrouted,
    play(machine) {
      begin(machine, 60)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'broken-stable-rolled-forward',
    options: unrouted,
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('every pod of the stable revision fails; a new image repairs it')
      machine.failPods(machine.status().stableRS ?? '', 5)
      machine.setImage('shop:2')
      machine.run(120 * SECOND)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'broken-stable-rolled-forward-with-a-router',
    options: routed,
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('every pod of the stable revision fails; a new image repairs it')
      machine.failPods(machine.status().stableRS ?? '', 5)
      machine.setImage('shop:2')
      machine.run(120 * SECOND)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(120 * SECOND)
    },
  },
  {
    name: 'unrouted-abort',
    options: unrouted,
    play(machine) {
      begin(machine, 60)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'unrouted-superseded',
    options: unrouted,
    play(machine) {
      begin(machine, 60)
      machine.say('a third version is committed')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'invalid-then-repaired',
    options: routed,
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('a weight of 150 is committed')
      const canary = routed.rollout.spec.strategy?.canary
      machine.patchSpec({ strategy: { canary: { ...canary, steps: [{ setWeight: 150 }] } } })
      machine.run(40 * SECOND)
      machine.say('and mended')
      machine.patchSpec({ strategy: { canary: { ...canary, steps: [{ setWeight: 15 }] } } })
      machine.run(40 * SECOND)
    },
  },
]
