/**
 * What the server knows of one served resource: its names, its schema, its subresources and the rules that are its own. The
 * built-in kinds and registered CRDs are both described this way; the request handlers see nothing else.
 */
import type { Cause, Named } from './errors.ts'
import type { JsonObject, Stored } from './json.ts'
import type { Schema } from './schema/structural-schema.ts'

export interface ScalePaths {
  readonly specReplicasPath: string
  readonly statusReplicasPath: string
  readonly labelSelectorPath?: string
}

/** One column of a Table answer. Priority 0 columns are shown by default, others with `-o wide`. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  read(object: Stored, now: number): unknown
}

export interface WriteContext {
  readonly now: number
  /** A ClusterIP that no Service has yet. */
  readonly allocateIp: () => string
}

/** Rules of one kind. All are optional; what is absent behaves as a plain resource. */
export interface KindRules {
  /** Fills in what the real server fills in; changes `object`. */
  applyDefaults?(object: Stored, context: WriteContext): void
  /** Sets what a new object starts with and drops what clients may not set. */
  prepareCreate?(object: Stored, context: WriteContext): void
  prepareUpdate?(object: Stored, previous: Stored): void
  /** `previous` is absent for a create. */
  validate?(object: Stored, previous: Stored | undefined): Cause[]
  /** PUT and PATCH need no resourceVersion; true for nearly all built-in kinds. */
  readonly allowsUnconditionalUpdate?: boolean
  /** PUT of an unknown name creates it. */
  readonly allowsCreateOnUpdate?: boolean
  /** metadata.generation counts changes of the desired state. */
  readonly keepsGeneration?: boolean
  /** Status given at creation is kept (nodes, for instance). */
  readonly keepsStatusAtCreate?: boolean
  /** DELETE answers with the object instead of a Status. */
  readonly returnsDeleted?: boolean
  /** A DELETE only marks it; the lifecycle removes it once what it contains has gone. */
  readonly isEmptiedFirst?: boolean
  /** Changes what a DELETE marks but does not remove. */
  markDeleted?(object: Stored): Stored
  /** Seconds an object lingers after DELETE; undefined means it goes at once. */
  gracePeriod?(object: Stored, asked: number | undefined): number | undefined
}

export interface ResourceType extends Named {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  /** Where objects are kept; versions of one resource share it. */
  readonly bucket: string
  readonly isCustom: boolean
  readonly schema: Schema
  readonly hasStatus: boolean
  readonly scale?: ScalePaths
  /** Further POST subresources: eviction, binding, token. */
  readonly actions: readonly string[]
  readonly selectableFields: readonly string[]
  readonly columns: readonly Column[]
  readonly rules: KindRules
  /** Between the stored form and this version's; absent when only apiVersion differs. */
  readonly convert?: { toServed(object: Stored): Stored; toStored(object: Stored): Stored }
}

export const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

export const apiVersionOf = (type: Pick<ResourceType, 'group' | 'version'>): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`

/** The object as this version of the resource shows it. */
export const toServed = (type: ResourceType, object: Stored): Stored => {
  const apiVersion = apiVersionOf(type)
  if (type.convert !== undefined && object.apiVersion !== apiVersion) return type.convert.toServed(object)
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

/** Fields of an object that are desired state: all but its envelope and status. */
export const desiredState = (object: Stored, hasStatus: boolean): JsonObject => {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = object
  if (hasStatus) delete rest.status
  return rest
}
