/**
 * Rules about colours and about what header routes ask of each router. What a router can is read from the table of capabilities, so that every
 * router that is added is asked for everything that it cannot.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { COLOR_STEP, type ColorMatch } from '../../../controller/api/color-step.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import {
  type RouterCapabilities,
  type RouterId,
  routerCapabilities,
  routerField,
  routerIds,
} from '../../../controller/api/router-capabilities.ts'
import { warnOfRoutes } from '../../../controller/domain/validation/route-warnings.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import { compilePattern } from '../../../controller/metric-language/expression/pattern.ts'
import { headerTerms } from '../../../controller/traffic/codec/header-terms.ts'
import { accepts, canary, type Row, refuses, step } from './validation-table.ts'

const at = 'spec.strategy.canary.steps[0].plugin.config'
const list = 'spec.strategy.canary.trafficRouting.managedRoutes'
const gatewayId = 'argoproj-labs/gatewayAPI'
const gateway = { plugins: { [gatewayId]: { httpRoute: 'shop' } } }
const GATEWAY = `trafficRouting.plugins["${gatewayId}"]`

const colorStep = (config: unknown) => ({ plugin: { name: COLOR_STEP, config } })
const withConfig = (config: unknown, routing: object = gateway): Rollout =>
  canary({ trafficRouting: { managedRoutes: [{ name: 'vip' }], ...routing }, steps: [colorStep(config)] })
const vip = (match: object, routing?: object): Rollout => withConfig({ name: 'vip', match: [match] }, routing)

const exact = { exact: 'x' }
const header = (name: string, value: object = exact) => ({ name, value })
const ids = (more: object = {}) => ({ header: 'x-user', modulo: 1000, from: 1, to: 50, ...more })
const TWICE = 'is the second comparison of the header'

const rows: readonly Row[] = [
  ['no router', step(colorStep({ name: 'vip' }), false), at, 'penstock/color requires trafficRouting'],
  ['no config', withConfig(undefined), `${at}.name`, 'is missing'],
  [
    'a route in no list',
    withConfig({ name: 'vip' }, { ...gateway, managedRoutes: undefined }),
    list,
    `Rollout has missing field '${list}'`,
  ],
  [
    'a route that the list lacks',
    withConfig({ name: 'x' }),
    `${at}.name`,
    `Steps define a route that does not exist in ${list}`,
  ],
  ['a field that nobody knows', withConfig({ name: 'vip', matches: [] }), `${at}.matches`, 'is not known'],
  [
    'a compensation',
    withConfig({ name: 'vip', compensate: { name: 'penstock/webhook' } }),
    `${at}.compensate`,
    'is not known',
  ],
  ['a match that says nothing', vip({}), `${at}.match[0]`, 'must say something'],
  ['no values', vip({ headers: [] }), `${at}.match[0].headers`, 'Too small: expected array to have >=1 items'],
  [
    'no comparison',
    vip({ headers: [header('a', {})] }),
    `${at}.match[0].headers[0].value`,
    'must have exactly one of exact, prefix, regex',
  ],
  [
    'two comparisons',
    vip({ headers: [header('a', { exact: 'x', prefix: 'x' })] }),
    `${at}.match[0].headers[0].value`,
    'must have exactly one of exact, prefix, regex',
  ],
  [
    'a name that is none',
    vip({ headers: [header('x user')] }),
    `${at}.match[0].headers[0].name`,
    'must be a name as HTTP allows it',
  ],
  [
    'an id from nowhere',
    vip({ idRange: ids({ header: undefined }) }),
    `${at}.match[0].idRange`,
    'must name the id by header or by cookie, not both',
  ],
  [
    'an id from two places',
    vip({ idRange: ids({ cookie: 'uid' }) }),
    `${at}.match[0].idRange`,
    'must name the id by header or by cookie, not both',
  ],
  [
    'a range beyond the modulus',
    vip({ idRange: ids({ to: 1000 }) }),
    `${at}.match[0].idRange.to`,
    'must be less than modulo',
  ],
  ['a range backwards', vip({ idRange: ids({ from: 51 }) }), `${at}.match[0].idRange.to`, 'must not be less than from'],
  [
    'a range of words',
    vip({ idRange: ids({ to: '50' }) }),
    `${at}.match[0].idRange.to`,
    'must be a whole number, is a string',
  ],
  ['half a range', vip({ idRange: ids({ from: undefined }) }), `${at}.match[0].idRange.from`, 'is missing'],
  [
    'an address that is no range',
    vip({ cidrs: ['10.0.0.1'] }),
    `${at}.match[0].cidrs[0]`,
    'must be a range of addresses such as 10.0.0.0/8 or 2001:db8::/32',
  ],
  [
    'client addresses by Gateway API',
    vip({ cidrs: ['10.0.0.0/8'] }),
    `${at}.match[0].cidrs`,
    `${GATEWAY} cannot match client addresses`,
  ],
  [
    'another modulus by Gateway API',
    vip({ idRange: ids({ modulo: 512 }) }),
    `${at}.match[0].idRange.modulo`,
    `${GATEWAY} cannot match an id modulo 512`,
  ],
  [
    'a header twice',
    vip({ headers: [header('X-User'), header('x-user')] }),
    `${at}.match[0].headers[1].name`,
    `${TWICE} x-user in one match`,
  ],
  [
    'a header and its id',
    vip({ headers: [header('x-user')], idRange: ids() }),
    `${at}.match[0].idRange.header`,
    `${TWICE} x-user in one match`,
  ],
  [
    'two cookies',
    vip({ cookies: [header('a'), header('b')] }),
    `${at}.match[0].cookies[1].name`,
    `${TWICE} Cookie in one match`,
  ],
  [
    'a cookie and an id by cookie',
    vip({ cookies: [header('a')], idRange: ids({ header: undefined, cookie: 'uid' }) }),
    `${at}.match[0].idRange.cookie`,
    `${TWICE} Cookie in one match`,
  ],
  [
    'the header of all cookies and a cookie',
    vip({ headers: [header('cookie')], cookies: [header('a')] }),
    `${at}.match[0].cookies[0].name`,
    `${TWICE} Cookie in one match`,
  ],
  [
    'a pattern that is none',
    vip({ headers: [header('a', { regex: '(' })] }),
    `${at}.match[0].headers[0].value.regex`,
    'bad pattern: error parsing regexp: missing closing ): `(`',
  ],
  [
    'a pattern that looks ahead',
    vip({ cookies: [header('a', { regex: 'a(?=b)' })] }),
    `${at}.match[0].cookies[0].value.regex`,
    'bad pattern: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
  ],
  [
    'a pattern that is too long',
    vip({ headers: [header('a', { regex: 'x'.repeat(901) })] }),
    `${at}.match[0].headers[0].value.regex`,
    'Too big: expected string to have <=900 characters',
  ],
  [
    'a pattern that quotes what follows it',
    vip({ cookies: [header('a', { regex: '\\Qa' })] }),
    `${at}.match[0].cookies[0].value.regex`,
    'bad pattern: error parsing regexp: missing closing ): `(?:\\Qa)`',
  ],
  [
    'a long config',
    withConfig({
      name: 'vip',
      match: Array.from({ length: 12 }, () => ({ headers: [header('a', { exact: 'x'.repeat(1000) })] })),
    }),
    at,
    'is longer than 8192 characters of JSON',
  ],
]
refuses('a colour is refused for', rows)

accepts('a colour may be', {
  'taken back': withConfig({ name: 'vip' }),
  'taken back by an empty match': withConfig({ name: 'vip', match: [] }),
  'a header': vip({ headers: [header('x-env'), header('x-version', { prefix: 'v2.' })] }),
  'a cookie by pattern': vip({ cookies: [header('shard', { regex: '^(?:blue|green)$' })] }),
  'a range of ids': vip({ idRange: ids() }),
  'one id of ten': vip({ idRange: ids({ modulo: 10, from: 0, to: 0 }) }),
  'a range of ids in a cookie, with a header': vip({
    headers: [header('x-region')],
    idRange: ids({ header: undefined, cookie: 'uid' }),
  }),
  'one of several': withConfig({ name: 'vip', match: [{ headers: [header('a')] }, { headers: [header('a')] }] }),
})

const routingOf = (id: RouterId): object => (id.includes('/') ? { plugins: { [id]: {} } } : { [id]: {} })
const nameOf = (id: RouterId): string => `trafficRouting.${routerField(id)}`
const ofCapabilities = (id: RouterId): RouterCapabilities => routerCapabilities[id]
const takesAny = ({ headers, color }: RouterCapabilities): boolean =>
  headers.length > 0 || color.cookie || color.cidr || color.idRange !== 'none'

/** What is asked, the field that is named when it cannot be, who can. */
const asks: readonly (readonly [string, object, string, string, (can: RouterCapabilities) => boolean])[] = [
  ...(['exact', 'prefix', 'regex'] as const).map(
    (kind) =>
      [
        kind,
        { headers: [header('a', { [kind]: 'x' })] },
        `headers[0].value.${kind}`,
        `compare headers by ${kind}`,
        (can: RouterCapabilities) => can.headers.includes(kind),
      ] as const,
  ),
  ['cookie', { cookies: [header('a')] }, 'cookies', 'match cookies', ({ color }) => color.cookie],
  ['id range', { idRange: ids() }, 'idRange', 'match ranges of an id', ({ color }) => color.idRange !== 'none'],
  [
    'odd modulus',
    { idRange: ids({ modulo: 512 }) },
    'idRange.modulo',
    'match an id modulo 512',
    ({ color }) => color.idRange !== 'powerOfTen',
  ],
  [
    'id by cookie',
    { idRange: ids({ header: undefined, cookie: 'a' }) },
    'idRange.cookie',
    'match cookies',
    ({ color }) => color.cookie,
  ],
  ['client address', { cidrs: ['10.0.0.0/8'] }, 'cidrs', 'match client addresses', ({ color }) => color.cidr],
]

