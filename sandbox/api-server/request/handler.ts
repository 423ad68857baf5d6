/**
 * The one request handler, for HTTP and for in-process clients alike: discovery first, then the verb. Every failure becomes a
 * Status; nothing a client sends may escape as an exception.
 */
import { type ApiRequest, type ApiResponse, answer } from '../api-message.ts'
import { ApiError, badRequest, internal, invalidOptions, notFound, success } from '../errors.ts'
import type { FaultStatus, Faults, RequestFault } from '../faults.ts'
import type { JsonObject } from '../json.ts'
import { toServed } from '../resource-type.ts'
import { valueNotSupported } from '../schema/validate.ts'
import type { WatchHub } from '../watch-hub.ts'
import type { Core, WriteOptions } from './context.ts'
import { createObject } from './create.ts'
import { deleteObject, parseDeleteOptions } from './delete.ts'
import { discover } from './discovery.ts'
import { bindPod, evictPod } from './eviction.ts'
import { listObjects, parseSelectors } from './list.ts'
import { patchObject } from './patch.ts'
import { requestToken, review } from './reviews.ts'
import { patchScale, readScale, replaceScale } from './scale.ts'
import { parseView, renderObject, renderPage } from './table.ts'
import { parseTarget, type Target } from './target.ts'
import { readLive, replaceObject } from './update.ts'

export interface HandlerDeps {
  readonly core: Core
  readonly hub: WatchHub
  readonly faults: Faults | undefined
}

const validations = ['Strict', 'Warn', 'Ignore'] as const

const optionsKinds: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
}

const parseValidation = (value: string | null): WriteOptions['fieldValidation'] => {
  const found = validations.find((name) => name === (value ?? 'Warn'))
  if (found === undefined)
    throw invalidOptions('CreateOptions', valueNotSupported('fieldValidation', value, ['Ignore', 'Strict', 'Warn']))
  return found
}

const parseWriteOptions = ({ query, headers, method }: ApiRequest): WriteOptions => {
  const dryRun = query.get('dryRun')
  if (dryRun !== null && dryRun !== 'All')
    throw invalidOptions(optionsKinds[method] ?? 'CreateOptions', valueNotSupported('dryRun', dryRun, ['All']))
  const isApply = method === 'PATCH' && (headers['content-type'] ?? '').startsWith('application/apply-patch')
  const agent = (headers['user-agent'] ?? '').split('/')[0] ?? ''
  return {
    dryRun: dryRun === 'All',
    fieldManager: query.get('fieldManager') ?? (isApply ? '' : agent || 'unknown'),
    fieldValidation: parseValidation(query.get('fieldValidation')),
    force: query.get('force') === 'true',
    warnings: [],
  }
}

const openWatch = ({ core, hub }: HandlerDeps, request: ApiRequest, target: Target): ApiResponse => {
  const { type, namespace, name } = target
  const { query } = request
  const view = parseView(request.headers.accept)
  const timeout = Number(query.get('timeoutSeconds') ?? Number.NaN)
  const bySelectors = parseSelectors(query, type)
  const matches: typeof bySelectors = (object) =>
    (name === undefined || object.metadata.name === name) && bySelectors(object)
  const watch = {
    type,
    namespace,
    matches,
    resourceVersion: query.get('resourceVersion') ?? '',
    timeoutSeconds: Number.isFinite(timeout) && timeout > 0 ? timeout : undefined,
    bookmarks: query.get('allowWatchBookmarks') === 'true',
    sendInitialEvents: query.get('sendInitialEvents') === 'true',
    render: (object: Parameters<typeof matches>[0]) => renderObject(view, type, object, query, core.clock.now()),
  }
  return { kind: 'watch', start: (sink) => hub.open(watch, sink) }
}

const named = (target: Target): { namespace: string | undefined; name: string } => {
  if (target.name === undefined) throw badRequest('the request names no object')
  return { namespace: target.namespace, name: target.name }
}

const read = ({ core }: HandlerDeps, request: ApiRequest, target: Target): ApiResponse => {
  const { type, subresource } = target
  const address = named(target)
  if (subresource === 'scale') return answer(200, readScale(core, type, address))
  if (subresource !== undefined && subresource !== 'status') throw notFound(type, address.name)
  const object = readLive(core, type, address.namespace, address.name)
  const view = parseView(request.headers.accept)
  return answer(200, renderObject(view, type, object, request.query, core.clock.now()))
}

