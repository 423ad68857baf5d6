/**
 * The rules by kind. The one place where the CLI meets the controller's decisions: `lint` must say exactly what the controller will say, so it
 * asks the same pure functions.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import { type Rollout, rolloutSpecSchema } from '../../controller/api/rollout.ts'
import { type ManifestRules, manifestRules } from '../../controller/domain/validation/manifests.ts'
import { checkRouterConfigs } from '../../controller/traffic/check-configs.ts'
import { checkRoutes } from '../../controller/traffic/check-routes.ts'
import type { Validators } from '../deps.ts'
import type { Problem } from './problem.ts'

const lint = (
  { validate, warn }: ManifestRules,
  object: KubeObject,
  others: readonly KubeObject[] | undefined,
): readonly Problem[] => [
  ...validate(object),
  ...(object.kind === 'Rollout' ? lintRoutes(object as Rollout, others) : []),
  ...warn(object, others).map((warning) => ({ ...warning, severity: 'warning' as const })),
]

/** What the controller tells as `TrafficRoutingError`, and holds every update for. */
const lintRoutes = (rollout: Rollout, others: readonly KubeObject[] = []): readonly Problem[] =>
  rolloutSpecSchema.safeParse(rollout.spec).success ? checkRoutes(rollout, others) : []

export const validators: Validators = Object.fromEntries(
  Object.entries(manifestRules(checkRouterConfigs)).map(([kind, rules]) => [
    kind,
    (object: KubeObject, others?: readonly KubeObject[]) => lint(rules, object, others),
  ]),
)
