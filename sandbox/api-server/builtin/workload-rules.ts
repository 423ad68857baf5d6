/**
 * Defaults and rules of the kinds that make pods: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job. Selectors cannot change
 * and must match the template, or a controller would adopt what it did not make.
 */
import type { Cause } from '../errors.ts'
import { asObject, deepEqual, isObject, type JsonObject, type Stored } from '../json.ts'
import type { KindRules } from '../resource-type.ts'
import { valueForbidden, valueInvalid, valueRequired } from '../schema/validate.ts'
import { matchesSelector } from '../selectors.ts'
import { validateLabels } from '../validate-metadata.ts'
import { defaultTemplate, validatePodSpec } from './pod-template.ts'

export const specOf = (object: Stored): JsonObject => {
  if (!isObject(object.spec)) object.spec = {}
  return asObject(object.spec)
}

const setDefaults = (spec: JsonObject, values: JsonObject): void => {
  for (const [field, value] of Object.entries(values)) if (spec[field] === undefined) spec[field] = value
}

const labelsOf = (spec: JsonObject): Record<string, string> => {
  const { labels } = asObject(asObject(spec.template).metadata)
  return Object.fromEntries(Object.entries(asObject(labels)).map(([key, value]) => [key, String(value)]))
}

const isEmptySelector = (selector: JsonObject): boolean => {
  const { matchLabels, matchExpressions } = selector
  const hasExpressions = Array.isArray(matchExpressions) && matchExpressions.length > 0
  return Object.keys(asObject(matchLabels)).length === 0 && !hasExpressions
}

const validateSelector = (spec: JsonObject): Cause[] => {
  const { selector } = spec
  if (!isObject(selector)) return [valueRequired('spec.selector')]
  if (isEmptySelector(selector))
    return [valueInvalid('spec.selector', selector, 'empty selector is invalid for deployment')]
  const labels = labelsOf(spec)
  if (matchesSelector(selector, labels)) return []
  return [valueInvalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]
}

const validateReplicas = (spec: JsonObject): Cause[] =>
  typeof spec.replicas === 'number' && spec.replicas < 0
    ? [valueInvalid('spec.replicas', spec.replicas, 'must be greater than or equal to 0')]
    : []

const validateWorkload = (object: Stored, previous: Stored | undefined): Cause[] => {
  const spec = asObject(object.spec)
  const before = asObject(previous?.spec).selector
  const isChanged = previous !== undefined && !deepEqual(spec.selector, before)
  return [
    ...validateReplicas(spec),
    ...validateSelector(spec),
    ...validateLabels(asObject(asObject(spec.template).metadata).labels, 'spec.template.labels'),
    ...validatePodSpec(asObject(spec.template).spec, 'spec.template.spec', ['Always']),
    ...(isChanged ? [valueInvalid('spec.selector', spec.selector, 'field is immutable')] : []),
  ]
}

/** Legacy behaviour of workloads: ordinary generation counting, updates without resourceVersion. */
const workload = (defaults: (spec: JsonObject) => void): KindRules => ({
  keepsGeneration: true,
  allowsUnconditionalUpdate: true,
  applyDefaults(object) {
    const spec = specOf(object)
    defaults(spec)
    defaultTemplate(spec)
  },
  validate: validateWorkload,
})

const defaultStrategy = (spec: JsonObject): void => {
  if (!isObject(spec.strategy)) spec.strategy = {}
  const strategy = asObject(spec.strategy)
  setDefaults(strategy, { type: 'RollingUpdate' })
  if (strategy.type !== 'RollingUpdate') return
  if (!isObject(strategy.rollingUpdate)) strategy.rollingUpdate = {}
  setDefaults(asObject(strategy.rollingUpdate), { maxUnavailable: '25%', maxSurge: '25%' })
}

const deploymentBase = workload((spec) => {
  setDefaults(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 })
  defaultStrategy(spec)
})

const validateStrategy = (object: Stored): Cause[] => {
  const { strategy } = asObject(object.spec)
  const { type, rollingUpdate } = asObject(strategy)
  if (type === 'Recreate' && rollingUpdate !== undefined)
    return [valueForbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")]
  return []
}

export const deploymentRules: KindRules = {
  ...deploymentBase,
  validate: (object, previous) => [...validateWorkload(object, previous), ...validateStrategy(object)],
}

export const replicaSetRules: KindRules = workload((spec) => setDefaults(spec, { replicas: 1 }))

export const statefulSetRules: KindRules = workload((spec) =>
  setDefaults(spec, {
    replicas: 1,
    revisionHistoryLimit: 10,
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  }),
)

export const daemonSetRules: KindRules = workload((spec) =>
  setDefaults(spec, {
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
  }),
)

/** A Job's selector is made from its uid, so that two Jobs never share pods. */
const selectByUid = (object: Stored): void => {
  const spec = specOf(object)
  if (spec.manualSelector === true) return
  const { uid = '', name } = object.metadata
  const own = { 'batch.kubernetes.io/controller-uid': uid }
  spec.selector = { matchLabels: own }
  if (!isObject(spec.template)) spec.template = {}
  const template = asObject(spec.template)
  const metadata = asObject(template.metadata)
  const labels = {
    ...asObject(metadata.labels),
    ...own,
    'controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'job-name': name,
  }
  template.metadata = { ...metadata, labels }
}

export const jobRules: KindRules = {
  keepsGeneration: true,
  allowsUnconditionalUpdate: true,
  applyDefaults(object) {
    const spec = specOf(object)
    const single = spec.completions === undefined && spec.parallelism === undefined
    if (single) setDefaults(spec, { completions: 1 })
    setDefaults(spec, {
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      manualSelector: false,
    })
    defaultTemplate(spec)
  },
  prepareCreate: selectByUid,
  validate(object, previous) {
    const spec = asObject(object.spec)
    const before = asObject(previous?.spec)
    const isChanged = previous !== undefined && spec.suspend !== true && !deepEqual(spec.template, before.template)
    return [
      ...validatePodSpec(asObject(spec.template).spec, 'spec.template.spec', ['OnFailure', 'Never']),
      ...(isChanged ? [valueInvalid('spec.template', spec.template, 'field is immutable')] : []),
    ]
  },
}
