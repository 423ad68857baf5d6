/** Stories of header and mirror routes: they follow from the steps, come back when they are lost, and never outlive the update. */
import type { CanaryStep } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import type { MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND } from './scenario.ts'

const trafficRouting = {
  managedRoutes: [{ name: 'beta' }, { name: 'shadow' }],
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
