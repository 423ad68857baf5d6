/**
 * Field ownership. A manager that writes takes the fields it changed from the others; a manager that applies owns what its
 * configuration contains, conflicts with owners of fields it would change, and lets go of what it no longer mentions.
 */
import { applyConflict, type Cause } from '../errors.ts'
import { asObject, deepEqual, isObject, type JsonObject, type ManagedFieldsEntry, type Stored } from '../json.ts'
import type { Schema } from '../schema/structural-schema.ts'
import {
  compare,
  difference,
  type FieldSet,
  fieldsOf,
  intersection,
  isEmptySet,
  listPaths,
  parseFieldSet,
  renderFieldSet,
  union,
} from './field-set.ts'
import { overlay, takeFields } from './merge.ts'

/** Who writes, with which version of the API, through which subresource, and when (RFC 3339). */
export interface Writer {
  readonly manager: string
  readonly apiVersion: string
  readonly subresource?: string
  readonly time: string
}

const ownableMeta = ['labels', 'annotations', 'ownerReferences', 'finalizers']

/** The part of an object that managers can own: no envelope, no system metadata. */
const ownable = (object: Stored | undefined): JsonObject => {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object ?? { metadata: {} }
  const meta = Object.entries(metadata).filter(([field, value]) => ownableMeta.includes(field) && value !== undefined)
  return meta.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(meta) }
}

const entriesOf = (object: Stored | undefined): readonly ManagedFieldsEntry[] => object?.metadata.managedFields ?? []

const isSameManager = (entry: ManagedFieldsEntry, writer: Writer, operation: 'Apply' | 'Update'): boolean =>
  entry.manager === writer.manager &&
  entry.operation === operation &&
  (entry.subresource ?? '') === (writer.subresource ?? '') &&
  (operation === 'Apply' || entry.apiVersion === writer.apiVersion)

const renderEntry = (writer: Writer, operation: 'Apply' | 'Update', set: FieldSet): ManagedFieldsEntry => ({
  manager: writer.manager,
  operation,
  apiVersion: writer.apiVersion,
  time: writer.time,
  fieldsType: 'FieldsV1',
  fieldsV1: renderFieldSet(set),
  ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
})

const haveCommon = (a: FieldSet, b: FieldSet): boolean => {
  if (a.isMember && b.isMember) return true
  for (const [element, child] of a.children) {
    const other = b.children.get(element)
    if (other !== undefined && haveCommon(child, other)) return true
  }
  return false
}

/** Takes `lost` away from an entry; undefined when nothing is left to own. */
const shrink = (entry: ManagedFieldsEntry, lost: FieldSet): ManagedFieldsEntry | undefined => {
  if (isEmptySet(lost)) return entry
  const before = parseFieldSet(entry.fieldsV1)
  if (!isEmptySet(before) && !haveCommon(before, lost)) return entry
  const left = difference(before, lost)
  if (isEmptySet(left)) return undefined
  const fieldsV1 = renderFieldSet(left)
  return deepEqual(fieldsV1, entry.fieldsV1) ? entry : { ...entry, fieldsV1 }
}

const isEntry = (entry: ManagedFieldsEntry | undefined): entry is ManagedFieldsEntry => entry !== undefined

const withManagedFields = (object: Stored, entries: readonly ManagedFieldsEntry[]): Stored => {
  const { managedFields: _old, ...metadata } = object.metadata
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: [...entries] } }
}

const isReadable = ({ manager, operation, fieldsV1 }: ManagedFieldsEntry): boolean =>
  typeof manager === 'string' && (operation === 'Apply' || operation === 'Update') && isObject(fieldsV1)

/**
 * The ownership that an update starts from: a client may let entries go by sending fewer, and empties the list by one empty entry. A list that is
 * absent, empty or unreadable was not meant, and a subresource cannot change it.
 */
const entriesSent = (live: Stored, next: Stored, writer: Writer): readonly ManagedFieldsEntry[] => {
  const sent: unknown = next.metadata.managedFields
  if (writer.subresource !== undefined || !Array.isArray(sent) || sent.length === 0) return entriesOf(live)
  if (sent.length === 1 && isObject(sent[0]) && Object.keys(sent[0]).length === 0) return []
  const entries = entriesOf(next)
  return entries.every((entry) => isObject(entry) && isReadable(entry)) ? entries : entriesOf(live)
}

/** After a create, update or patch: `after` with the ownership that follows from what was sent and what changed since `before`. */
export const trackUpdate = (before: Stored | undefined, after: Stored, schema: Schema, writer: Writer): Stored => {
  const old = before === undefined ? [] : entriesSent(before, after, writer)
  // What is there and owned by nobody stays so until somebody applies.
  if (before !== undefined && old.length === 0) return withManagedFields(after, [])
  const { changed, removed } = compare(ownable(before), ownable(after), schema)
  const mine = old.find((entry) => isSameManager(entry, writer, 'Update'))
  const others = old.filter((entry) => entry !== mine).map((entry) => shrink(entry, union(changed, removed)))
  const owned = difference(union(parseFieldSet(mine?.fieldsV1 ?? {}), changed), removed)
  const isUnchanged = mine !== undefined && deepEqual(renderFieldSet(owned), mine.fieldsV1)
  const entry = isUnchanged ? mine : isEmptySet(owned) ? undefined : renderEntry(writer, 'Update', owned)
  return withManagedFields(after, [...others, entry].filter(isEntry))
}

