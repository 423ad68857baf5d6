/**
 * OpenAPI v3, as little of it as clients act on: which group versions are served, and that writes take `fieldValidation` and
 * `dryRun`. kubectl then leaves validation to the server. Schemas are not published.
 */
import { pageNotFound } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { Registry } from '../registry.ts'
import { apiVersionOf, type ResourceType } from '../resource-type.ts'

/** `api/v1` or `apis/GROUP/VERSION`. */
const rootOf = (type: ResourceType): string =>
  type.group === '' ? `api/${type.version}` : `apis/${apiVersionOf(type)}`

export const renderOpenApiIndex = (registry: Registry): JsonObject => {
  const roots = [...new Set(registry.all().map(rootOf))]
  return { paths: Object.fromEntries(roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}?hash=0` }])) }
}

const queryParameter = (name: string): JsonObject => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
})

const renderOperation = ({ group, version, kind }: ResourceType): JsonObject => ({
  parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(queryParameter),
  responses: {},
  'x-kubernetes-group-version-kind': { group, version, kind },
})

const renderPaths = (type: ResourceType): (readonly [string, JsonObject])[] => {
  const collection = `/${rootOf(type)}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}`
  const operation = renderOperation(type)
  return [
    [collection, { post: operation }],
    [`${collection}/{name}`, { put: operation, patch: operation }],
  ]
}

/** The document of one group version. Throws 404 for one that is not served. */
export const renderOpenApi = (registry: Registry, root: string, version: string): JsonObject => {
  const types = registry.all().filter((type) => rootOf(type) === root)
  if (types.length === 0) throw pageNotFound()
  const paths = Object.fromEntries(types.flatMap(renderPaths))
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version }, paths, components: { schemas: {} } }
}
