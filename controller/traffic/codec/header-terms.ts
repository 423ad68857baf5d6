/** A colour's match as comparisons of headers: all that most routers know. It says when that cannot be done, and never approximates. */
import type { ColorMatch } from '../../api/color-step.ts'
import { cookiePattern, idPattern, patternOf, whole } from './patterns.ts'

export interface HeaderTerm {
  readonly name: string
  readonly kind: 'exact' | 'prefix' | 'regex'
  readonly value: string
}

/** All of them have to fit. Undefined when the match asks for more than headers can say; validation has refused that before. */
export function headerTerms({ headers = [], cookies = [], idRange, cidrs }: ColorMatch): HeaderTerm[] | undefined {
  if (cidrs) return undefined
  const id = idRange ? idPattern(idRange) : ''
  if (id === undefined) return undefined
  return [
    ...headers.map(({ name, value }): HeaderTerm => {
      if (value.exact !== undefined) return { name, kind: 'exact', value: value.exact }
      if (value.prefix !== undefined) return { name, kind: 'prefix', value: value.prefix }
      return { name, kind: 'regex', value: value.regex ?? '' }
    }),
    ...cookies.map(({ name, value }): HeaderTerm => {
      return { name: 'Cookie', kind: 'regex', value: cookiePattern(name, patternOf(value)) }
    }),
    ...(idRange?.header === undefined ? [] : [{ name: idRange.header, kind: 'regex', value: whole(id) } as const]),
    ...(idRange?.cookie === undefined
      ? []
      : [{ name: 'Cookie', kind: 'regex', value: cookiePattern(idRange.cookie, id) } as const]),
  ]
}
