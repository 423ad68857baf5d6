/** core/v1 and events.k8s.io/v1 Events are one resource under two names; the store keeps the core form. */
import { asObject, type Stored } from '../json.ts'

const renamed: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
]

const rename = (object: Stored, apiVersion: string, pairs: readonly (readonly [string, string])[]): Stored => {
  const copy: Stored = { ...object, apiVersion, kind: object.kind, metadata: object.metadata }
  for (const [from, to] of pairs) {
    if (copy[from] === undefined) continue
    copy[to] = copy[from]
    delete copy[from]
  }
  return copy
}

export const eventConversion = {
  toServed: (object: Stored): Stored => rename(object, 'events.k8s.io/v1', renamed),
  toStored(object: Stored): Stored {
    const core = rename(
      object,
      'v1',
      renamed.map(([a, b]) => [b, a] as const),
    )
    return {
      ...core,
      apiVersion: core.apiVersion,
      kind: core.kind,
      metadata: core.metadata,
      involvedObject: asObject(core.involvedObject),
    }
  },
}
