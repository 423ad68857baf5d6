/**
 * A user's Rollout as a simulated cluster gets it: without what another cluster wrote into it, with images that tell the models what its pods are like,
 * and without steps that nobody is there to answer. What is not as the user wrote it is said in a sentence.
 */
import { INSTANCE_ID } from '../../controller/api/labels.ts'
import type { CanaryStep, Rollout, RolloutSpec } from '../../controller/api/rollout.ts'
import { stepPluginNames } from '../../controller/api/step-plugin-config.ts'
import { BROKEN_TAG } from '../run/scenario.ts'

export const NEW_IMAGE = 'simulated:2'
export const BROKEN_IMAGE = `${NEW_IMAGE}-${BROKEN_TAG}`
const FORMER_IMAGE = 'simulated:1'

/** A larger release is played with so many: weights and waits are the same, and a seed stays a matter of seconds. */
const MOST_PODS = 100
/** In the place of a step plugin, so that steps keep their numbers. */
const PASSED: CanaryStep = { pause: { duration: '1s' } }

export function takeRollout({ apiVersion, kind, metadata, spec }: Rollout): {
  readonly rollout: Rollout
  readonly assumptions: readonly string[]
} {
  const { name, namespace = 'default', labels = {}, annotations = {} } = metadata
  const { [INSTANCE_ID]: _instance, ...own } = labels
  const { paused, restartAt: _restartAt, workloadRef, ...rest } = spec
  const replicas = spec.replicas ?? 1
  const steps = spec.strategy?.canary?.steps ?? []
  const asked = steps.flatMap(({ plugin }, index) => (isAsking(plugin?.name) ? [`${index + 1} (${plugin?.name})`] : []))
  const assumptions = [
    ...(workloadRef ? [`the pod template is that of ${workloadRef.kind} ${workloadRef.name}`] : []),
    ...(paused === true ? ['spec.paused is false'] : []),
    ...(replicas > MOST_PODS ? [`there are ${MOST_PODS} pods instead of ${replicas}`] : []),
    ...(asked.length > 0 ? [`nobody is there to be asked, so these steps pass at once: ${asked.join(', ')}`] : []),
  ]
  const taken: RolloutSpec = {
    ...rest,
    replicas: Math.min(replicas, MOST_PODS),
    template: withFormerImage(spec.template),
    strategy: withoutPlugins(spec.strategy),
  }
  const place = { name, namespace, labels: own, annotations }
  return { rollout: { apiVersion, kind, metadata: place, spec: taken } as Rollout, assumptions }
}

const isAsking = (plugin: string | undefined): boolean => stepPluginNames.some((known) => known === plugin)

function withFormerImage(template: RolloutSpec['template']): NonNullable<RolloutSpec['template']> {
  const { containers = [], ...spec } = (template?.spec ?? {}) as { readonly containers?: readonly object[] }
  return { ...template, spec: { ...spec, containers: containers.map((one) => ({ ...one, image: FORMER_IMAGE })) } }
}

function withoutPlugins(strategy: RolloutSpec['strategy']): NonNullable<RolloutSpec['strategy']> {
  const { canary } = strategy ?? {}
  if (!canary?.steps) return strategy ?? {}
  const steps = canary.steps.map((step) => (isAsking(step.plugin?.name) ? PASSED : step))
  return { ...strategy, canary: { ...canary, steps } }
}
