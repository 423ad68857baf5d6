/** What the server says about itself: groups, versions, resources, its version, and that it is healthy. */
import { type ApiResponse, answer } from '../api-message.ts'
import { pageNotFound } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { Registry } from '../registry.ts'
import type { ResourceType } from '../resource-type.ts'
import { renderOpenApi, renderOpenApiIndex } from './openapi.ts'

/** The Kubernetes release whose behaviour this server follows. */
const release = { major: '1', minor: '33', gitVersion: 'v1.33.0-penstock' }

const reviewKinds: readonly JsonObject[] = [
  'SelfSubjectAccessReview',
  'SubjectAccessReview',
  'LocalSubjectAccessReview',
  'SelfSubjectRulesReview',
].map((kind) => ({
  name: `${kind.toLowerCase()}s`,
  singularName: kind.toLowerCase(),
  namespaced: kind.startsWith('Local'),
  kind,
  verbs: ['create'],
}))

const reviewGroup = 'authorization.k8s.io'

const compareVersions = (a: string, b: string): number => {
  const rank = (version: string): string =>
    version
      .replace(/^v(\d+)$/, 'a$1')
      .replace(/^v(\d+)beta/, 'b$1')
      .replace(/^v/, 'c')
  return rank(a) < rank(b) ? -1 : 1
}

/** Group names with their versions, the preferred one first. */
const groupsOf = (registry: Registry): Map<string, string[]> => {
  const groups = new Map<string, string[]>([[reviewGroup, ['v1']]])
  for (const { group, version } of registry.all()) {
    if (group === '') continue
    const versions = groups.get(group) ?? []
    if (!versions.includes(version)) groups.set(group, [...versions, version].sort(compareVersions))
  }
  return groups
}

const renderGroup = (name: string, versions: readonly string[]): JsonObject => {
  const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: entries, preferredVersion: entries[0] }
}

const renderResource = (type: ResourceType): JsonObject[] => {
  const base = { namespaced: type.namespaced }
  const main: JsonObject = {
    name: type.plural,
    singularName: type.singular,
    ...base,
    kind: type.kind,
    verbs: [...type.verbs],
    ...(type.shortNames.length > 0 ? { shortNames: [...type.shortNames] } : {}),
    ...(type.categories.length > 0 ? { categories: [...type.categories] } : {}),
  }
  const sub = (name: string, kind: string, verbs: readonly string[], of?: JsonObject): JsonObject => ({
    name: `${type.plural}/${name}`,
    singularName: '',
    ...base,
    ...of,
    kind,
    verbs,
  })
  const change = ['get', 'patch', 'update']
  return [
    main,
    ...(type.hasStatus ? [sub('status', type.kind, change)] : []),
    ...(type.scale === undefined ? [] : [sub('scale', 'Scale', change, { group: 'autoscaling', version: 'v1' })]),
    ...(type.actions.includes('eviction')
      ? [sub('eviction', 'Eviction', ['create'], { group: 'policy', version: 'v1' })]
      : []),
    ...(type.actions.includes('binding') ? [sub('binding', 'Binding', ['create'])] : []),
    ...(type.actions.includes('token')
      ? [sub('token', 'TokenRequest', ['create'], { group: 'authentication.k8s.io', version: 'v1' })]
      : []),
  ]
}

const renderResources = (registry: Registry, group: string, version: string): JsonObject => {
  const types = registry.all().filter((type) => type.group === group && type.version === version)
  const isReviews = group === reviewGroup && version === 'v1'
  if (types.length === 0 && !isReviews) throw pageNotFound()
  const resources = isReviews ? reviewKinds : types.flatMap(renderResource)
  const groupVersion = group === '' ? version : `${group}/${version}`
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources }
}

const text = (body: string): ApiResponse => ({
  kind: 'bytes',
  code: 200,
  contentType: 'text/plain; charset=utf-8',
  text: body,
})

const fixed = (path: string, accept: string, registry: Registry): ApiResponse | undefined => {
  switch (path) {
    case '/healthz':
    case '/livez':
    case '/readyz':
      return text('ok')
    case '/version':
      return answer(200, {
        ...release,
        gitCommit: '',
        gitTreeState: 'clean',
        buildDate: '1970-01-01T00:00:00Z',
        goVersion: '',
        compiler: 'node',
        platform: 'linux/amd64',
      })
    case '/openapi/v2': {
      // An empty document is valid protobuf: clients that validate against it find nothing to object to.
      const wantsProtobuf = accept.includes('proto-openapi')
      if (wantsProtobuf)
        return {
          kind: 'bytes',
          code: 200,
          contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
          text: '',
        }
      return answer(200, {
        swagger: '2.0',
        info: { title: 'Kubernetes', version: release.gitVersion },
        paths: {},
        definitions: {},
      })
    }
    case '/openapi/v3':
      return answer(200, renderOpenApiIndex(registry))
    case '/api':
      return answer(200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] })
    case '/apis': {
      const groups = [...groupsOf(registry)].map(([name, versions]) => renderGroup(name, versions))
      return answer(200, { kind: 'APIGroupList', apiVersion: 'v1', groups })
    }
    default:
      return undefined
  }
}

/** The answer to a discovery request; undefined when the path is about objects. */
export const discover = (path: string, accept: string, registry: Registry): ApiResponse | undefined => {
  const known = fixed(path.replace(/(.)\/$/, '$1'), accept, registry)
  if (known !== undefined) return known
  if (path.startsWith('/openapi/v3/'))
    return answer(200, renderOpenApi(registry, path.slice('/openapi/v3/'.length), release.gitVersion))
  const [root, ...steps] = path.split('/').filter((step) => step !== '')
  const [first = '', second] = steps
  if (root === 'api' && steps.length === 1) return answer(200, renderResources(registry, '', first))
  if (root === 'apis' && steps.length === 2) return answer(200, renderResources(registry, first, second ?? ''))
  if (root === 'apis' && steps.length === 1) {
    const versions = groupsOf(registry).get(first)
    if (versions === undefined) throw pageNotFound()
    return answer(200, { kind: 'APIGroup', apiVersion: 'v1', ...renderGroup(first, versions) })
  }
  return undefined
}