describe('what a router cannot is refused with its name, and what it can is not', () => {
  for (const id of routerIds)
    for (const [what, match, field, words, can] of asks)
      test(`${id}: ${what}`, () => {
        const found = validateRollout(vip(match, routingOf(id))).filter(({ message }) =>
          message.endsWith(` cannot ${words}`),
        )
        const expected = can(ofCapabilities(id)) ? [] : [`${at}.match[0].${field}: ${nameOf(id)} cannot ${words}`]
        assert.deepEqual(
          found.map((problem) => `${problem.field}: ${problem.message}`),
          expected,
        )
        const able = routerIds.filter((one) => can(ofCapabilities(one)))
        for (const { fix = '' } of found) for (const one of able) assert.ok(fix.includes(nameOf(one)), fix)
      })

  for (const id of routerIds.filter((one) => !takesAny(ofCapabilities(one))))
    test(`${id} carries none, not even one that is taken back`, () => {
      const alone = validateRollout(withConfig({ name: 'vip' }, routingOf(id)))
      assert.ok(alone.some(({ field, message }) => field === at && message.startsWith(`${nameOf(id)} cannot carry`)))
    })
})

describe('beside a router that carries the colour', () => {
  const beside = (id: RouterId): object => ({
    ...routingOf(id),
    plugins: { ...gateway.plugins, ...(id.includes('/') ? { [id]: {} } : {}) },
  })
  const both = (id: RouterId) => vip({ idRange: ids() }, beside(id))
  const refusals = (id: RouterId) =>
    validateRollout(both(id)).flatMap(({ message }) => (message.includes(' cannot ') ? [message] : []))
  const warnings = (id: RouterId) => warnOfRoutes(both(id).spec).map(({ field, message }) => `${field}: ${message}`)

  for (const id of routerIds.filter((one) => one !== gatewayId)) {
    const { headers, color } = ofCapabilities(id)
    if (color.idRange !== 'none')
      test(`${id} carries it too`, () => assert.deepEqual([refusals(id), warnings(id)], [[], []]))
    else if (headers.length > 0)
      test(`${id} routes by headers and has to carry it`, () =>
        assert.deepEqual([refusals(id), warnings(id)], [[`${nameOf(id)} cannot match ranges of an id`], []]))
    else
      test(`${id} goes by weight, which is told`, () => {
        const words = 'does not carry every colour: requests that come through it go by weight alone'
        assert.deepEqual([refusals(id), warnings(id)], [[], [`spec.strategy.canary.${nameOf(id)}: ${words}`]])
      })
  }
})

