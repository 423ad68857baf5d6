/**
 * AWS Application Load Balancers: carries a rollout's traffic in annotations of an Ingress, which the AWS Load Balancer Controller turns into
 * listener rules. It owns the action with the weights, and the actions, conditions and paths of managed routes; the rest of the Ingress is the user's.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import { ingresses } from '../kube/kinds.ts'
import { type AlbConfig, type AlbTarget, examine } from './alb/layout.ts'
import { loadBalancerRef } from './alb/load-balancer.ts'
import { readIngress } from './alb/read.ts'
import { changesOf } from './alb/render.ts'
import { combine } from './codec/combine.ts'
import { patchOf } from './codec/patch.ts'
import { type Ingress, ingressLabel } from './ingress.ts'
import { defineRouter, type Router, type RouterContext, type RouterObjects, refKey } from './router.ts'

const WEEK_SECONDS = 604_800

const schema = z
  .looseObject({
    ingress: z.string().optional(),
    ingresses: z.array(z.string().min(1)).optional(),
    servicePort: z.int().min(0).max(65_535),
    rootService: z.string().optional(),
    annotationPrefix: z.string().optional(),
    stickinessConfig: z
      .looseObject({ enabled: z.boolean().optional(), durationSeconds: z.int().optional() })
      .refine(
        ({ enabled, durationSeconds = 0 }) => !enabled || (durationSeconds >= 1 && durationSeconds <= WEEK_SECONDS),
        {
          message: `TargetGroupStickinessConfig's duration must be between 1 and ${WEEK_SECONDS} seconds (7 days)!`,
          path: ['durationSeconds'],
        },
      )
      .optional(),
  })
  .superRefine((config, context) => {
    const [one, many] = [Boolean(config.ingress), config.ingresses !== undefined]
    if (one === many)
      context.addIssue({
        code: 'custom',
        path: [one ? 'ingresses' : 'ingress'],
        message: `Either Ingress or Ingresses must be configured. ${one ? 'Both' : 'Neither'} are configured.`,
      })
    if (many && config.ingresses?.length === 0)
      context.addIssue({ code: 'custom', path: ['ingresses'], message: 'names no Ingress: name one' })
  })

export const alb = defineRouter<AlbConfig>({
  id: 'alb',
  capabilities: routerCapabilities.alb,
  watches: [{ kind: ingresses, verbs: ['patch'] }],
  schema,
  create,
})

function create(config: AlbConfig, context: RouterContext): Router {
  const targets = targetsOf(config, context)
  const ingressAt = (objects: RouterObjects, { ref }: AlbTarget): Ingress | undefined => objects[refKey(ref)]
  return {
    targets: targets.map(({ ref }) => ref),
    witnesses: targets.map(loadBalancerRef),
    read: (objects) =>
      combine(
        targets.map((target) =>
          readIngress(target, ingressAt(objects, target), objects[refKey(loadBalancerRef(target))]),
        ),
      ),
    render: (intent, objects) =>
      targets.flatMap((target) => {
        const ingress = ingressAt(objects, target)
        return ingress ? patchOf(target.ref, ingress, changesOf(target, examine(target, ingress), intent)) : []
      }),
  }
}

function targetsOf(config: AlbConfig, context: RouterContext): readonly AlbTarget[] {
  const { namespace, stableService } = context
  const field = `trafficRouting.alb.${config.ingress ? 'ingress' : 'ingresses'}`
  return [...new Set(config.ingress ? [config.ingress] : config.ingresses)].map((name) => ({
    ref: { kind: ingresses, namespace, name },
    label: ingressLabel(namespace, name),
    field,
    action: config.rootService || stableService,
    config,
    context,
  }))
}
