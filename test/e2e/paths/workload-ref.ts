/** A Deployment that hands its pods over to a Rollout, and describes them from then on; and the two ways in which that cannot be obeyed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod } from '../../../controller/api/pod.ts'
import { imageOf, rollout } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const deployment = (image: string, replicas: number): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
    },
  },
})

function following(scaleDown: string, steps: Parameters<typeof rollout>[0]['steps'] = []): object {
  const { spec, ...rest } = rollout({ replicas: 3, routed: false, steps }) as { spec: Record<string, unknown> }
  const { template: _template, selector: _selector, ...own } = spec
  return {
    ...rest,
    spec: { ...own, workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', scaleDown } },
  }
}

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
const ready = (space: Workspace): readonly Pod[] => space.pods().filter(isReady)
const ownPods = (space: Workspace): number =>
  ready(space).filter(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] !== undefined).length

/** The Deployment makes ReplicaSets of the same images. */
const ownSet = (space: Workspace, image: string) =>
  space
    .replicaSets()
    .find(
      ({ metadata, spec }) => metadata.ownerReferences?.[0]?.kind === 'Rollout' && JSON.stringify(spec).includes(image),
    )

async function podsOfDeployment(space: Workspace): Promise<number> {
  const { stdout } = await space.kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}')
  return Number(stdout)
}

export function workloadRefPaths(stage: Stage): void {
  describe('workloadRef', { concurrency: 4 }, () => {
    test('progressively: the Deployment gives its pods up as the Rollout has its own, and leads every update after that', async () => {
      const space = await stage.workspace('hand-over')
      await space.apply(deployment(imageOf(1), 3))
      await space.until('the pods of the Deployment', () => ready(space).length === 3)
      await space.apply(following('progressively', [{ setWeight: 34 }, { pause: {} }]))
      let fewest = 3
      await space.until('the hand-over', () => {
        fewest = Math.min(fewest, ready(space).length)
        return ownPods(space) === 3 && space.pods().length === 3
      })
      assert.ok(fewest >= 3, `${fewest} pods were ready at some moment`)
      assert.equal(await podsOfDeployment(space), 0)
      await space.untilPhase('Healthy')
      const { metadata, status, spec } = space.rollout()
      assert.equal(spec.template, undefined, 'nothing is written into the spec')
      assert.equal(
        metadata.annotations?.['rollout.argoproj.io/workload-generation'],
        status?.workloadObservedGeneration,
      )

      await space.apply(deployment(imageOf(2), 0))
      await space.untilPausedAt(1)
      assert.equal(ownSet(space, imageOf(2))?.spec.replicas, 1)
      const seen = space.rollout()
      assert.notEqual(seen.status?.workloadObservedGeneration, status?.workloadObservedGeneration)
      assert.equal((await space.cli('promote', 'web')).code, 0)
      await space.untilPhase('Healthy')
      assert.equal(await podsOfDeployment(space), 0)

      const undone = await space.cli('undo', 'web')
      assert.equal(undone.code, 0, undone.stderr)
      await space.until(
        'the Deployment to ask for the former image',
        () => space.rollout().status?.currentStepIndex === 1,
      )
      await space.untilPausedAt(1)
    })

    test('onsuccess: the Deployment keeps its pods until the Rollout is Healthy', async () => {
      const space = await stage.workspace('on-success')
      await space.apply(deployment(imageOf(1), 2), following('onsuccess'))
      await space.untilPhase('Healthy')
      await space.until('the pods of the Deployment to go', () => space.pods().length === 3)
      assert.equal(await podsOfDeployment(space), 0)
    })

    test('a template beside the reference: one condition, and nothing is touched', async () => {
      const space = await stage.workspace('both')
      const { spec, ...rest } = rollout({ routed: false }) as { spec: object }
      const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
      await space.apply({ ...rest, spec: { ...spec, workloadRef } })
      await space.untilPhase('Degraded', /template must be empty for workload reference rollout/)
      assert.deepEqual(
        space.rollout().status?.conditions?.map(({ type }) => type),
        ['InvalidSpec'],
      )
      assert.equal(space.replicaSets().length, 0)
    })

    test('a Deployment that is missing is named, and taken up when it comes', async () => {
      const space = await stage.workspace('missing-workload')
      await space.apply(following('never'))
      await space.untilPhase('Degraded', /Deployment "web" not found/)
      await space.apply(deployment(imageOf(1), 0))
      await space.untilPhase('Healthy')
    })
  })
}