/** Some of it is accepted: names that meet, patterns that are none, ranges of any modulus. */
const anyValue = fc.oneof(
  fc.constantFrom('a', 'b.c', '$').map((text) => ({ exact: text })),
  fc.constantFrom('v2.', '/').map((text) => ({ prefix: text })),
  fc.constantFrom('^(?:a|b)$', 'a+', '(', '\\Qa', '(?i)x').map((text) => ({ regex: text })),
)
const anyTests = fc.array(fc.record({ name: fc.constantFrom('x-env', 'X-Env', 'cookie', 'x-user'), value: anyValue }), {
  minLength: 1,
  maxLength: 2,
})
const anyRange = fc
  .record({
    where: fc.constantFrom('header', 'cookie'),
    modulo: fc.constantFrom(10, 100, 512, 1000),
    a: fc.nat(9),
    b: fc.nat(9),
  })
  .map(({ where, modulo, a, b }) => ({ [where]: 'x-user', modulo, from: Math.min(a, b), to: Math.max(a, b) }))
const anyMatch: fc.Arbitrary<ColorMatch> = fc.record(
  { headers: anyTests, cookies: anyTests, idRange: anyRange, cidrs: fc.constant(['10.0.0.0/8']) },
  { requiredKeys: [] },
)

test('what is accepted can be said by headers alone, each compared once, in patterns that compile', () => {
  let accepted = 0
  fc.assert(
    fc.property(anyMatch, (match) => {
      if (validateRollout(vip(match)).length > 0) return
      accepted += 1
      const terms = headerTerms(match) ?? []
      const names = terms.map(({ name }) => name.toLowerCase())
      assert.ok(terms.length > 0)
      assert.equal(new Set(names).size, names.length, names.join())
      for (const { kind, value } of terms) if (kind === 'regex') compilePattern(value, 0)
    }),
    { seed: 20260103, numRuns: 6000 },
  )
  assert.ok(accepted > 100, `only ${accepted} were accepted`)
})

