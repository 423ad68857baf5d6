/** Environment of a container: names, and exactly one source for a value that is not written down. */
import type { EnvFrom, EnvVar } from '../../../api/pod-template.ts'
import type { Problem } from '../problem.ts'
import { findConfigKeyProblem, findEnvNameProblem, findSubdomainProblem } from './names.ts'
import { invalid, required, requireName, requireSyntax } from './server-words.ts'

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef']
const NO_SOURCE = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'
const NO_BULK_SOURCE = 'must specify one of: `configMapRef` or `secretRef`'
const TWO_SOURCES = 'may not have more than one field specified at a time'
const FIELD_PATH =
  /^(?:metadata\.(?:name|namespace|uid|(?:annotations|labels)\['.*'\])|spec\.(?:nodeName|host|serviceAccountName)|status\.(?:hostIPs?|podIPs?))$/

export const validateEnv = (env: readonly EnvVar[], field: string): readonly Problem[] =>
  env.flatMap((variable, index) => [
    ...requireName(`${field}[${index}].name`, variable.name, findEnvNameProblem),
    ...validateValueFrom(variable, `${field}[${index}].valueFrom`),
  ])

function validateValueFrom({ value, valueFrom }: EnvVar, field: string): readonly Problem[] {
  if (!valueFrom) return []
  const sources = SOURCES.filter((name) => valueFrom[name])
  return [
    ...validateFieldRef(valueFrom.fieldRef, `${field}.fieldRef`),
    ...(valueFrom.resourceFieldRef && !valueFrom.resourceFieldRef.resource
      ? [required(`${field}.resourceFieldRef.resource`)]
      : []),
    ...validateKeyRef(valueFrom.configMapKeyRef, `${field}.configMapKeyRef`),
    ...validateKeyRef(valueFrom.secretKeyRef, `${field}.secretKeyRef`),
    ...countProblems(sources.length, Boolean(value), field),
  ]
}

function countProblems(count: number, hasValue: boolean, field: string): readonly Problem[] {
  if (count === 0) return [invalid(field, '', NO_SOURCE)]
  if (hasValue) return [invalid(field, '', 'may not be specified when `value` is not empty')]
  return count > 1 ? [invalid(field, '', TWO_SOURCES)] : []
}

function validateFieldRef(ref: NonNullable<EnvVar['valueFrom']>['fieldRef'], field: string): readonly Problem[] {
  if (!ref) return []
  if (!ref.fieldPath) return [required(`${field}.fieldPath`)]
  return FIELD_PATH.test(ref.fieldPath)
    ? []
    : [
        invalid(
          `${field}.fieldPath`,
          ref.fieldPath,
          `error converting fieldPath: field label not supported: ${ref.fieldPath}`,
        ),
      ]
}

function validateKeyRef(
  ref: { readonly name?: string | null | undefined; readonly key?: string | null | undefined } | null | undefined,
  field: string,
): readonly Problem[] {
  if (!ref) return []
  const detail = findSubdomainProblem(ref.name ?? '')
  return [
    ...(detail === undefined ? [] : [invalid(`${field}.name`, ref.name ?? '', detail)]),
    ...requireName(`${field}.key`, ref.key, findConfigKeyProblem),
  ]
}

export const validateEnvFrom = (sources: readonly EnvFrom[], field: string): readonly Problem[] =>
  sources.flatMap(({ prefix, configMapRef, secretRef }, index) => {
    const at = `${field}[${index}]`
    const isBoth = Boolean(configMapRef && secretRef)
    return [
      ...requireSyntax(`${at}.prefix`, prefix, findEnvNameProblem),
      ...(configMapRef ? requireName(`${at}.configMapRef.name`, configMapRef.name, findSubdomainProblem) : []),
      ...(secretRef ? requireName(`${at}.secretRef.name`, secretRef.name, findSubdomainProblem) : []),
      ...(configMapRef || secretRef ? [] : [invalid(field, '', NO_BULK_SOURCE)]),
      ...(isBoth ? [invalid(field, '', TWO_SOURCES)] : []),
    ]
  })
