/** PATCH: picks the patch dialect by content type, computes the next object, and hands it to the update path. */
import { parse as parseYaml } from 'yaml'
import { applyConfiguration } from '../apply/managed-fields.ts'
import { badRequest, invalidOptions, unsupportedMediaType } from '../errors.ts'
import { isObject, type JsonObject, type Stored } from '../json.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { applyStrategicPatch } from '../patch/strategic-patch.ts'
import type { ResourceType } from '../resource-type.ts'
import { prune } from '../schema/prune.ts'
import { valueRequired } from '../schema/validate.ts'
import type { Core, WriteOptions } from './context.ts'
import { createByApply, writerOf } from './create.ts'
import { decodeObject } from './prepare.ts'
import { readLive, updateObject } from './update.ts'

export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

type Dialect = keyof typeof patchTypes

/** Throws 415 with the accepted types. Custom kinds have no strategic merge. */
const parseDialect = (contentType: string | undefined, type: ResourceType): Dialect => {
  const accepted = (['json', 'merge', 'strategic', 'apply'] as const).filter(
    (dialect) => dialect !== 'strategic' || !type.isCustom,
  )
  const media = (contentType ?? '').split(';')[0]?.trim()
  const dialect = accepted.find((name) => patchTypes[name] === media)
  if (dialect === undefined) throw unsupportedMediaType(accepted.map((name) => patchTypes[name]))
  return dialect
}

const computeNext = (live: JsonObject, body: unknown, dialect: Dialect, type: ResourceType): JsonObject => {
  if (dialect === 'json') return applyJsonPatch(live, body)
  if (dialect === 'merge') return applyMergePatch(live, body)
  return applyStrategicPatch(live, body, type.schema)
}

export interface PatchAddress {
  readonly namespace: string | undefined
  readonly name: string
  readonly subresource: string | undefined
}

/** An applied configuration may not carry ownership, and only speaks for the path it is applied to. */
const decodeConfig = (body: unknown, type: ResourceType, address: PatchAddress): Stored => {
  const raw = typeof body === 'string' ? parseYaml(body) : body
  const config = decodeObject(raw, type)
  if (config.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil')
  if (config.metadata.name !== undefined && config.metadata.name !== address.name)
    throw badRequest('the name of the object does not match the name on the URL')
  config.metadata.name = address.name
  const { spec: _spec, status: _status, ...rest } = config
  if (address.subresource === 'status') {
    const { labels: _labels, annotations: _annotations, finalizers: _finalizers, ...metadata } = config.metadata
    const bare = { apiVersion: config.apiVersion, kind: config.kind, metadata }
    return config.status === undefined ? bare : { ...bare, status: config.status }
  }
  if (!type.hasStatus) return config
  const own = { ...rest, apiVersion: config.apiVersion, kind: config.kind, metadata: config.metadata }
  return config.spec === undefined ? own : { ...own, spec: config.spec }
}

const isStored = (value: unknown): value is Stored => isObject(value) && isObject(value.metadata)

const applyPatch = (
  core: Core,
  type: ResourceType,
  address: PatchAddress,
  body: unknown,
  options: WriteOptions,
): Stored => {
  if (options.fieldManager === '')
    throw invalidOptions('PatchOptions', valueRequired('fieldManager', 'is required for apply patch'))
  const { namespace, name, subresource } = address
  const decoded = decodeConfig(body, type, address)
  if (core.store.get(type.bucket, namespace, name) === undefined && subresource === undefined)
    return createByApply(core, type, namespace, decoded, options)
  const live = readLive(core, type, namespace, name)
  const config = prune(decoded, type.schema, '', [])
  if (!isStored(config)) throw badRequest('metadata must be an object')
  const writer = writerOf(core, type, options, subresource)
  const { merged, track } = applyConfiguration(live, config, type.schema, writer, options.force)
  const { resourceVersion } = decoded.metadata
  const next = {
    ...merged,
    metadata: { ...merged.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  }
  return updateObject(core, { type, live, next, subresource, options, track }, false)
}

export const patchObject = (
  core: Core,
  type: ResourceType,
  address: PatchAddress,
  contentType: string | undefined,
  body: unknown,
  options: WriteOptions,
): Stored => {
  const dialect = parseDialect(contentType, type)
  if (dialect === 'apply') return applyPatch(core, type, address, body, options)
  const live = readLive(core, type, address.namespace, address.name)
  const next = computeNext(live, body, dialect, type)
  if (!isStored(next)) throw badRequest('metadata must be an object')
  return updateObject(core, { type, live, next, subresource: address.subresource, options }, false)
}
