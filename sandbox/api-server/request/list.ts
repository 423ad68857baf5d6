/** GET of a collection: selectors, pages that all show one moment, and reads at an older resourceVersion. */
import { badRequest, expired, invalidOptions, versionTooLarge } from '../errors.ts'
import { asString, isObject, type JsonObject, type Stored } from '../json.ts'
import { type ResourceType, toServed } from '../resource-type.ts'
import { valueForbidden } from '../schema/validate.ts'
import { type Predicate, parseFieldSelector, parseLabelSelector } from '../selectors.ts'
import type { Core } from './context.ts'

export interface Page {
  readonly items: readonly Stored[]
  readonly metadata: JsonObject
}

/** Both selectors of a request as one predicate over served objects. */
export const parseSelectors = (query: URLSearchParams, type: ResourceType): Predicate => {
  const byLabel = parseLabelSelector(query.get('labelSelector') ?? '')
  const byField = parseFieldSelector(query.get('fieldSelector') ?? '', type.selectableFields)
  return (object) => byLabel(object) && byField(object)
}

interface Continuation {
  readonly version: number
  readonly after: string
}

const renderContinue = (token: Continuation): string => Buffer.from(JSON.stringify(token)).toString('base64url')

const parseContinue = (text: string): Continuation => {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (isObject(token) && typeof token.version === 'number')
      return { version: token.version, after: asString(token.after) }
  } catch {
    // Falls through: not a token of ours.
  }
  throw badRequest('continue key is not valid: the token was not made by this server')
}

const parseVersion = (text: string): number => {
  const version = Number(text)
  if (!Number.isSafeInteger(version) || version < 0)
    throw badRequest(`Invalid value: ${JSON.stringify(text)}: invalid resource version`)
  return version
}

/** Which moment the list shows; undefined is now. */
const parseMoment = (core: Core, query: URLSearchParams): number | undefined => {
  const asked = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  if (asked === '' && match !== '')
    throw invalidOptions(
      'ListOptions',
      valueForbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    )
  if (asked === '' || asked === '0') return undefined
  const version = parseVersion(asked)
  const current = core.store.version()
  if (version > current) throw versionTooLarge(asked, String(current))
  const isExact = match === 'Exact' || (match === '' && query.get('limit') !== null)
  return isExact ? version : undefined
}

const expiredContinue = (): Error =>
  expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
  )

export const listObjects = (
  core: Core,
  type: ResourceType,
  namespace: string | undefined,
  query: URLSearchParams,
): Page => {
  const matches = parseSelectors(query, type)
  const token = query.get('continue') ? parseContinue(query.get('continue') ?? '') : undefined
  const limit = Math.max(0, Number(query.get('limit') ?? 0) || 0)
  const moment = token?.version ?? parseMoment(core, query)
  if (moment !== undefined && moment < core.store.compactedVersion())
    throw token === undefined ? expired(`The resourceVersion for the provided list is too old.`) : expiredContinue()
  const all = core.store
    .list(type.bucket, namespace, moment)
    .map((object) => toServed(type, object))
    .filter(matches)
  const rest = token === undefined ? all : all.filter((object) => keyOf(object) > token.after)
  const items = limit === 0 ? rest : rest.slice(0, limit)
  const version = moment ?? core.store.version()
  const last = items.at(-1)
  const remaining = rest.length - items.length
  const isFiltered = query.has('labelSelector') || query.has('fieldSelector')
  const more =
    remaining > 0 && last !== undefined
      ? {
          continue: renderContinue({ version, after: keyOf(last) }),
          ...(isFiltered ? {} : { remainingItemCount: remaining }),
        }
      : {}
  return { items, metadata: { resourceVersion: String(version), ...more } }
}

const keyOf = (object: Stored): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`
