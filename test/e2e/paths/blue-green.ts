/**
 * Blue-green on a real control plane: the Services really switch, the endpoints behind the users' Service never fall short, and what was replaced
 * goes after its delay and not before.
 */
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BlueGreenStrategy } from '../../../controller/api/rollout.ts'
import { endpointSlices } from '../../../controller/kube/kinds.ts'
import type { EndpointSlice } from '../../../controller/reconcile/caches.ts'
import { imageOf, rollout, service, webTemplate } from '../manifests.ts'
import { type MetricSource, startMetricSource } from '../metric-source.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const ACTIVE = 'web-active'
const PREVIEW = 'web-preview'
const REPLICAS = 3
const DELAY_SECONDS = 4
const LOOK_EVERY_MS = 25

const blueGreen = (strategy: Partial<BlueGreenStrategy> = {}, spec: object = {}): readonly object[] => [
  service(ACTIVE, 'web'),
  service(PREVIEW, 'web'),
  rollout({
    replicas: REPLICAS,
    routed: false,
    spec: {
      strategy: {
        blueGreen: {
          activeService: ACTIVE,
          previewService: PREVIEW,
          scaleDownDelaySeconds: DELAY_SECONDS,
          abortScaleDownDelaySeconds: 2,
          ...strategy,
        },
      },
      ...spec,
    },
  }),
]

const podHash = (space: Workspace, version: number): string =>
  space.replicaSetOf(imageOf(version)).metadata.labels?.['rollouts-pod-template-hash'] ?? ''

const names = (space: Workspace, active: number, preview: number): boolean =>
  space.selected(ACTIVE) === podHash(space, active) && space.selected(PREVIEW) === podHash(space, preview)

async function act(space: Workspace, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await space.cli(...args)
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
}

const untilPaused = (space: Workspace): Promise<void> => space.untilPhase('Paused', /BlueGreenPause/)

/** Looks at the endpoints behind the users' Service all the time; the answer stops and tells the fewest that were ready. */
function watchEndpoints(stage: Stage, space: Workspace, t: TestContext): () => Promise<number> {
  let fewest = Number.POSITIVE_INFINITY
  let running = true
  const look = async (): Promise<void> => {
    while (running) {
      const { items } = await stage.cluster().client.list<EndpointSlice>(endpointSlices, {
        namespace: space.namespace,
        labelSelector: `kubernetes.io/service-name=${ACTIVE}`,
      })
      const ready = items.flatMap(({ endpoints = [] }) => endpoints.filter(({ conditions }) => conditions?.ready))
      fewest = Math.min(fewest, ready.length)
      await sleep(LOOK_EVERY_MS)
    }
  }
  const done = look()
  const stop = async (): Promise<number> => {
    running = false
    await done
    return fewest
  }
  t.after(stop)
  return stop
}

