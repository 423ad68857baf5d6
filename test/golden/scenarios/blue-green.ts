/** Stories of the blue-green strategy: preview, pause, evidence, cutover, ways back, and changes of strategy. */
import type { AnalysisPhase } from '../../../controller/api/analysis.ts'
import { REVISION } from '../../../controller/api/labels.ts'
import type { BlueGreenStrategy } from '../../../controller/api/rollout.ts'
import { conditionsOf, NEW, OLD, replicaSetOf, serviceOf, statusOf, templateOf } from '../../builders/left-by-argo.ts'
import { blueGreenRollout, rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, gate, type Scenario, SECOND } from './scenario.ts'

const analysis = { templates: [{ templateName: 'gate' }] }
const FAILURE = 'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)'

const options = (
  strategy: Partial<BlueGreenStrategy> = {},
  spec: Parameters<typeof blueGreenRollout>[1] = {},
): MachineOptions => ({
  rollout: blueGreenRollout(strategy, spec),
  templates: [gate],
})

const manual = options({ autoPromotionEnabled: false })
const judgedBefore = options({ prePromotionAnalysis: analysis })
const judgedAfter = options({ postPromotionAnalysis: analysis })

function end(machine: Machine, phase: AnalysisPhase, message?: string): void {
  for (const run of machine.world().analysisRuns)
    if (run.status?.phase === 'Running') machine.endRun(run.metadata.name, phase, message)
}

const promote = (machine: Machine): void => machine.patchStatus({ pauseConditions: null })

/** As Argo Rollouts leaves an update that waits for somebody's word; it writes no step hash for blue-green. */
function leftAtPause(): MachineOptions {
  const base = blueGreenRollout({ autoPromotionEnabled: false })
  const metadata = { ...base.metadata, generation: 7, annotations: { [REVISION]: '2' } }
  const { currentStepHash: _none, ...status } = statusOf(base, {
    HPAReplicas: 5,
    availableReplicas: 5,
    blueGreen: { activeSelector: OLD, previewSelector: NEW },
    conditions: conditionsOf.paused,
    controllerPause: true,
    message: 'BlueGreenPause',
    observedGeneration: '7',
    pauseConditions: [{ reason: 'BlueGreenPause', startTime: '2025-12-31T23:59:50Z' }],
    phase: 'Paused',
    readyReplicas: 5,
    replicas: 10,
    selector: `app=shop,rollouts-pod-template-hash=${OLD}`,
    updatedReplicas: 5,
  })
  return {
    rollout: { ...base, metadata, spec: { ...base.spec, template: templateOf('shop:2') }, status },
    existing: {
      replicaSets: [
        replicaSetOf({ image: 'shop:1', replicas: 5, revision: 1, createdAt: '2025-12-31T12:00:00Z' }),
        replicaSetOf({ image: 'shop:2', replicas: 5, revision: 2 }),
      ],
      services: [serviceOf('active', OLD), serviceOf('preview', NEW)],
    },
  }
}

/** What people would feel: pods and selectors. */
const picture = (machine: Machine): string =>
  JSON.stringify([machine.sizes(), Object.values(machine.world().services).map(({ service }) => service.spec.selector)])

