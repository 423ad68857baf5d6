/**
 * One route of each way in which a configuration finds them: an HTTPRoute of a list that takes managed routes, one that is found by its labels and
 * takes none, a GRPCRoute and a TCPRoute that are named alone.
 */
import { MANAGED_RULES } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface Rule {
  readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[]
}
const rulesOf = (objects: RouterObjects): readonly Rule[] =>
  Object.values(objects).flatMap(
    (object) => (object as { spec?: { rules?: readonly Rule[] } } | undefined)?.spec?.rules ?? [],
  )
const LABEL = 'rollouts.argoproj.io/gatewayapi-canary'

export const gatewayApiSample: RouterSample = {
  config: {
    httpRoutes: [{ name: 'one', useHeaderRoutes: true }],
    httpRouteSelector: { matchLabels: { app: 'shop' } },
    grpcRoute: 'api',
    tcpRoute: 'db',
  },
  wrong: [
    { config: {}, names: 'httpRoute' },
    { config: { httpRoute: '', namespace: 'web' }, names: 'httpRoute' },
    { config: { httpRoute: 7 }, names: 'httpRoute' },
    { config: { httpRoutes: [{}] }, names: 'httpRoutes.0.name' },
    { config: { tlsRoutes: 'db' }, names: 'tlsRoutes' },
    { config: { tcpRouteSelector: { matchLabels: 7 } }, names: 'tcpRouteSelector.matchLabels' },
    {
      config: { grpcRouteSelector: { matchExpressions: [{ key: 'app', operator: 'Is' }] } },
      names: 'grpcRouteSelector.matchExpressions.0.operator',
    },
    { config: { httpRoute: 'one', inProgressLabelKey: 'a b' }, names: 'inProgressLabelKey' },
    { config: { httpRoute: 'one', inProgressLabelValue: 'a/b' }, names: 'inProgressLabelValue' },
  ],
  objects(foreign) {
    const both = [
      { name: 'stable', port: 80, filters: [foreign] },
      { name: 'other', weight: 7 },
      { name: 'canary', port: 80, weight: 33 },
    ]
    const rules = [{ backendRefs: both, matches: [foreign] }, { backendRefs: [{ name: 'canary', weight: 4 }] }]
    const route = (name: string, spec: object, labels?: Record<string, string>) =>
      ({ metadata: { name, namespace: 'web', resourceVersion: '5', ...(labels && { labels }) }, spec }) as KubeObject
    const key = (plural: string, name: string) => `${plural}.gateway.networking.k8s.io/web/${name}`
    return structuredClone({
      [key('httproutes', 'one')]: route('one', { foreign, rules }, { team: 'a' }),
      [key('grpcroutes', 'api')]: route('api', { rules }),
      [key('tcproutes', 'db')]: route('db', { rules: [{ name: 'tcp', backendRefs: both }] }),
      [key('httproutes', 'two')]: route('two', { foreign, rules }, { app: 'shop' }),
    })
  },
  weights: (objects) =>
    rulesOf(objects)
      .filter(({ backendRefs = [] }) => backendRefs.length > 1)
      .map(({ backendRefs = [] }) => [backendRefs[0]?.weight, backendRefs[2]?.weight]),
  unowned: (objects) =>
    JSON.parse(
      JSON.stringify(objects, function (this: { name?: string; port?: number }, key, value) {
        if (key === 'weight' && this.port === 80) return undefined
        if (key === LABEL || key === MANAGED_RULES) return undefined
        const isOurs = (name: string) => name === LABEL || name === MANAGED_RULES
        return ['annotations', 'labels'].includes(key) && Object.keys(value).every(isOurs) ? undefined : value
      }),
    ),
}
