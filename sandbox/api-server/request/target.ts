/**
 * From method and path to what a request is about: the resource, the object, the subresource and the verb. Paths that name
 * nothing served are a 404 here.
 */
import type { ApiRequest } from '../api-message.ts'
import { badRequest, methodNotAllowed, pageNotFound } from '../errors.ts'
import type { Registry } from '../registry.ts'
import type { ResourceType } from '../resource-type.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

export interface Target {
  readonly type: ResourceType
  readonly verb: Verb
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
}

interface Address {
  readonly group: string
  readonly version: string
  readonly rest: readonly string[]
}

const decode = (step: string): string => {
  try {
    return decodeURIComponent(step)
  } catch {
    throw badRequest(`the path has a step that is not percent-encoded text: ${step}`)
  }
}

const parseAddress = (path: string): Address | undefined => {
  const [root, ...steps] = path.split('/').filter((step) => step !== '')
  const decoded = steps.map(decode)
  if (root === 'api') return { group: '', version: decoded[0] ?? '', rest: decoded.slice(1) }
  if (root === 'apis') return { group: decoded[0] ?? '', version: decoded[1] ?? '', rest: decoded.slice(2) }
  return undefined
}

const objectVerbs: Readonly<Record<string, Verb>> = {
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  POST: 'create',
}

const verbOf = (request: ApiRequest, name: string | undefined, subresource: string | undefined): Verb => {
  const isWatch = ['true', '1'].includes(request.query.get('watch') ?? '')
  if (name !== undefined) {
    if (request.method === 'GET' && isWatch && subresource === undefined) return 'watch'
    const verb = objectVerbs[request.method]
    if (verb === undefined || (verb === 'create' && subresource === undefined)) throw methodNotAllowed()
    return verb
  }
  if (request.method === 'GET') return isWatch ? 'watch' : 'list'
  if (request.method === 'POST') return 'create'
  if (request.method === 'DELETE') return 'deletecollection'
  throw methodNotAllowed()
}

/** `namespaces/NS/PLURAL/...` except for the namespaces themselves and their own subresources. */
const splitNamespace = (rest: readonly string[]): { namespace: string | undefined; steps: readonly string[] } => {
  const [first, namespace, third] = rest
  const isScoped = first === 'namespaces' && third !== undefined && !['status', 'finalize'].includes(third)
  return isScoped ? { namespace, steps: rest.slice(2) } : { namespace: undefined, steps: rest }
}

const hasSubresource = (type: ResourceType, subresource: string): boolean =>
  (subresource === 'status' && type.hasStatus) ||
  (subresource === 'scale' && type.scale !== undefined) ||
  type.actions.includes(subresource)

/** Throws 404 for unknown resources and subresources, 405 for methods that the path does not take. */
export const parseTarget = (request: ApiRequest, registry: Registry): Target => {
  const address = parseAddress(request.path)
  if (address === undefined) throw pageNotFound()
  const { namespace, steps } = splitNamespace(address.rest)
  const [plural, name, subresource, ...further] = steps
  const type = registry.find(address.group, address.version, plural ?? '')
  if (type === undefined || further.length > 0) throw pageNotFound()
  if (subresource !== undefined && !hasSubresource(type, subresource)) throw pageNotFound()
  const isAcrossNamespaces = type.namespaced && namespace === undefined
  if ((namespace !== undefined && !type.namespaced) || (isAcrossNamespaces && name !== undefined)) throw pageNotFound()
  const verb = verbOf(request, name, subresource)
  if (subresource === undefined && !type.verbs.includes(verb)) throw methodNotAllowed()
  if (isAcrossNamespaces && verb === 'deletecollection') throw methodNotAllowed()
  return { type, verb, namespace, name, subresource }
}