export const blueGreenScenarios: readonly Scenario[] = [
  {
    name: 'blue-green-first-deploy',
    options: options(),
    play(machine) {
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'blue-green-first-deploy-superseded',
    options: options({ scaleDownDelaySeconds: 10 }),
    play(machine) {
      machine.say('first deploy; before it is ready a new image is committed')
      machine.run(2 * SECOND)
      machine.setPodDelay(20 * SECOND)
      machine.setImage('shop:2')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-auto-promotion',
    options: options(),
    play(machine) {
      begin(machine, 60)
    },
  },
  {
    name: 'blue-green-manual-promotion',
    options: manual,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody promotes')
      promote(machine)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-auto-promotion-seconds',
    options: options({ autoPromotionSeconds: 20 }),
    play(machine) {
      begin(machine, 90)
    },
  },
  {
    name: 'blue-green-preview-count',
    options: options({ autoPromotionEnabled: false, previewReplicaCount: 2 }),
    play(machine) {
      begin(machine, 30)
      machine.say('somebody promotes')
      promote(machine)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-pre-analysis-passes',
    options: options({ prePromotionAnalysis: analysis, autoPromotionSeconds: 10 }),
    play(machine) {
      begin(machine, 20)
      machine.say('the analysis is Successful')
      end(machine, 'Successful')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-pre-analysis-fails',
    options: judgedBefore,
    play(machine) {
      begin(machine, 20)
      machine.say('the analysis is Failed')
      end(machine, 'Failed', FAILURE)
      machine.run(60 * SECOND)
      machine.say('somebody retries: a fresh run is asked')
      machine.patchStatus({ abort: false })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'blue-green-pre-analysis-inconclusive',
    options: judgedBefore,
    play(machine) {
      begin(machine, 20)
      machine.say('the analysis has no data')
      end(machine, 'Inconclusive', 'NoData: no traffic')
      machine.run(20 * SECOND)
      machine.say('somebody resumes: a fresh run is asked, and passes')
      promote(machine)
      machine.run(5 * SECOND)
      end(machine, 'Successful')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-post-analysis-passes',
    options: { ...judgedAfter, endpointDelayMs: 3 * SECOND },
    play(machine) {
      begin(machine, 20)
      machine.say('the analysis is Successful')
      end(machine, 'Successful')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-post-analysis-fails',
    options: judgedAfter,
    play(machine) {
      begin(machine, 20)
      machine.say('the analysis is Failed: users go back at once')
      end(machine, 'Failed', FAILURE)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-post-analysis-inconclusive',
    options: judgedAfter,
    play(machine) {
      begin(machine, 20)
      machine.say('the analysis has no data')
      end(machine, 'Inconclusive', 'NoData: no traffic')
      machine.run(60 * SECOND)
      machine.say('somebody has seen enough and aborts')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-abort-in-preview-then-retry',
    options: manual,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
      machine.say('somebody retries')
      machine.patchStatus({ abort: false })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'blue-green-abort-after-cutover',
    options: options({ postPromotionAnalysis: analysis, abortScaleDownDelaySeconds: 0 }),
    play(machine) {
      begin(machine, 20)
      machine.say('somebody aborts while the post-promotion analysis runs; delay 0 keeps the preview for ever')
      machine.patchStatus({ abort: true })
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'blue-green-promote-full',
    options: options({
      autoPromotionEnabled: false,
      previewReplicaCount: 1,
      prePromotionAnalysis: analysis,
      postPromotionAnalysis: analysis,
    }),
    play(machine) {
      begin(machine, 20)
      machine.say('somebody promotes fully')
      machine.patchStatus({ promoteFull: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-fast-rollback',
    options: options({ autoPromotionSeconds: 5, scaleDownDelaySeconds: 120, postPromotionAnalysis: analysis }),
    play(machine) {
      begin(machine, 20)
      end(machine, 'Successful')
      machine.run(20 * SECOND)
      machine.say('Git goes back to the first version while its pods are still there')
      machine.setImage('shop:1')
      machine.run(150 * SECOND)
    },
  },
  {
    name: 'blue-green-rollback-after-delay',
    options: manual,
    play(machine) {
      begin(machine, 20)
      promote(machine)
      machine.run(60 * SECOND)
      machine.say('Git goes back to the first version, whose pods are gone')
      machine.setImage('shop:1')
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'blue-green-rollback-within-window',
    options: options({ autoPromotionEnabled: false }, { spec: { rollbackWindow: { revisions: 1 } } }),
    play(machine) {
      begin(machine, 20)
      promote(machine)
      machine.run(60 * SECOND)
      machine.say('Git goes back to the first version, whose pods are gone, within the window')
      machine.setImage('shop:1')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-superseded-in-preview',
    options: manual,
    play(machine) {
      begin(machine, 30)
      machine.say('a third version is committed')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-superseded-after-cutover',
    options: judgedAfter,
    play(machine) {
      begin(machine, 20)
      machine.say('a third version is committed while users have the second, which has not proven itself')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-undo-after-cutover',
    options: judgedAfter,
    play(machine) {
      begin(machine, 20)
      machine.say('Git goes back to the first version')
      machine.setImage('shop:1')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-scaled-in-mid-flight',
    options: manual,
    play(machine) {
      begin(machine, 30)
      machine.say('an autoscaler wants eight pods, and somebody promotes while they come')
      machine.patchSpec({ replicas: 8 })
      machine.run(2 * SECOND)
      promote(machine)
      machine.run(20 * SECOND)
      machine.say('and then three')
      machine.patchSpec({ replicas: 3 })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-deadline-aborts',
    options: options({}, { spec: { progressDeadlineSeconds: 60, progressDeadlineAbort: true } }),
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('the pods of the new image never become ready')
      machine.setImage('shop:2')
      machine.pass()
      machine.breakPods(machine.status().currentPodHash ?? '')
      machine.run(150 * SECOND)
    },
  },
  {
    name: 'blue-green-spec-paused',
    options: options(),
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('a new image is committed with spec.paused')
      machine.patchSpec({ paused: true })
      machine.setImage('shop:2')
      machine.run(30 * SECOND)
      machine.say('spec.paused is lifted')
      machine.patchSpec({ paused: false })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-lagging-endpoints',
    options: { ...options(), endpointDelayMs: 12 * SECOND },
    play(machine) {
      begin(machine, 90)
    },
  },
  {
    name: 'blue-green-after-canary',
    options: { rollout: rollout({ steps: [{ setWeight: 40 }, { pause: {} }], routed: false }) },
    play(machine) {
      begin(machine, 30)
      machine.say('the strategy becomes blue-green in the middle of the update')
      machine.patchSpec({ strategy: { blueGreen: { activeService: 'active', autoPromotionEnabled: false } } })
      machine.run(60 * SECOND)
      machine.say('somebody promotes')
      promote(machine)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-then-canary',
    options: manual,
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('the strategy becomes canary without a router, and a new image comes with it')
      machine.patchSpec({ strategy: { canary: { steps: [{ setWeight: 40 }, { pause: {} }] } } })
      machine.setImage('shop:2')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'blue-green-then-routed-canary',
    options: manual,
    play(machine) {
      begin(machine, 30)
      machine.say('the strategy becomes canary with a router while the preview waits')
      const { strategy } = rollout({ steps: [{ setWeight: 40 }, { pause: {} }] }).spec
      if (strategy) machine.patchSpec({ strategy })
      machine.run(60 * SECOND)
      machine.say('somebody promotes')
      promote(machine)
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'blue-green-active-service-renamed',
    options: options(),
    play(machine) {
      machine.run(40 * SECOND)
      machine.say('another Service becomes the active one')
      machine.patchSpec({ strategy: { blueGreen: { activeService: 'public', previewService: 'preview' } } })
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'blue-green-superseded-after-cutover-in-argo-compat',
    options: { ...judgedAfter, compat: 'argo' },
    play(machine) {
      begin(machine, 20)
      machine.say('a third version is committed: users stay on the second until the third is ready')
      machine.setImage('shop:3')
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'blue-green-service-applied-again',
    options: manual,
    play(machine) {
      begin(machine, 20)
      machine.say(
        'somebody applies the manifest of the active Service, which names no revision, while the pods of the preview are there',
      )
      machine.unbind('active')
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'blue-green-rollback-from-broken-pods',
    options: options({ autoPromotionEnabled: false, scaleDownDelaySeconds: 300 }),
    play(machine) {
      begin(machine, 20)
      promote(machine)
      machine.run(20 * SECOND)
      machine.say('every pod of the new version fails: the clock of the former one stops')
      machine.failPods(machine.status().currentPodHash ?? '', 5)
      machine.run(20 * SECOND)
      machine.say('Git goes back to the first version')
      machine.setImage('shop:1')
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'blue-green-taken-over-at-pause',
    options: leftAtPause(),
    play(machine) {
      const before = picture(machine)
      machine.say('Argo Rollouts is stopped, Penstock started')
      machine.run(30 * SECOND)
      machine.say(`pods and selectors: ${picture(machine) === before ? 'as they were' : 'MOVED'}`)
      machine.say('somebody promotes')
      promote(machine)
      machine.run(60 * SECOND)
    },
  },
]
