/**
 * The resources served right now: built-in kinds for good, custom ones while their CRD exists. It answers "which resource is
 * this path or this owner reference about"; it must not touch objects.
 */
import { apiVersionOf, type ResourceType } from './resource-type.ts'

export interface Registry {
  all(): readonly ResourceType[]
  find(group: string, version: string, plural: string): ResourceType | undefined
  findKind(apiVersion: string, kind: string): ResourceType | undefined
  /** The storage view of a bucket: any version of the resource that keeps its objects there. */
  ofBucket(bucket: string): ResourceType | undefined
  /** Replaces what one CRD serves; an empty list withdraws it. */
  setCustom(bucket: string, types: readonly ResourceType[]): void
}

export const createRegistry = (builtin: readonly ResourceType[]): Registry => {
  const custom = new Map<string, readonly ResourceType[]>()
  let served: readonly ResourceType[] = builtin
  return {
    all: () => served,
    find: (group, version, plural) =>
      served.find((type) => type.plural === plural && type.group === group && type.version === version),
    findKind: (apiVersion, kind) => served.find((type) => type.kind === kind && apiVersionOf(type) === apiVersion),
    ofBucket: (bucket) => served.find((type) => type.bucket === bucket),
    setCustom(bucket, types) {
      if (types.length === 0) custom.delete(bucket)
      else custom.set(bucket, types)
      served = [...builtin, ...[...custom.values()].flat()]
    },
  }
}
