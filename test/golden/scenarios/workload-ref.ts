/** Golden scenarios of a Rollout whose pods another object describes: taking over from it, following it, and losing it. */
import type { Rollout } from '../../../controller/api/rollout.ts'
import type { Workload } from '../../../controller/api/workload.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine } from '../world-machine.ts'
import { type Scenario, SECOND } from './scenario.ts'

const deployment: Workload = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'web', uid: 'uid-deployment', generation: 1 },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: 'shop' } },
    template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'shop:1' }] } },
  },
}

const podTemplate: Workload = {
  apiVersion: 'v1',
  kind: 'PodTemplate',
  metadata: { name: 'shop', namespace: 'web', uid: 'uid-template', generation: 1 },
  template: deployment.spec?.template ?? {},
}

type Steps = Parameters<typeof rollout>[0] & object

function following(scaleDown: string | undefined, shape: Steps = {}): Rollout {
  const base = rollout({ replicas: 4, routed: false, ...shape })
  const { template: _template, selector: _selector, ...spec } = base.spec
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', ...(scaleDown ? { scaleDown } : {}) }
  return { ...base, spec: { ...spec, workloadRef } }
}

const takeOver = (machine: Machine): void => {
  machine.say('the Deployment serves; the Rollout is created')
  machine.run(60 * SECOND)
}

export const workloadRefScenarios: readonly Scenario[] = [
  {
    name: 'workload-never-scaled',
    options: { rollout: following(undefined), workload: deployment },
    play: takeOver,
  },
  {
    name: 'workload-scaled-on-success',
    options: { rollout: following('onsuccess'), workload: deployment },
    play: takeOver,
  },
  {
    name: 'workload-scaled-progressively',
    options: { rollout: following('progressively'), workload: deployment },
    play(machine) {
      machine.say('the Deployment serves; the Rollout is created, and its pods come one after the other')
      machine.setPodDelay(60 * SECOND)
      machine.run(5 * SECOND)
      for (const seconds of [10, 10]) {
        machine.readyPods(1)
        machine.run(seconds * SECOND)
      }
      machine.say('both fail: their share goes back to the Deployment')
      machine.failPods(machine.status().currentPodHash ?? '', 2)
      machine.run(10 * SECOND)
      machine.say('they are mended')
      machine.setPodDelay(5 * SECOND)
      machine.heal()
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'workload-template-changes',
    options: { rollout: following('onsuccess', { steps: [{ setWeight: 25 }, { pause: {} }] }), workload: deployment },
    play(machine) {
      takeOver(machine)
      machine.say('the Deployment gets a new image: an update as any other, and its pods are left alone')
      machine.setImage('shop:2')
      machine.run(30 * SECOND)
      machine.say('promote')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'workload-missing-then-back',
    options: {
      rollout: following('never', { steps: [{ setWeight: 25 }, { pause: {} }] }),
      workload: deployment,
    },
    play(machine) {
      takeOver(machine)
      machine.setImage('shop:2')
      machine.run(30 * SECOND)
      const changed = machine.workload()
      machine.say('somebody deletes the Deployment in the middle of the update: nothing moves')
      machine.setWorkload(undefined)
      machine.run(30 * SECOND)
      machine.say('an abort finds its way back all the same')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
      machine.say('the Deployment is back')
      machine.setWorkload(changed)
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'workload-never-there',
    options: { rollout: following('never') },
    play(machine) {
      machine.say('the Rollout names a Deployment that does not exist')
      machine.run(30 * SECOND)
      machine.say('it is created')
      machine.setWorkload(deployment)
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'workload-and-template',
    options: {
      rollout: rollout({
        routed: false,
        spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' } },
      }),
      workload: deployment,
    },
    play(machine) {
      machine.say('both a template and a reference: nobody can say which one is meant')
      machine.run(30 * SECOND)
    },
  },
  {
    name: 'workload-pod-template',
    options: {
      rollout: rollout({
        replicas: 2,
        routed: false,
        spec: {
          template: {},
          workloadRef: { apiVersion: 'v1', kind: 'PodTemplate', name: 'shop', scaleDown: 'onsuccess' },
        },
      }),
      workload: podTemplate,
    },
    play(machine) {
      machine.say('a PodTemplate has no selector, so the Rollout has one, and no pods, so none are scaled down')
      machine.run(60 * SECOND)
    },
  },
]