/** How an owner is named in a conflict. */
const renderManager = (entry: ManagedFieldsEntry): string => {
  const name = JSON.stringify(entry.manager)
  const via = entry.subresource === undefined ? name : `${name} with subresource ${JSON.stringify(entry.subresource)}`
  if (entry.operation === 'Apply') return via
  return entry.time === undefined
    ? `${via} using ${entry.apiVersion}`
    : `${via} using ${entry.apiVersion} at ${entry.time}`
}

const renderConflict = (conflicts: readonly (readonly [ManagedFieldsEntry, readonly string[]])[]): string => {
  const [first] = conflicts
  const count = conflicts.reduce((sum, [, paths]) => sum + paths.length, 0)
  if (first !== undefined && count === 1)
    return `Apply failed with 1 conflict: conflict with ${renderManager(first[0])}: ${first[1][0]}`
  const blocks = conflicts.map(
    ([entry, paths]) => `conflicts with ${renderManager(entry)}:\n${paths.map((path) => `- ${path}`).join('\n')}`,
  )
  return `Apply failed with ${count} conflicts: ${blocks.join('\n')}`
}

const failOnConflicts = (others: readonly ManagedFieldsEntry[], contested: FieldSet): void => {
  const conflicts = others
    .map((entry) => [entry, listPaths(intersection(parseFieldSet(entry.fieldsV1), contested))] as const)
    .filter(([, paths]) => paths.length > 0)
  if (conflicts.length === 0) return
  const causes: Cause[] = conflicts.flatMap(([entry, paths]) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${renderManager(entry)}`, field })),
  )
  throw applyConflict(renderConflict(conflicts), causes)
}

/** An object that nobody owns belongs to everybody who wrote it before the first apply. */
const entriesBefore = (live: Stored, schema: Schema, writer: Writer): readonly ManagedFieldsEntry[] => {
  const old = entriesOf(live)
  if (old.length > 0) return old
  return [renderEntry({ ...writer, manager: 'before-first-apply' }, 'Update', fieldsOf(ownable(live), schema))]
}

export interface Applied {
  /** The live object with the configuration laid over it and abandoned fields taken out; ownership not yet set. */
  readonly merged: Stored
  /** Puts ownership on the object as it was finally prepared (defaulted, pruned). */
  readonly track: (prepared: Stored) => Stored
}

/** Server-side apply of `config` (without managedFields) on `live`. Throws a 409 that names every conflict unless forced. */
export const applyConfiguration = (
  live: Stored | undefined,
  config: Stored,
  schema: Schema,
  writer: Writer,
  force: boolean,
): Applied => {
  const applied = fieldsOf(ownable(config), schema)
  const old = live === undefined ? [] : entriesBefore(live, schema, writer)
  const mine = old.find((entry) => isSameManager(entry, writer, 'Apply'))
  const others = old.filter((entry) => entry !== mine)
  const laid = overlay(ownable(live), ownable(config), schema)
  const abandoned = difference(parseFieldSet(mine?.fieldsV1 ?? {}), applied)
  const kept = others.reduce((set, entry) => union(set, parseFieldSet(entry.fieldsV1)), applied)
  const result = asObject(takeFields(laid, abandoned, kept, schema))
  const contested = compare(ownable(live), result, schema).changed
  if (!force) failOnConflicts(others, contested)
  const base = live ?? config
  const system = Object.fromEntries(Object.entries(base.metadata).filter(([field]) => !ownableMeta.includes(field)))
  const merged = {
    ...result,
    apiVersion: config.apiVersion,
    kind: config.kind,
    metadata: { ...system, name: base.metadata.name, ...asObject(result.metadata) },
  }
  return { merged, track: (prepared) => track(live, prepared, schema, writer, { applied, mine, others }) }
}

interface Ownership {
  readonly applied: FieldSet
  readonly mine: ManagedFieldsEntry | undefined
  readonly others: readonly ManagedFieldsEntry[]
}

const track = (live: Stored | undefined, prepared: Stored, schema: Schema, writer: Writer, was: Ownership): Stored => {
  const { changed, removed } = compare(ownable(live), ownable(prepared), schema)
  const others = was.others.map((entry) => shrink(entry, union(changed, removed))).filter(isEntry)
  const isUnchanged = was.mine !== undefined && deepEqual(renderFieldSet(was.applied), was.mine.fieldsV1)
  const entry = isUnchanged && was.mine !== undefined ? was.mine : renderEntry(writer, 'Apply', was.applied)
  return withManagedFields(prepared, isEmptySet(was.applied) ? others : [...others, entry])
}