describe('of a router that carries one route with one comparison', () => {
  const singles = routerIds.filter((id) => ofCapabilities(id).single)
  test('there is one', () => assert.ok(singles.length > 0))
  const steps = 'spec.strategy.canary.steps'
  const one = { headers: [header('a')] }
  const vipStep = (match: readonly object[]) => colorStep({ name: 'vip', match })
  const beta = (match: readonly object[]) => ({ setHeaderRoute: { name: 'beta', match } })
  const byHeader = { headerName: 'b', headerValue: exact }
  const MANY = 'carries one route at a time'
  const LONG = 'compares one header of a request, with one value'
  const plans: readonly (readonly [string, readonly object[], readonly string[]])[] = [
    ['one after the other', [vipStep([one]), vipStep([]), beta([byHeader]), beta([])], []],
    ['another match of the same name', [vipStep([one]), vipStep([{ idRange: ids() }])], []],
    ['two at once', [vipStep([one]), { setWeight: 5 }, beta([byHeader])], [`${steps}[2]: ${MANY}`]],
    ['two headers', [vipStep([{ headers: [header('a'), header('b')] }])], [`${steps}[0]: ${LONG}`]],
    ['a header and an id', [vipStep([{ ...one, idRange: ids() }])], [`${steps}[0]: ${LONG}`]],
    ['alternatives', [vipStep([one, one])], [`${steps}[0]: ${LONG}`]],
    ['two headers of a header route', [beta([byHeader, { ...byHeader, headerName: 'c' }])], [`${steps}[0]: ${LONG}`]],
  ]
  for (const id of singles)
    for (const [what, list, expected] of plans)
      test(`${id}: ${what}`, () => {
        const managedRoutes = [{ name: 'vip' }, { name: 'beta' }]
        const found = validateRollout(canary({ trafficRouting: { managedRoutes, ...routingOf(id) }, steps: list }))
        assert.deepEqual(
          found.flatMap(({ field, message }) =>
            message.endsWith(MANY) || message.endsWith(LONG)
              ? [`${field}: ${message.replace(`${nameOf(id)} `, '')}`]
              : [],
          ),
          expected,
        )
        const elsewhere = validateRollout(canary({ trafficRouting: { managedRoutes, ...gateway }, steps: list }))
        assert.deepEqual(elsewhere, [])
      })
})

describe('header routes', () => {
  const byHeader = (headerValue: object, routing: object = gateway): Rollout =>
    canary({
      trafficRouting: { managedRoutes: [{ name: 'vip' }], ...routing },
      steps: [{ setHeaderRoute: { name: 'vip', match: [{ headerName: 'a', headerValue }] } }],
    })
  for (const id of routerIds.filter((one) => one !== ('alb' as string) && ofCapabilities(one).headers.length > 0))
    for (const kind of ['exact', 'prefix', 'regex'] as const)
      test(`${id} compares by ${kind} or refuses to`, () => {
        const found = validateRollout(byHeader({ [kind]: 'x' }, routingOf(id))).map(({ message }) => message)
        const refusal = `${nameOf(id)} cannot compare headers by ${kind}`
        assert.equal(found.includes(refusal), !ofCapabilities(id).headers.includes(kind))
      })

  test('a pattern that is none is told: Argo takes it, a data plane does not', () => {
    const odd = byHeader({ regex: 'a(?!b)' })
    assert.deepEqual(validateRollout(odd), [])
    const [warning, ...others] = warnOfRoutes(odd.spec)
    assert.deepEqual(others, [])
    assert.equal(warning?.field, 'spec.strategy.canary.steps[0].setHeaderRoute.match[0].headerValue.regex')
    assert.deepEqual(warnOfRoutes(byHeader({ regex: 'a.*' }).spec), [])
  })
})
