/**
 * Whether a colour can be rendered: its shape, its name among the managed routes, and whether the configured routers can match what it asks for,
 * without approximating. Every router that routes by headers has to, or the colour would depend on the door somebody comes through; one that does
 * not goes by weight alone where it must, which `route-warnings.ts` tells, as long as another one carries the colour.
 *
 *   a colour asks for            the router must
 *   headers[].value.<comparison> know that comparison
 *   cookies, idRange.cookie      match cookies
 *   idRange                      match ranges of an id, of this modulus
 *   cidrs                        match client addresses
 */
import { type ColorMatch, type ColorStep, colorStepSchema, type IdRange } from '../../api/color-step.ts'
import type { CanaryStrategy } from '../../api/rollout.ts'
import { type RouterCapabilities, type RouterId, routerCapabilities, routerIds } from '../../api/router-capabilities.ts'
import { LONGEST_CONFIG } from '../../api/step-plugin-config.ts'
import { type Problem, when } from './problem.ts'
import { knownRouters, nameRouter } from './routers.ts'
import { validateManaged, validatePattern } from './routes.ts'
import { listShapeProblems } from './shape.ts'

/** @param field of the config */
export function validateColorStep(config: unknown, canary: CanaryStrategy, field: string): readonly Problem[] {
  const { data, error } = colorStepSchema.safeParse(config ?? {})
  const length = JSON.stringify(config ?? {}).length
  return [
    ...when(length > LONGEST_CONFIG, field, `is longer than ${LONGEST_CONFIG} characters of JSON`, 'split it'),
    ...(error ? listShapeProblems(error, field) : validateColor(data, canary, field)),
  ]
}

function validateColor({ name, match = [] }: ColorStep, canary: CanaryStrategy, field: string): readonly Problem[] {
  const { trafficRouting } = canary
  if (!trafficRouting)
    return [{ field, message: 'penstock/color requires trafficRouting', fix: `with ${listRouters(takesColors)}` }]
  const known = knownRouters(trafficRouting)
  return [
    ...when(
      known.length > 0 && !known.some((id) => takesColors(routerCapabilities[id])),
      field,
      `${known.map(nameRouter).join(' and ')} cannot carry routes beside the weighted one`,
      `use ${listRouters(takesColors)}`,
    ),
    ...validateManaged(name, canary, `${field}.name`),
    ...match.flatMap((one, index) => {
      const at = `${field}.match[${index}]`
      return [
        ...listAsked(one, at).flatMap((asked) => refuse(asked, known)),
        ...validateOnce(one, at),
        ...validatePatterns(one, at),
      ]
    }),
  ]
}

const takesColors = ({ headers, color }: RouterCapabilities): boolean =>
  headers.length > 0 || color.cookie || color.cidr || color.idRange !== 'none'

/** Something in a colour that the router cannot match. */
export const lacksPart = (capabilities: RouterCapabilities, { match = [] }: ColorStep): boolean =>
  match.some((one) => listAsked(one, '').some(({ can }) => !can(capabilities)))

interface Asked {
  readonly field: string
  /** Completes "it cannot". */
  readonly what: string
  readonly instead: string
  readonly can: (capabilities: RouterCapabilities) => boolean
}

function listAsked({ headers = [], cookies, idRange, cidrs }: ColorMatch, at: string): readonly Asked[] {
  return [
    ...headers.map(({ value }, index): Asked => {
      const kind = value.exact === undefined ? (value.prefix === undefined ? 'regex' : 'prefix') : 'exact'
      return {
        field: `${at}.headers[${index}].value.${kind}`,
        what: `compare headers by ${kind}`,
        instead: 'compare otherwise',
        can: (capabilities) => capabilities.headers.includes(kind),
      }
    }),
    ...(cookies ? [askForCookies(`${at}.cookies`)] : []),
    ...(idRange ? askForIds(idRange, `${at}.idRange`) : []),
    ...(cidrs
      ? [
          {
            field: `${at}.cidrs`,
            what: 'match client addresses',
            instead: 'match a header that the edge sets',
            can: ({ color }: RouterCapabilities) => color.cidr,
          },
        ]
      : []),
  ]
}

const askForCookies = (field: string): Asked => ({
  field,
  what: 'match cookies',
  instead: 'match a header',
  can: ({ color }) => color.cookie,
})

const askForIds = ({ cookie, modulo }: IdRange, at: string): readonly Asked[] => [
  ...(cookie === undefined ? [] : [askForCookies(`${at}.cookie`)]),
  {
    field: at,
    what: 'match ranges of an id',
    instead: 'match a header',
    can: ({ color }) => color.idRange !== 'none',
  },
  {
    field: `${at}.modulo`,
    what: `match an id modulo ${modulo}`,
    instead: 'take a power of ten',
    can: ({ color }) => color.idRange !== 'powerOfTen' || isPowerOfTen(modulo),
  },
]

const isPowerOfTen = (modulo: number): boolean => /^10+$/.test(String(modulo))

function refuse({ field, what, instead, can }: Asked, known: readonly RouterId[]): readonly Problem[] {
  const others = listRouters(can)
  const fix = others === '' ? instead : `${instead}, or use ${others}`
  const isCarried = known.some((id) => can(routerCapabilities[id]))
  return known.flatMap((id) => {
    const capabilities: RouterCapabilities = routerCapabilities[id]
    const has = can(capabilities) || (isCarried && capabilities.headers.length === 0)
    return when(!has, field, `${nameRouter(id)} cannot ${what}`, fix)
  })
}

const listRouters = (can: Asked['can']): string =>
  routerIds
    .filter((id) => can(routerCapabilities[id]))
    .map(nameRouter)
    .join(', ')

/** Data planes look at a header once, and most compare cookies as the header that carries them all. */
function validateOnce({ headers = [], cookies = [], idRange }: ColorMatch, at: string): readonly Problem[] {
  const named = [
    ...headers.map(({ name }, index) => ({ name, field: `${at}.headers[${index}].name` })),
    ...cookies.map((_, index) => ({ name: 'Cookie', field: `${at}.cookies[${index}].name` })),
    ...(idRange?.header === undefined ? [] : [{ name: idRange.header, field: `${at}.idRange.header` }]),
    ...(idRange?.cookie === undefined ? [] : [{ name: 'Cookie', field: `${at}.idRange.cookie` }]),
  ]
  const isRepeated = (name: string, index: number): boolean =>
    named.findIndex((one) => one.name.toLowerCase() === name.toLowerCase()) < index
  return named.flatMap(({ name, field }, index) =>
    when(
      isRepeated(name, index),
      field,
      `is the second comparison of the header ${name} in one match`,
      name === 'Cookie' ? 'one cookie in a match: all cookies are one header' : 'say it in one regex',
    ),
  )
}

const validatePatterns = ({ headers = [], cookies = [] }: ColorMatch, at: string): readonly Problem[] =>
  Object.entries({ headers, cookies }).flatMap(([kind, list]) =>
    list.flatMap(({ value: { regex } }, index) => {
      const field = `${at}.${kind}[${index}].value.regex`
      // Inside of another pattern as well: an open \Q would quote what follows.
      return [...validatePattern(regex, field), ...validatePattern(regex && `(?:${regex})`, field)].slice(0, 1)
    }),
  )
