/** Golden scenarios of what pods carry for their role: labels that change hands, and the node term of a new revision. */
import type { CanaryStrategy } from '../../../controller/api/rollout.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine } from '../world-machine.ts'
import { type Scenario, SECOND } from './scenario.ts'

const steps = [{ setWeight: 50 }, { pause: {} }]
const roles: Partial<CanaryStrategy> = {
  canaryMetadata: { labels: { role: 'canary' }, annotations: { 'example.test/watch': 'closely' } },
  stableMetadata: { labels: { role: 'stable' } },
}

/** What pods carry besides what everybody has. */
function showPods(machine: Machine): void {
  const seen = machine
    .pods()
    .map(({ metadata }) =>
      [metadata.labels?.role, metadata.annotations?.['example.test/watch']].filter(Boolean).join('+'),
    )
  const counts = [...new Set(seen)]
    .sort()
    .map((what) => `${seen.filter((one) => one === what).length} × ${what || '-'}`)
  machine.say(`pods carry: ${counts.join(', ')}`)
}

function begin(machine: Machine): void {
  machine.say('first deploy')
  machine.run(40 * SECOND)
  showPods(machine)
  machine.setImage('shop:2')
  machine.run(30 * SECOND)
  showPods(machine)
}

export const podMetadataScenarios: readonly Scenario[] = [
  {
    name: 'metadata-through-an-update',
    options: { rollout: rollout({ replicas: 2, routed: false, steps, canary: roles }) },
    play(machine) {
      begin(machine)
      machine.say('promote')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
      showPods(machine)
    },
  },
  {
    name: 'metadata-through-an-abort',
    options: { rollout: rollout({ replicas: 2, routed: false, steps, canary: roles }) },
    play(machine) {
      begin(machine)
      machine.say('abort, then the former image again')
      machine.patchStatus({ abort: true })
      machine.run(60 * SECOND)
      showPods(machine)
      machine.setImage('shop:1')
      machine.run(60 * SECOND)
      showPods(machine)
    },
  },
  {
    name: 'metadata-over-own-labels',
    options: {
      rollout: rollout({
        replicas: 2,
        routed: false,
        steps,
        canary: { canaryMetadata: { labels: { role: 'canary' } } },
        spec: {
          template: {
            metadata: { labels: { app: 'shop', role: 'web' } },
            spec: { containers: [{ name: 'app', image: 'shop:1' }] },
          },
        },
      }),
    },
    play(machine) {
      begin(machine)
      machine.say('promote: the label of the template itself comes back, and no revision is taken for another')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
      showPods(machine)
    },
  },
]

export const antiAffinityScenarios: readonly Scenario[] = [
  {
    name: 'anti-affinity-update',
    options: {
      rollout: rollout({
        replicas: 2,
        routed: false,
        steps,
        canary: { antiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } },
      }),
    },
    play(machine) {
      machine.say('first deploy')
      machine.run(40 * SECOND)
      showTerms(machine)
      machine.setImage('shop:2')
      machine.run(30 * SECOND)
      showTerms(machine)
      machine.say('promote, then another image, then back to the first')
      machine.patchStatus({ pauseConditions: null })
      machine.run(60 * SECOND)
      machine.setImage('shop:1')
      machine.run(30 * SECOND)
      showTerms(machine)
    },
  },
]

function showTerms(machine: Machine): void {
  for (const rs of machine.world().replicaSets)
    machine.say(`${rs.metadata.name} affinity ${JSON.stringify(rs.spec.template.spec?.affinity ?? null)}`)
}
