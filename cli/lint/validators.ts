/**
 * The rules by kind. The one place where the CLI meets the controller's decisions: `lint` must say exactly what the controller will say, so it
 * asks the same pure functions.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import { type ManifestRules, manifestRules } from '../../controller/domain/validation/manifests.ts'
import { checkRouterConfigs } from '../../controller/traffic/check-configs.ts'
import type { Validators } from '../deps.ts'
import type { Problem } from './problem.ts'

const lint = (
  { validate, warn }: ManifestRules,
  object: KubeObject,
  others: readonly KubeObject[] | undefined,
): readonly Problem[] => [
  ...validate(object),
  ...warn(object, others).map((warning) => ({ ...warning, severity: 'warning' as const })),
]

export const validators: Validators = Object.fromEntries(
  Object.entries(manifestRules(checkRouterConfigs)).map(([kind, rules]) => [
    kind,
    (object: KubeObject, others?: readonly KubeObject[]) => lint(rules, object, others),
  ]),
)
