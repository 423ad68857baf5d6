/**
 * JSON values as the server handles them, and the shape every stored object has. It holds only value operations; nothing here
 * knows Kubernetes' rules.
 */

export type JsonObject = { [field: string]: unknown }

export interface ManagedFieldsEntry {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time?: string
  fieldsType: 'FieldsV1'
  fieldsV1: JsonObject
  subresource?: string
}

export interface OwnerRef {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface Meta {
  name: string
  namespace?: string
  generateName?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerRef[]
  finalizers?: string[]
  managedFields?: ManagedFieldsEntry[]
}

/** An object on its way into, inside, or out of the store. What is inside the store is frozen. */
export interface Stored {
  apiVersion: string
  kind: string
  metadata: Meta
  [field: string]: unknown
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {})

export const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const asString = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Structural equality; the order of fields does not matter, the order of list items does. */
export const deepEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => deepEqual(item, b[index]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && deepEqual(a[key], b[key]))
  )
}

export const deepFreeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const child of Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}

/** Whether this object or list is a part of a stored one: nothing else is frozen. It was pruned, defaulted and validated on its way in. */
export const isFrozenTree = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.isFrozen(value)

/** A fresh, unfrozen copy of a JSON value; several times as fast as `structuredClone`. */
export const clone = <T>(value: T): T => cloneJson(value) as T

/** A field of that name would be taken for the prototype. */
const PROTOTYPE = '__proto__'

/** A fresh copy as it would arrive over the wire: fields that are undefined are absent. */
export const cloneJson = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : cloneJson(item)))
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const field of Object.keys(value)) {
    const child = value[field]
    if (child === undefined) continue
    if (field !== PROTOTYPE) copy[field] = cloneJson(child)
    else
      Object.defineProperty(copy, field, {
        value: cloneJson(child),
        writable: true,
        enumerable: true,
        configurable: true,
      })
  }
  return copy
}

/** The value at a dotted path such as `.spec.replicas` or `metadata.name`; undefined when any step is missing. */
export const readPath = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .filter((step) => step !== '')
    .reduce<unknown>((at, step) => (isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined), value)

/** A copy of `object` with the value at a dotted path replaced (undefined removes it). */
export const withPath = (object: JsonObject, path: string, value: unknown): JsonObject => {
  const [step, ...rest] = path.split('.').filter((part) => part !== '')
  if (step === undefined) return object
  const next = rest.length === 0 ? value : withPath(asObject(object[step]), rest.join('.'), value)
  const copy = { ...object, [step]: next }
  if (next === undefined) delete copy[step]
  return copy
}

/** A scalar as text; anything else is empty. */
export const renderScalar = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
