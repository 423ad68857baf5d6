/** Stories of header, colour and mirror routes: they follow from the steps, come back when they are lost, and never outlive the update. */
import { COLOR_STEP, type ColorStep } from '../../../controller/api/color-step.ts'
import type { CanaryStep } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import type { MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND } from './scenario.ts'

const trafficRouting = {
  managedRoutes: [{ name: 'beta' }, { name: 'shadow' }, { name: 'shard' }, { name: 'users' }, { name: 'region' }],
  plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } },
}
const beta = { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] }
const shadow = { name: 'shadow', match: [{ path: { prefix: '/' } }], percentage: 50 }
const options = (steps: readonly CanaryStep[]): MachineOptions => ({
  rollout: rollout({ steps, canary: { trafficRouting } }),
})
const byHeader = options([
  { setCanaryScale: { replicas: 1 } },
  { setHeaderRoute: beta },
  { pause: {} },
  { setHeaderRoute: { name: 'beta' } },
  { setCanaryScale: { matchTrafficWeight: true } },
  { setWeight: 40 },
  { pause: {} },
])

const color = (name: string, match?: ColorStep['match']): CanaryStep => ({
  plugin: { name: COLOR_STEP, config: { name, ...(match ? { match } : {}) } },
})
const users = [{ idRange: { header: 'x-user', modulo: 1000, from: 1, to: 50 } }]
const byColor = options([
  { setCanaryScale: { replicas: 1 } },
  color('users', users),
  { pause: {} },
  color('users'),
  { setCanaryScale: { matchTrafficWeight: true } },
  { setWeight: 40 },
  { pause: {} },
])
const widening = options([
  { setCanaryScale: { replicas: 1 } },
  color('users', users),
  { pause: {} },
  { setCanaryScale: { replicas: 5 } },
  color('users', [{ idRange: { header: 'x-user', modulo: 1000, from: 1, to: 900 } }]),
  { pause: {} },
])
/** One after the other and then all together: a header, users by id, a region that the edge names, an isolated shard by cookie. */
const layers = options([
  { setCanaryScale: { replicas: 1 } },
  color('users', users),
  { setHeaderRoute: beta },
  color('region', [{ headers: [{ name: 'x-region', value: { prefix: 'eu-' } }] }]),
  color('shard', [{ cookies: [{ name: 'shard', value: { exact: 'canary' } }] }]),
  { pause: {} },
  color('users', [{ idRange: { header: 'x-user', modulo: 1000, from: 1, to: 200 } }]),
  { setCanaryScale: { matchTrafficWeight: true } },
  { setWeight: 20 },
  color('shard'),
  { pause: {} },
])
/** As Argo's own manifests have it: what is set may stand beside a pause. */
const allInOne = options([
  { setCanaryScale: { replicas: 1 }, setHeaderRoute: beta, pause: {} },
  { setWeight: 40, setHeaderRoute: { name: 'beta' }, setCanaryScale: { matchTrafficWeight: true } },
  { pause: {} },
])

export const managedRouteScenarios: readonly Scenario[] = [
  {
    name: 'header-route',
    options: byHeader,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody promotes: the route is taken back before any weight moves')
      machine.patchStatus({ pauseConditions: null })
      machine.run(20 * SECOND)
      machine.say('somebody promotes to the end')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'header-route-in-one-step',
    options: allInOne,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody promotes: weight, pods and the end of the route, in one step')
      machine.patchStatus({ pauseConditions: null })
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'header-route-lost',
    options: byHeader,
    play(machine) {
      begin(machine, 30)
      machine.say('the only canary pod stops answering, and answers again')
      machine.failPods(machine.status().currentPodHash ?? '', 1)
      machine.run(10 * SECOND)
      machine.heal()
      machine.run(10 * SECOND)
      machine.say('somebody edits the rule of the route by hand')
      machine.damageRoute('beta')
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'header-route-aborted',
    options: byHeader,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody aborts while only the header leads to the canary')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'header-route-superseded',
    options: byHeader,
    play(machine) {
      begin(machine, 30)
      machine.say('a third version is committed: the route leads to it only once it answers')
      machine.setImage('shop:3')
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'color-route',
    options: byColor,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody promotes: the colour is taken back before any weight moves')
      machine.patchStatus({ pauseConditions: null })
      machine.run(20 * SECOND)
      machine.say('somebody promotes to the end')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'color-route-lost',
    options: byColor,
    play(machine) {
      begin(machine, 30)
      machine.say('the only canary pod stops answering, and answers again')
      machine.failPods(machine.status().currentPodHash ?? '', 1)
      machine.run(10 * SECOND)
      machine.heal()
      machine.run(10 * SECOND)
      machine.say('somebody edits the rule of the colour by hand')
      machine.damageRoute('users')
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'color-route-aborted',
    options: byColor,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody aborts while only the colour leads to the canary')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'color-then-header',
    options: layers,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody promotes: more users, and a weight for everybody else')
      machine.patchStatus({ pauseConditions: null })
      machine.run(30 * SECOND)
      machine.say('somebody promotes in full: the layers stay until all have the revision, and then go')
      machine.patchStatus({ promoteFull: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'color-promoted-in-full',
    options: widening,
    play(machine) {
      begin(machine, 30)
      machine.say('somebody promotes in full: nobody else is coloured while the pods are still to come')
      machine.patchStatus({ promoteFull: true })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'mirror-route',
    options: options([
      { setWeight: 20 },
      { setHeaderRoute: beta },
      { setMirrorRoute: shadow },
      { pause: { duration: 10 } },
      { setMirrorRoute: { name: 'shadow' } },
      { pause: {} },
    ]),
    play(machine) {
      begin(machine, 40)
      machine.say('somebody promotes')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
]
