/**
 * The phases at which a cluster changes hands, each as manifests and what is done to bring a Rollout there, whoever controls it. The same list
 * makes the fixtures (Argo Rollouts plays, Penstock takes over) and the hand-back check (Penstock plays, Argo Rollouts takes over).
 */
import { canary, imageOf, NAME, rollout, service, webTemplate } from '../e2e/manifests.ts'
import type { Workspace } from '../e2e/workspace.ts'

export interface Situation {
  readonly name: string
  readonly manifests: readonly object[]
  /** From "applied" to the phase; resolves when it is reached, which may be a moment before everything has settled. */
  play(space: Workspace): Promise<void>
}

const BROKEN = 'example.test/does-not-exist:2'
const HOUR_SECONDS = 3600

const routed = (canarySpec: object = {}) => ({
  replicas: 4,
  steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }],
  canary: canarySpec,
})
const unrouted = { replicas: 5, routed: false, steps: [{ setWeight: 40 }, { pause: {} }] }

const blueGreen = (strategy: object = {}): readonly object[] => [
  service(`${NAME}-active`, NAME),
  service(`${NAME}-preview`, NAME),
  rollout({
    replicas: 3,
    routed: false,
    spec: {
      strategy: {
        blueGreen: { activeService: `${NAME}-active`, previewService: `${NAME}-preview`, ...strategy },
      },
    },
  }),
]

const QUIET_MS = 1_500

/** Argo writes its own copies into its cache: a patch that arrives during one of its passes can be lost on it. So: after the last of them. */
export async function untilQuiet(space: Workspace): Promise<void> {
  let seen = ''
  let sinceMs = 0
  await space.until('the Rollout to stay as it is', () => {
    const { resourceVersion = '' } = space.rollout().metadata
    if (resourceVersion !== seen) sinceMs = Date.now()
    seen = resourceVersion
    return Date.now() - sinceMs >= QUIET_MS
  })
}

async function update(space: Workspace, image = imageOf(2)): Promise<void> {
  await space.untilPhase('Healthy')
  await untilQuiet(space)
  await space.setImage(image)
}

/** @param metricUrl answers `{"verdict": "ok"}` while a situation is played */
export const situations = (metricUrl: string): readonly Situation[] => [
  {
    name: 'healthy',
    manifests: canary({ ...routed(), steps: [{ setWeight: 50 }, { pause: { duration: 1 } }] }),
    async play(space) {
      await update(space)
      await space.until('the promotion', () => space.rollout().status?.phase === 'Progressing')
      await space.untilPhase('Healthy')
      await space.until('the old revision to go', () => space.replicaSetOf(imageOf(1)).status?.replicas === 0)
    },
  },
  {
    name: 'paused-with-weight',
    manifests: canary(routed()),
    async play(space) {
      await update(space)
      await space.untilPausedAt(1)
    },
  },
  {
    name: 'paused-without-router',
    manifests: canary(unrouted),
    async play(space) {
      await update(space)
      await space.untilPausedAt(1)
    },
  },
  {
    name: 'canary-not-ready',
    manifests: canary(routed()),
    async play(space) {
      await update(space, BROKEN)
      await space.until('the canary to be asked for', () => space.replicaSetOf(BROKEN).spec.replicas === 1)
      await space.until('its pod to be there', () => space.replicaSetOf(BROKEN).status?.replicas === 1)
    },
  },
  {
    name: 'aborted-in-delay',
    manifests: canary(routed({ abortScaleDownDelaySeconds: HOUR_SECONDS })),
    async play(space) {
      await update(space)
      await space.untilPausedAt(1)
      await untilQuiet(space)
      await space.patch({ status: { abort: true } }, { status: true })
      await space.untilPhase('Degraded')
      await space.until(
        'the canary to wait for its end',
        () => space.replicaSetOf(imageOf(2)).metadata.annotations?.['scale-down-deadline'] !== undefined,
      )
    },
  },
  {
    name: 'aborted-without-router',
    manifests: canary(unrouted),
    async play(space) {
      await update(space)
      await space.untilPausedAt(1)
      await untilQuiet(space)
      await space.patch({ status: { abort: true } }, { status: true })
      await space.untilPhase('Degraded')
      await space.until('the canary to go', () => space.replicaSetOf(imageOf(2)).status?.replicas === 0)
      await space.until('stable to be whole', () => space.replicaSetOf(imageOf(1)).status?.availableReplicas === 5)
    },
  },
  {
    name: 'analysing',
    manifests: [
      webTemplate('slow', metricUrl, { interval: '1h', count: 3 }),
      ...canary({
        ...routed(),
        steps: [{ setWeight: 25 }, { analysis: { templates: [{ templateName: 'slow' }] } }, { setWeight: 50 }],
      }),
    ],
    async play(space) {
      await update(space)
      await space.until('a first measurement', () =>
        space.analysisRuns().some(({ status }) => status?.metricResults?.[0]?.measurements?.length === 1),
      )
      const named = () => space.rollout().status?.canary?.currentStepAnalysisRunStatus?.status === 'Running'
      await space.until('status to say so', named)
    },
  },
  {
    name: 'blue-green-paused',
    manifests: blueGreen({ autoPromotionEnabled: false }),
    async play(space) {
      await update(space)
      await space.untilPhase('Paused', /BlueGreenPause/)
    },
  },
  {
    name: 'blue-green-in-delay',
    manifests: blueGreen({ scaleDownDelaySeconds: HOUR_SECONDS }),
    async play(space) {
      await update(space)
      const isNew = () =>
        space.selected(`${NAME}-active`) ===
        space.replicaSetOf(imageOf(2)).metadata.labels?.['rollouts-pod-template-hash']
      await space.until('the new revision to be active', isNew)
      await space.untilPhase('Healthy')
      await space.until(
        'the old revision to wait for its end',
        () => space.replicaSetOf(imageOf(1)).metadata.annotations?.['scale-down-deadline'] !== undefined,
      )
    },
  },
]
