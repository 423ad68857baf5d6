/**
 * Whether a canary's `plugin` step can be obeyed: the plugin is one of ours, its `config` has the plugin's shape, and what undoes it can be
 * obeyed too. Plugins of Argo are programs of another protocol and are refused by name, never skipped.
 */
import { COLOR_STEP } from '../../api/color-step.ts'
import type { CanaryStep, Rollout } from '../../api/rollout.ts'
import {
  compensationSchema,
  isStepPluginName,
  LONGEST_CONFIG,
  type StepPluginName,
  stepPluginNames,
  stepPluginSchemas,
} from '../../api/step-plugin-config.ts'
import { parseJsonPath } from '../../metric-language/json-path.ts'
import { selectorFinds } from './pods/labels.ts'
import { type Problem, renderPath, when } from './problem.ts'
import { validatePattern } from './routes.ts'

type Config = Readonly<Record<string, unknown>>

/** All configs of a Rollout together: each may stand in status three times. */
const LONGEST_CONFIGS = 65_536

export function validatePluginStep(
  { name, config = {} }: NonNullable<CanaryStep['plugin']>,
  rollout: Rollout,
  field: string,
): readonly Problem[] {
  const { compensate, ...own } = config
  return [
    ...validateName(name, [...stepPluginNames, COLOR_STEP], field),
    ...validatePlugin(name, own, rollout, field),
    ...(compensate === undefined ? [] : validateCompensation(compensate, rollout, `${field}.config.compensate`)),
    ...when(
      JSON.stringify(config).length > LONGEST_CONFIG,
      `${field}.config`,
      `is longer than ${LONGEST_CONFIG} characters of JSON`,
      'move what is long into a ConfigMap or an image',
    ),
  ]
}

/** What the plugin steps of a Rollout must keep together. */
export function validatePluginSteps(steps: readonly CanaryStep[], field: string): readonly Problem[] {
  const length = steps.reduce((sum, { plugin }) => sum + JSON.stringify(plugin?.config ?? {}).length, 0)
  return when(length > LONGEST_CONFIGS, field, `plugin configs are longer than ${LONGEST_CONFIGS} characters together`)
}

function validateCompensation(value: unknown, rollout: Rollout, field: string): readonly Problem[] {
  const { data, error } = compensationSchema.safeParse(value)
  if (error) return listIssues(error, field)
  return [
    ...validateName(data.name, stepPluginNames, field),
    ...validatePlugin(data.name, data.config ?? {}, rollout, field),
  ]
}

/** A colour is none of those that are called: it declares a route, and is judged in `color-step.ts`. */
const validateName = (name: string, known: readonly string[], field: string): readonly Problem[] =>
  when(!isStepPluginName(name), `${field}.name`, `step plugin "${name}" is not known`, `known are ${known.join(', ')}`)

function validatePlugin(name: string, config: Config, rollout: Rollout, field: string): readonly Problem[] {
  if (!isStepPluginName(name)) return []
  const { error } = stepPluginSchemas[name].safeParse(config)
  if (error) return listIssues(error, `${field}.config`)
  return rules[name](config, rollout, `${field}.config`)
}

interface Issues {
  readonly issues: readonly {
    readonly code?: string
    readonly path: readonly PropertyKey[]
    readonly message: string
    readonly keys?: readonly string[]
  }[]
}

/** One problem a field; a key that is not known is named itself, not its parent. */
const listIssues = ({ issues }: Issues, field: string): readonly Problem[] =>
  issues.flatMap(({ path, message, keys }) =>
    keys
      ? keys.map((key) => ({ field: renderPath(field, [...path, key]), message: 'is not known', fix: 'remove it' }))
      : [{ field: renderPath(field, path), message }],
  )

type Rule = (config: Config, rollout: Rollout, field: string) => readonly Problem[]

const rules: Readonly<Record<StepPluginName, Rule>> = {
  'penstock/webhook'(config, _rollout, field) {
    const { success, failure } = stepPluginSchemas['penstock/webhook'].parse(config)
    return [...validateTest(success, `${field}.success`), ...validateTest(failure, `${field}.failure`)]
  },
  'penstock/job'(config, rollout, field) {
    const { template } = stepPluginSchemas['penstock/job'].parse(config).spec
    const { selector } = rollout.spec
    return when(
      selector !== undefined && selectorFinds(selector, template.metadata?.labels ?? {}),
      `${field}.spec.template.metadata.labels`,
      "would make the Job's pods count as the Rollout's",
      'give them other labels than spec.selector asks for',
    )
  },
  'penstock/wait-until'(config, _rollout, field) {
    const { object } = stepPluginSchemas['penstock/wait-until'].parse(config)
    if (!object) return []
    return [
      ...validateTest(object, `${field}.object`),
      ...when(
        object.clusterScope === true && object.namespace !== undefined,
        `${field}.object.namespace`,
        'has no meaning with clusterScope',
      ),
    ]
  },
}

function validateTest(
  test: { readonly jsonPath?: string | undefined; readonly matches?: string | undefined } | undefined,
  field: string,
): readonly Problem[] {
  if (test?.jsonPath === undefined) return []
  const path = parseJsonPath(test.jsonPath)
  return [
    ...('problem' in path ? [{ field: `${field}.jsonPath`, message: path.problem }] : []),
    ...validatePattern(test.matches, `${field}.matches`),
  ]
}
