/** Stories of sizes, delays and routers that say little: what a routed canary does when things are not as they should be. */
import { PROPAGATION_SECONDS } from '../../../controller/api/labels.ts'
import type { CanaryStep, CanaryStrategy } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import type { MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND } from './scenario.ts'

const half: readonly CanaryStep[] = [{ setWeight: 50 }, { pause: {} }]
const options = (
  steps: readonly CanaryStep[],
  canary: Partial<CanaryStrategy> = {},
  rest: Partial<MachineOptions> = {},
): MachineOptions => ({ rollout: rollout({ replicas: 4, steps, canary }), ...rest })

const silent = rollout({ replicas: 4, steps: [{ setWeight: 75 }, { setWeight: 25 }, { pause: {} }] })

export const routedScenarios: readonly Scenario[] = [
  {
    name: 'route-gone-then-back',
    options: options(half),
    play(machine) {
      begin(machine, 20)
      machine.say('somebody deletes the route, and promotes')
      machine.removeRoute()
      machine.patchStatus({ pauseConditions: null })
      machine.run(40 * SECOND)
      machine.say('the route is back, as its manifest has it')
      machine.restoreRoute()
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'route-gone-then-abort',
    options: options(half),
    play(machine) {
      begin(machine, 20)
      machine.say('the route is deleted, and somebody aborts: the pods go once no gateway can know of it any more')
      machine.removeRoute()
      machine.patchStatus({ abort: true })
      machine.run(120 * SECOND)
    },
  },
  {
    name: 'unconfirmed-weight',
    options: {
      rollout: { ...silent, metadata: { ...silent.metadata, annotations: { [PROPAGATION_SECONDS]: '20' } } },
      confirmation: 'unknown',
    },
    play(machine) {
      machine.run(60 * SECOND)
      machine.say('a new image is committed; the router never says what it serves: steps go on, pods wait 20 s')
      machine.setImage('shop:2')
      machine.run(40 * SECOND)
      machine.say('somebody aborts')
      machine.patchStatus({ abort: true })
      machine.run(90 * SECOND)
    },
  },
  {
    name: 'unconfirmed-weight-in-argo-compat',
    options: { rollout: silent, confirmation: 'unknown', compat: 'argo' },
    play(machine) {
      machine.run(60 * SECOND)
      machine.say('a new image is committed; in compat a weight that nobody confirms counts at once')
      machine.setImage('shop:2')
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'first-deploy-superseded',
    options: options(half, { scaleDownDelaySeconds: 10 }),
    play(machine) {
      machine.say('first deploy: its pods come, but the controller is cut off before it can write that they are stable')
      machine.tick()
      machine.tick()
      machine.patchStatus({ stableRS: undefined })
      machine.say(
        'a new image is committed: the old pods serve until a Service is switched, their delay counts from then',
      )
      machine.setPodDelay(20 * SECOND)
      machine.setImage('shop:2')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'canary-scale-none',
    options: options([{ setCanaryScale: { replicas: 0 } }, { setWeight: 25 }, { pause: {} }]),
    play(machine) {
      machine.say('a weight on a canary that is to have no pods cannot be reached, and the deadline says so')
      begin(machine, 700)
    },
  },
  {
    name: 'canary-scale-none-in-argo-compat',
    options: options([{ setCanaryScale: { replicas: 0 } }, { setWeight: 25 }, { pause: {} }], {}, { compat: 'argo' }),
    play(machine) {
      machine.say('Argo passes such a step, without any traffic')
      begin(machine, 30)
    },
  },
  {
    name: 'canary-scale-taken-back',
    options: options([
      { setCanaryScale: { weight: 50 } },
      { setWeight: 25 },
      { pause: { duration: 10 } },
      { setCanaryScale: { matchTrafficWeight: true } },
      { pause: {} },
    ]),
    play(machine) {
      begin(machine, 40)
      machine.say('somebody aborts: setCanaryScale counts no more')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'min-pods',
    options: options([{ setWeight: 10 }, { pause: {} }], { minPodsPerReplicaSet: 2 }),
    play(machine) {
      begin(machine, 20)
    },
  },
  {
    name: 'progress-threshold',
    options: options(half, { replicaProgressThreshold: { type: 'Percent', value: 50 } }),
    play(machine) {
      begin(machine, 20)
      machine.say('somebody promotes, and half of the pods are slow: the other half is enough')
      machine.setPodDelay(40 * SECOND)
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'scale-down-delay-limit',
    options: options([], { scaleDownDelaySeconds: 300, scaleDownDelayRevisionLimit: 1 }),
    play(machine) {
      begin(machine, 30)
      machine.say('a third version: of two old ones only the newest keeps its pods')
      machine.setImage('shop:3')
      machine.run(30 * SECOND)
      machine.say('back to the second: its pods are still there')
      machine.setImage('shop:2')
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'sizes-edited-by-hand',
    options: options(half),
    play(machine) {
      begin(machine, 20)
      machine.say('somebody scales both ReplicaSets by hand')
      machine.resize(machine.status().currentPodHash ?? '', 4)
      machine.resize(machine.status().stableRS ?? '', 1)
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'service-claimed',
    options: options(half),
    play(machine) {
      begin(machine, 20)
      machine.say('another Rollout claims the canary Service, and somebody aborts')
      machine.claimService('canary', 'other')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
]
