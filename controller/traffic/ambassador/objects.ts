/** Of Mappings, what this router reads and writes. Types only; a copy takes over everything else of its original. */
import type { KubeObject } from '../../api/meta.ts'

export interface MappingSpec {
  readonly service?: string
  readonly weight?: unknown
  readonly headers?: Readonly<Record<string, unknown>>
  readonly regex_headers?: Readonly<Record<string, unknown>>
}

export interface Mapping extends KubeObject {
  readonly spec?: MappingSpec
}
