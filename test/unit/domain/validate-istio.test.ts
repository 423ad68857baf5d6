/** Rules about `trafficRouting.istio`. Words that other tools match on are Argo's. */
import { accepts, canary, type Row, refuses } from './validation-table.ts'

const at = 'spec.strategy.canary.trafficRouting.istio'
const EITHER = 'either VirtualService or VirtualServices must be configured'
const SERVICES = 'Canary service and Stable service must to be set to use Traffic Routing'
const shop = { name: 'shop' }
const destinationRule = { name: 'shop', canarySubsetName: 'canary', stableSubsetName: 'stable' }
const istio = (config: object, more: object = {}, routing: object = {}) =>
  canary({ trafficRouting: { istio: config, ...routing }, ...more })
const withoutServices = { canaryService: undefined, stableService: undefined }
const pingPong = { pingService: 'ping', pongService: 'pong' }

const rows: readonly Row[] = [
  ['nothing', istio({}), at, EITHER],
  ['both', istio({ virtualService: shop, virtualServices: [shop] }), at, EITHER],
  ['an empty list', istio({ virtualServices: [] }), at, EITHER],
  ['a VirtualService without a name', istio({ virtualService: {} }), `${at}.virtualService.name`, 'is missing'],
  ['an empty name', istio({ virtualServices: [{ name: '' }] }), `${at}.virtualServices[0].name`, 'is required'],
  [
    'one that is named twice',
    istio({ virtualServices: [shop, shop] }),
    `${at}.virtualServices[1].name`,
    'names a VirtualService twice',
  ],
  [
    'routes that are no list',
    istio({ virtualService: { ...shop, routes: 'a' } }),
    `${at}.virtualService.routes`,
    'must be a list, is a string',
  ],
  [
    'a route with the name of a managed one',
    istio({ virtualService: { ...shop, routes: ['primary', 'beta'] } }, {}, { managedRoutes: [{ name: 'beta' }] }),
    `${at}.virtualService.routes`,
    '"beta" is the name of a managed route: whatever bears it is added and removed',
  ],
  [
    'no Services and no subsets',
    istio({ virtualService: shop }, withoutServices),
    'spec.strategy.canary.canaryService',
    SERVICES,
  ],
  [
    'a rule without subsets',
    istio({ virtualService: shop, destinationRule: { name: 'shop' } }),
    `${at}.destinationRule.canarySubsetName`,
    'is missing',
  ],
  [
    'an empty subset',
    istio({ virtualService: shop, destinationRule: { ...destinationRule, stableSubsetName: '' } }),
    `${at}.destinationRule.stableSubsetName`,
    'is required',
  ],
  [
    'one subset for both parts',
    istio({ virtualService: shop, destinationRule: { ...destinationRule, stableSubsetName: 'canary' } }),
    `${at}.destinationRule.stableSubsetName`,
    'This rollout uses the same subset for stable and canary, but two different subsets are required.',
  ],
  [
    'subsets that change parts',
    istio({ virtualService: shop, destinationRule }, { pingPong }),
    `${at}.destinationRule`,
    'cannot be used with pingPong: the two Services change parts, subsets do not',
  ],
]

refuses('istio is refused for', rows)

accepts('istio may have', {
  'one VirtualService': istio({ virtualService: shop }),
  'several, of several namespaces': istio({ virtualServices: [shop, { name: 'shop.edge', routes: ['a'] }] }),
  'subsets instead of Services': istio({ virtualService: shop, destinationRule }, withoutServices),
  'subsets beside Services': istio({ virtualService: shop, destinationRule }),
  'ping-pong': istio({ virtualService: shop }, { pingPong, ...withoutServices }),
})