export function blueGreenPaths(stage: Stage): void {
  describe('blue-green', { concurrency: 3 }, () => {
    let source: MetricSource
    before(async () => {
      source = await startMetricSource()
    })
    after(() => source.stop())

    test('deploy, preview, pause, promote: users never miss a pod, the old revision goes after its delay', async (t) => {
      const space = await stage.workspace('bg-promote')
      await space.apply(...blueGreen({ autoPromotionEnabled: false }))
      await space.untilPhase('Healthy')
      await space.until('both Services to name the first revision', () => names(space, 1, 1))
      const stop = watchEndpoints(stage, space, t)

      await space.setImage(imageOf(2))
      await untilPaused(space)
      assert.ok(names(space, 1, 2), 'only the preview has the new revision')
      const { HPAReplicas, selector, blueGreen: stood, currentStepIndex } = space.rollout().status ?? {}
      assert.equal(HPAReplicas, REPLICAS)
      assert.equal(selector, `app=web,rollouts-pod-template-hash=${podHash(space, 1)}`)
      assert.deepEqual([stood?.activeSelector, stood?.previewSelector], [podHash(space, 1), podHash(space, 2)])
      assert.equal(currentStepIndex ?? null, null)
      const told = await space.cli('get', 'web', '--no-color')
      assert.match(told.stdout, /stable, active/)
      assert.match(told.stdout, /preview/)

      const promotedAtMs = Date.now()
      await act(space, 'promote', 'web')
      await space.untilPhase('Healthy')
      await space.until('both Services to name the second revision', () => names(space, 2, 2))
      const deadline = () =>
        Date.parse(space.replicaSetOf(imageOf(1)).metadata.annotations?.['scale-down-deadline'] ?? '')
      await space.until('the old revision to have its delay', () => deadline() > 0)
      const deadlineMs = deadline()
      assert.ok(deadlineMs >= promotedAtMs + DELAY_SECONDS * 1000)
      assert.equal(space.replicaSetOf(imageOf(1)).spec.replicas, REPLICAS)
      await space.until('the old revision to go', () => space.replicaSetOf(imageOf(1)).spec.replicas === 0)
      assert.ok(Date.now() >= deadlineMs, 'and not before')
      await space.until('only new pods to be left', () => space.pods().length === REPLICAS)
      assert.equal(await stop(), REPLICAS, 'ready endpoints of the active Service at any time')
    })

    test('a preview of one pod grows before the cutover', async (t) => {
      const space = await stage.workspace('bg-preview-count')
      await space.apply(...blueGreen({ autoPromotionEnabled: false, previewReplicaCount: 1 }))
      await space.untilPhase('Healthy')
      const stop = watchEndpoints(stage, space, t)
      await space.setImage(imageOf(2))
      await untilPaused(space)
      assert.equal(space.replicaSetOf(imageOf(2)).spec.replicas, 1)
      const { replicas, updatedReplicas, readyReplicas, availableReplicas } = space.rollout().status ?? {}
      assert.deepEqual(
        [replicas, updatedReplicas, readyReplicas, availableReplicas],
        [REPLICAS + 1, 1, REPLICAS, REPLICAS],
      )
      await act(space, 'promote', 'web')
      await space.untilPhase('Healthy')
      assert.ok(names(space, 2, 2))
      assert.equal(await stop(), REPLICAS)
    })

    test('evidence after the cutover takes users back at once, and the preview goes after its delay', async (t) => {
      source.answer('/bg-after', 'bad')
      const space = await stage.workspace('bg-taken-back')
      const analysis = { templates: [{ templateName: 'health' }] }
      await space.apply(
        webTemplate('health', source.url('/bg-after')),
        ...blueGreen({ postPromotionAnalysis: analysis }),
      )
      await space.untilPhase('Healthy')
      const stop = watchEndpoints(stage, space, t)
      await space.setImage(imageOf(2))
      await space.until('the cutover', () => space.selected(ACTIVE) === podHash(space, 2))
      await space.untilPhase('Degraded', /RolloutAborted: .*Blue\/green post-promotion analysis phase error\/failed/)
      await space.until('users to be back', () => names(space, 1, 2))
      assert.equal(space.rollout().status?.stableRS, podHash(space, 1))
      await space.until('the new revision to go', () => space.replicaSetOf(imageOf(2)).spec.replicas === 0)
      assert.equal(await stop(), REPLICAS)

      source.answer('/bg-after', 'ok')
      await act(space, 'retry', 'web')
      await space.untilPhase('Healthy')
      assert.ok(names(space, 2, 2))
      const verdicts = new Set(space.analysisRuns().map(({ status }) => status?.phase))
      assert.deepEqual(verdicts, new Set(['Failed', 'Successful']))
    })

    test('an abort by hand in the preview, and a way back within the delay that asks nobody', async () => {
      const space = await stage.workspace('bg-by-hand')
      await space.apply(...blueGreen({ autoPromotionEnabled: false, scaleDownDelaySeconds: 60 }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await untilPaused(space)
      await act(space, 'abort', 'web')
      await space.untilPhase('Degraded', /RolloutAborted/)
      await space.until('the preview to go', () => space.replicaSetOf(imageOf(2)).spec.replicas === 0)
      assert.ok(names(space, 1, 2), 'users and preview stay where they are')

      await space.setImage(imageOf(3))
      await untilPaused(space)
      await act(space, 'promote', 'web')
      await space.untilPhase('Healthy')
      await space.until('the first revision to wait', () =>
        Boolean(space.replicaSetOf(imageOf(1)).metadata.annotations?.['scale-down-deadline']),
      )
      const pods = space.podsSoFar()
      await act(space, 'undo', 'web', '--to-revision', '1')
      await space.until('the way back to begin', () => space.rollout().status?.currentPodHash === podHash(space, 1))
      await space.untilPhase('Healthy')
      await space.until('users to be back', () => names(space, 1, 1))
      assert.equal(space.podsSoFar(), pods, 'no pod was started')
    })

    test('a deadline that passes aborts, with exactly four conditions', async () => {
      const space = await stage.workspace('bg-deadline')
      const broken = { progressDeadlineSeconds: 2, progressDeadlineAbort: true }
      await space.apply(...blueGreen({}, broken))
      await space.untilPhase('Healthy')
      await space.patch({
        spec: { template: { spec: { containers: [{ name: 'app', image: 'example.test/does-not-exist:2' }] } } },
      })
      await space.untilPhase('Degraded', /RolloutAborted: .*has timed out progressing/)
      assert.equal(space.selected(ACTIVE), podHash(space, 1))
      await space.until(
        'the new revision to go',
        () => space.replicaSetOf('example.test/does-not-exist:2').spec.replicas === 0,
      )
      assert.deepEqual(
        space
          .rollout()
          .status?.conditions?.map(({ type }) => type)
          .sort(),
        ['Available', 'Completed', 'Healthy', 'Progressing'],
      )
    })

    test('from blue-green to canary and back: the Service is given back, and stable never drops', async (t) => {
      const space = await stage.workspace('bg-to-canary')
      await space.apply(...blueGreen())
      await space.untilPhase('Healthy')
      const stop = watchEndpoints(stage, space, t)
      await space.patch({
        spec: {
          strategy: { blueGreen: null, canary: { maxUnavailable: 0, steps: [{ setWeight: 50 }, { pause: {} }] } },
          template: { spec: { containers: [{ name: 'app', image: imageOf(2) }] } },
        },
      })
      await space.untilPausedAt(1)
      await space.until('the Services to be given back', () =>
        [ACTIVE, PREVIEW].every((name) => space.selected(name) === ''),
      )
      const marks = space.services().map(({ metadata }) => Object.keys(metadata.annotations ?? {}).join())
      assert.ok(!marks.join().includes('managed-by-rollouts'), marks.join())

      const strategy = { canary: null, blueGreen: { activeService: ACTIVE, autoPromotionEnabled: false } }
      await space.patch({ spec: { strategy } })
      await untilPaused(space)
      assert.equal(space.selected(ACTIVE), podHash(space, 1))
      assert.equal(space.replicaSetOf(imageOf(1)).spec.replicas, REPLICAS)
      await act(space, 'promote', 'web')
      await space.untilPhase('Healthy')
      assert.equal(space.selected(ACTIVE), podHash(space, 2))
      assert.ok((await stop()) >= REPLICAS, 'ready endpoints of the active Service at any time')
    })
  })
}
