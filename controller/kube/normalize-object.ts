/** What a cache keeps of an object. Pure; it must not interpret what it keeps. */
import type { FieldManagerEntry, KubeObject } from '../api/meta.ts'
import type { ResourceKind } from './client.ts'
import { apiVersionOf } from './kinds.ts'

/**
 * The object as every consumer sees it: list items get the apiVersion and kind that only watch events carry, and managedFields
 * go, which would be half of the cache's memory; where they are asked for, what they say of the managers stays.
 */
export function normalizeObject<T extends KubeObject>(object: T, kind: ResourceKind, keepsManagers = false): T {
  const { managedFields = [], ...metadata } = object.metadata
  const managers = keepsManagers && managedFields.length > 0 ? { managedFields: managedFields.map(withoutFields) } : {}
  return {
    ...object,
    apiVersion: object.apiVersion ?? apiVersionOf(kind),
    kind: object.kind ?? kind.kind,
    metadata: { ...metadata, ...managers },
  }
}

const withoutFields = ({ manager, operation, time, subresource }: FieldManagerEntry): FieldManagerEntry => ({
  ...(manager === undefined ? {} : { manager }),
  ...(operation === undefined ? {} : { operation }),
  ...(time === undefined ? {} : { time }),
  ...(subresource === undefined ? {} : { subresource }),
})
