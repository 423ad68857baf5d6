/**
 * What the Mappings that we make look like: copies of the user's, sent to the canary. The weighted copy shares the original's requests; a copy for a
 * managed route asks for more headers, by which Emissary puts it before the original.
 */
import type { ManagedRoute } from '../../api/traffic.ts'
import { headerTerms } from '../codec/header-terms.ts'
import { quote } from '../codec/patterns.ts'
import type { RouterContext } from '../router.ts'
import type { MappingSpec } from './objects.ts'

/** Such as `http://shop-stable.web:80`. */
const ADDRESS = /^([a-z][a-z0-9+.-]*:\/\/)?([^.:/]+)((?:\.([^.:/]+))?.*)$/

/** Without a weight; undefined unless the original sends to the stable Service. */
export function canarySpec(spec: MappingSpec | undefined, context: RouterContext): MappingSpec | undefined {
  const [, scheme = '', name, rest = '', namespace = context.namespace] =
    ADDRESS.exec(String(spec?.service ?? '')) ?? []
  if (!spec || name !== context.stableService || namespace !== context.namespace) return undefined
  const { weight: _weight, ...copied } = spec
  return { ...copied, service: `${scheme}${context.canaryService}${rest}` }
}

/** One per alternative; none when the original asks for another value of a header already, or the route for what headers cannot say. */
export function routeSpecs(route: ManagedRoute, spec: MappingSpec): readonly MappingSpec[] {
  const alternatives = alternativesOf(route)
  const specs = alternatives.flatMap((terms) => withHeaders(spec, terms) ?? [])
  return specs.length === alternatives.length ? specs : []
}

interface Term {
  readonly name: string
  readonly field: 'headers' | 'regex_headers'
  readonly value: string
}

function alternativesOf(route: ManagedRoute): readonly (readonly Term[])[] {
  if (route.kind === 'mirror') return []
  if (route.kind === 'header')
    return [route.match.map(({ headerName, headerValue }) => termOf(headerName, headerValue ?? {}))]
  const alternatives = route.match.map(headerTerms)
  if (alternatives.includes(undefined)) return []
  return alternatives.flatMap((terms) =>
    terms ? [terms.map(({ name, kind, value }) => termOf(name, { [kind]: value }))] : [],
  )
}

interface StringMatch {
  readonly exact?: string | undefined
  readonly prefix?: string | undefined
  readonly regex?: string | undefined
}

/** Envoy asks that a pattern fits the whole value. */
function termOf(name: string, { exact, prefix, regex = '' }: StringMatch): Term {
  if (exact) return { name, field: 'headers', value: exact }
  return { name, field: 'regex_headers', value: prefix ? `${quote(prefix)}.*` : regex }
}

/** A header can be asked for once. */
function withHeaders(spec: MappingSpec, terms: readonly Term[]): MappingSpec | undefined {
  let { headers = {}, regex_headers: patterns = {} } = spec
  for (const { name, field, value } of terms) {
    const others = Object.entries({ ...headers, ...patterns }).filter(
      ([key]) => key.toLowerCase() === name.toLowerCase(),
    )
    if (others.some(([, other]) => other !== value)) return undefined
    if (others.length > 0) continue
    if (field === 'headers') headers = { ...headers, [name]: value }
    else patterns = { ...patterns, [name]: value }
  }
  return {
    ...spec,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(Object.keys(patterns).length > 0 ? { regex_headers: patterns } : {}),
  }
}