const create = ({ core }: HandlerDeps, request: ApiRequest, target: Target): ApiResponse => {
  const { type, namespace, subresource } = target
  const options = parseWriteOptions(request)
  if (subresource === undefined) {
    if (type.namespaced && namespace === undefined)
      throw badRequest('the namespace of the object is missing in the URL')
    return answer(201, createObject(core, type, namespace, request.body, options), options.warnings)
  }
  const address = named(target)
  if (subresource === 'eviction') return answer(201, evictPod(core, type, address, request.body, options))
  if (subresource === 'binding') return answer(201, bindPod(core, type, address, request.body, options))
  readLive(core, type, address.namespace, address.name)
  return answer(201, requestToken(core, address.namespace ?? '', address.name, request.body))
}

const update = ({ core }: HandlerDeps, request: ApiRequest, target: Target): ApiResponse => {
  const { type, subresource } = target
  const options = parseWriteOptions(request)
  const address = named(target)
  if (subresource === 'scale') return answer(200, replaceScale(core, type, address, request.body, options))
  return answer(200, replaceObject(core, type, { ...address, subresource }, request.body, options), options.warnings)
}

const patch = ({ core }: HandlerDeps, request: ApiRequest, target: Target): ApiResponse => {
  const { type, subresource } = target
  const options = parseWriteOptions(request)
  const address = named(target)
  const contentType = request.headers['content-type']
  if (subresource === 'scale') return answer(200, patchScale(core, type, address, contentType, request.body, options))
  const isNew = core.store.get(type.bucket, address.namespace, address.name) === undefined
  const object = patchObject(core, type, { ...address, subresource }, contentType, request.body, options)
  return answer(isNew ? 201 : 200, object, options.warnings)
}

const remove = ({ core }: HandlerDeps, request: ApiRequest, target: Target): ApiResponse => {
  const { type } = target
  const { namespace, name } = named(target)
  const live = core.store.get(type.bucket, namespace, name)
  if (live === undefined) throw notFound(type, name)
  const { object, isGone } = deleteObject(core, type, live, parseDeleteOptions(request.body, request.query))
  if (!isGone || type.rules.returnsDeleted) return answer(200, toServed(type, object))
  const group = type.group === '' ? {} : { group: type.group }
  return answer(200, success({ name, ...group, kind: type.plural, uid: object.metadata.uid }))
}

const removeAll = ({ core }: HandlerDeps, request: ApiRequest, target: Target): ApiResponse => {
  const { type, namespace } = target
  const options = parseDeleteOptions(request.body, request.query)
  const { items, metadata } = listObjects(core, type, namespace, request.query)
  for (const { metadata: meta } of items) {
    const live = core.store.get(type.bucket, meta.namespace, meta.name)
    if (live !== undefined) deleteObject(core, type, live, options)
  }
  return answer(200, renderPage('object', type, { items, metadata }, request.query, core.clock.now()))
}

const dispatch = (deps: HandlerDeps, request: ApiRequest, target: Target): ApiResponse => {
  const { core } = deps
  switch (target.verb) {
    case 'get':
      return read(deps, request, target)
    case 'list': {
      const page = listObjects(core, target.type, target.namespace, request.query)
      const view = parseView(request.headers.accept)
      return answer(200, renderPage(view, target.type, page, request.query, core.clock.now()))
    }
    case 'watch':
      return openWatch(deps, request, target)
    case 'create':
      return create(deps, request, target)
    case 'update':
      return update(deps, request, target)
    case 'patch':
      return patch(deps, request, target)
    case 'delete':
      return remove(deps, request, target)
    case 'deletecollection':
      return removeAll(deps, request, target)
  }
}

const renderFault = ({ code, reason, message, retryAfterSeconds }: FaultStatus): JsonObject =>
  new ApiError(
    code,
    reason ?? '',
    message ?? reason ?? `HTTP ${code}`,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  ).status

const answerFault = (fault: RequestFault): ApiResponse =>
  fault.kind === 'cut' ? { kind: 'cut' } : answer(fault.status.code, renderFault(fault.status))

const handleObject = (deps: HandlerDeps, request: ApiRequest): ApiResponse => {
  const target = parseTarget(request, deps.core.registry)
  const fault = deps.faults?.take({
    verb: target.verb,
    plural: target.type.plural,
    name: target.name ?? '',
    subresource: target.subresource ?? '',
  })
  if (fault === undefined) return dispatch(deps, request, target)
  if (fault.applied) dispatch(deps, request, target)
  return answerFault(fault)
}

/** Never throws. */
export const handle = (deps: HandlerDeps, request: ApiRequest): ApiResponse => {
  try {
    return (
      (request.method === 'GET'
        ? discover(request.path, request.headers.accept ?? '', deps.core.registry)
        : undefined) ??
      review(request.method, request.path, request.body) ??
      handleObject(deps, request)
    )
  } catch (error) {
    const failure = error instanceof ApiError ? error : internal(error instanceof Error ? error.message : String(error))
    return answer(failure.status.code, failure.status)
  }
}
