/**
 * CustomResourceDefinitions as objects: what must be in them, and the status that says they are served. What they lead to is in
 * `custom-type.ts`.
 */
import { renderTime } from '../clock.ts'
import type { Cause } from '../errors.ts'
import { asArray, asObject, asString, isObject, type Stored } from '../json.ts'
import type { KindRules } from '../resource-type.ts'
import { valueInvalid, valueNotSupported, valueRequired } from '../schema/validate.ts'

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

const validateNames = (object: Stored): Cause[] => {
  const { group, names, scope } = asObject(object.spec)
  const { plural, kind } = asObject(names)
  const wanted = `${asString(plural)}.${asString(group)}`
  const scopes = ['Cluster', 'Namespaced']
  return [
    ...(group ? [] : [valueRequired('spec.group')]),
    ...(plural ? [] : [valueRequired('spec.names.plural')]),
    ...(kind ? [] : [valueRequired('spec.names.kind')]),
    ...(object.metadata.name === wanted
      ? []
      : [valueInvalid('metadata.name', object.metadata.name, 'must be spec.names.plural+"."+spec.group')]),
    ...(scopes.includes(asString(scope)) ? [] : [valueNotSupported('spec.scope', scope ?? '', scopes)]),
  ]
}

const validateVersions = (object: Stored): Cause[] => {
  const versions = asArray(asObject(object.spec).versions).filter(isObject)
  const stored = versions.filter((version) => version.storage === true)
  const schemaless = versions.flatMap((version, index) =>
    isObject(asObject(version.schema).openAPIV3Schema)
      ? []
      : [valueRequired(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required')],
  )
  if (stored.length === 1) return schemaless
  return [
    ...schemaless,
    valueInvalid('spec.versions', versions.length, 'must have exactly one version marked as storage version'),
  ]
}

const condition = (type: string, reason: string, message: string, now: number) => ({
  type,
  status: 'True',
  lastTransitionTime: renderTime(now),
  reason,
  message,
})

export const crdRules: KindRules = {
  allowsUnconditionalUpdate: true,
  keepsGeneration: true,
  keepsStatusAtCreate: true,
  applyDefaults(object) {
    const spec = asObject(object.spec)
    const names = asObject(spec.names)
    if (isObject(spec.names)) {
      if (!names.singular) names.singular = asString(names.kind).toLowerCase()
      if (!names.listKind) names.listKind = `${asString(names.kind)}List`
    }
    if (isObject(object.spec) && spec.conversion === undefined) spec.conversion = { strategy: 'None' }
  },
  prepareCreate(object, { now }) {
    const { names, versions } = asObject(object.spec)
    const stored = asArray(versions)
      .map(asObject)
      .filter((version) => version.storage === true)
    object.metadata.finalizers = [cleanupFinalizer]
    object.status = {
      acceptedNames: names,
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found', now),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted', now),
      ],
      storedVersions: stored.map((version) => version.name),
    }
  },
  validate: (object) => [...validateNames(object), ...validateVersions(object)],
}
