/** The scale subresource: an autoscaling/v1 Scale read from, and written to, the paths that the resource names. */
import { badRequest, notFound } from '../errors.ts'
import { asObject, asString, isObject, type JsonObject, readPath, type Stored, withPath } from '../json.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import type { ResourceType, ScalePaths } from '../resource-type.ts'
import type { Core, WriteOptions } from './context.ts'
import { patchTypes } from './patch.ts'
import { readLive, updateObject } from './update.ts'

interface Address {
  readonly namespace: string | undefined
  readonly name: string
}

const scaleOf = (type: ResourceType): ScalePaths => {
  if (type.scale === undefined) throw notFound(type, 'scale')
  return type.scale
}

const renderExpression = (raw: unknown): string => {
  const { key, operator, values } = asObject(raw)
  const list = Array.isArray(values) ? values.map(asString).join(',') : ''
  if (operator === 'Exists') return asString(key)
  if (operator === 'DoesNotExist') return `!${asString(key)}`
  return `${asString(key)} ${asString(operator).toLowerCase()} (${list})`
}

/** A selector in its text form. CRDs keep text in status; built-in kinds keep an object in spec. */
const renderSelector = (value: unknown): string => {
  if (!isObject(value)) return asString(value)
  const labels = Object.entries(asObject(value.matchLabels)).map(([key, label]) => `${key}=${String(label)}`)
  const expressions = Array.isArray(value.matchExpressions) ? value.matchExpressions.map(renderExpression) : []
  return [...labels.sort(), ...expressions].join(',')
}

const renderScale = (object: Stored, paths: ScalePaths): JsonObject => {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector =
    paths.labelSelectorPath === undefined ? '' : renderSelector(readPath(object, paths.labelSelectorPath))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(readPath(object, paths.specReplicasPath) ?? 0) },
    status: {
      replicas: Number(readPath(object, paths.statusReplicasPath) ?? 0),
      ...(selector === '' ? {} : { selector }),
    },
  }
}

export const readScale = (core: Core, type: ResourceType, { namespace, name }: Address): JsonObject =>
  renderScale(readLive(core, type, namespace, name), scaleOf(type))

const isStored = (value: JsonObject): value is Stored => isObject(value.metadata)

const writeReplicas = (
  core: Core,
  type: ResourceType,
  live: Stored,
  scale: JsonObject,
  options: WriteOptions,
): JsonObject => {
  const paths = scaleOf(type)
  const replicas = asObject(scale.spec).replicas ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) throw badRequest('spec.replicas must be an integer')
  const next = withPath(live, paths.specReplicasPath, replicas)
  if (!isStored(next)) throw badRequest('the scale path leads outside the object')
  const resourceVersion = asObject(scale.metadata).resourceVersion
  const { resourceVersion: _live, ...metadata } = next.metadata
  const versioned = typeof resourceVersion === 'string' ? { ...metadata, resourceVersion } : metadata
  const change = { type, live, next: { ...next, metadata: versioned }, subresource: 'scale', options }
  return renderScale(updateObject(core, change, true), paths)
}

export const replaceScale = (
  core: Core,
  type: ResourceType,
  { namespace, name }: Address,
  body: unknown,
  options: WriteOptions,
): JsonObject => writeReplicas(core, type, readLive(core, type, namespace, name), asObject(body), options)

/** JSON and merge patches; a strategic patch of a Scale is a merge patch, it has no lists. */
export const patchScale = (
  core: Core,
  type: ResourceType,
  { namespace, name }: Address,
  contentType: string | undefined,
  body: unknown,
  options: WriteOptions,
): JsonObject => {
  const live = readLive(core, type, namespace, name)
  const scale = renderScale(live, scaleOf(type))
  const patched = contentType?.startsWith(patchTypes.json) ? applyJsonPatch(scale, body) : applyMergePatch(scale, body)
  return writeReplicas(core, type, live, patched, options)
}
