/** How objects are shown when the client asks for something else than themselves: Table rows, or metadata only. */
import { asString, type JsonObject, type Stored } from '../json.ts'
import { apiVersionOf, type ResourceType } from '../resource-type.ts'
import type { Page } from './list.ts'

/** What the Accept header asks for. */
export type View = 'object' | 'table' | 'metadata'

export const parseView = (accept: string | undefined): View => {
  for (const media of (accept ?? '').split(',')) {
    const parameters = media.split(';').map((part) => part.trim())
    if (parameters[0] !== 'application/json') continue
    if (parameters.includes('as=Table')) return 'table'
    if (parameters.some((part) => part.startsWith('as=PartialObjectMetadata'))) return 'metadata'
    if (parameters.every((part) => !part.startsWith('as='))) return 'object'
  }
  return 'object'
}

const metaVersion = 'meta.k8s.io/v1'

export const renderMetadataOnly = (object: Stored): JsonObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: metaVersion,
  metadata: object.metadata,
})

const renderDefinitions = (type: ResourceType): JsonObject[] =>
  type.columns.map(({ name, type: columnType, format, description, priority }) => ({
    name,
    type: columnType,
    format: format ?? '',
    description: description ?? '',
    priority: priority ?? 0,
  }))

/** `includeObject`: Metadata (default), Object or None. */
const renderRow = (type: ResourceType, object: Stored, now: number, include: string): JsonObject => ({
  cells: type.columns.map((column) => column.read(object, now) ?? null),
  ...(include === 'None' ? {} : { object: include === 'Object' ? object : renderMetadataOnly(object) }),
})

export const renderTable = (type: ResourceType, page: Page, query: URLSearchParams, now: number): JsonObject => ({
  kind: 'Table',
  apiVersion: metaVersion,
  metadata: page.metadata,
  columnDefinitions: renderDefinitions(type),
  rows: page.items.map((object) => renderRow(type, object, now, asString(query.get('includeObject') ?? 'Metadata'))),
})

/** One object as the view shows it. */
export const renderObject = (
  view: View,
  type: ResourceType,
  object: Stored,
  query: URLSearchParams,
  now: number,
): JsonObject => {
  if (view === 'metadata') return renderMetadataOnly(object)
  if (view === 'object') return object
  const { resourceVersion } = object.metadata
  return renderTable(type, { items: [object], metadata: { resourceVersion } }, query, now)
}

export const renderPage = (
  view: View,
  type: ResourceType,
  page: Page,
  query: URLSearchParams,
  now: number,
): JsonObject => {
  if (view === 'table') return renderTable(type, page, query, now)
  if (view === 'metadata') {
    const items = page.items.map(renderMetadataOnly)
    return { kind: 'PartialObjectMetadataList', apiVersion: metaVersion, metadata: page.metadata, items }
  }
  return { kind: type.listKind, apiVersion: apiVersionOf(type), metadata: page.metadata, items: page.items }
}
