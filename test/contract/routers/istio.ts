/** Two VirtualServices: http and wire routes of one, a named http route among others of the other. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface Route {
  readonly name?: string
  readonly route?: readonly { readonly destination?: { readonly host?: string }; readonly weight?: number }[]
}
const routesOf = (objects: RouterObjects): readonly Route[] =>
  Object.values(objects).flatMap((object) => {
    const {
      http = [],
      tls = [],
      tcp = [],
    } = (object as { spec?: Record<string, readonly Route[]> } | undefined)?.spec ?? {}
    return [...http, ...tls, ...tcp]
  })

const isOurs = (host: string | undefined): boolean => /^(stable|canary)(\.|$)/.test(host ?? '')

export const istioSample: RouterSample = {
  config: {
    virtualServices: [
      { name: 'one', tlsRoutes: [{ port: 443, sniHosts: ['a', 'b'] }] },
      { name: 'two.edge', routes: ['shop'] },
    ],
  },
  wrong: [
    { config: {}, names: 'trafficRouting.istio: either VirtualService or VirtualServices must be configured' },
    { config: { virtualService: { name: 'a' }, virtualServices: [{ name: 'a' }] }, names: 'either VirtualService' },
    { config: { virtualServices: [] }, names: 'either VirtualService' },
    { config: { virtualService: { routes: ['a'] } }, names: 'virtualService.name' },
    {
      config: { virtualService: { name: 'a' }, destinationRule: { name: 'a' } },
      names: 'destinationRule.canarySubsetName',
    },
  ],
  objects(foreign) {
    const both = (suffix = '') => [
      { destination: { host: `stable${suffix}`, port: { number: 80 } }, headers: foreign },
      { destination: { host: `canary${suffix}`, port: { number: 80 } }, weight: 33 },
    ]
    const virtualService = (name: string, namespace: string, spec: object) =>
      ({
        metadata: { name, namespace, resourceVersion: '5' },
        spec: { hosts: ['shop'], foreign, ...spec },
      }) as KubeObject
    const one = virtualService('one', 'web', {
      http: [{ timeout: '3s', retries: foreign, route: both() }],
      tls: [
        { match: [{ port: 443, sniHosts: ['c'] }], route: [{ destination: { host: 'other' } }] },
        { match: [{ port: 443, sniHosts: ['b', 'a'] }], route: both() },
      ],
      tcp: [{ match: [{ port: 5432 }], route: both('.web.svc.cluster.local') }],
    })
    const two = virtualService('two', 'edge', {
      http: [
        { name: 'health', match: [{ uri: { exact: '/health' } }], route: [{ destination: { host: 'other' } }] },
        { name: 'shop', match: [{ uri: { prefix: '/' } }], corsPolicy: foreign, route: both('.web.svc.cluster.local') },
      ],
    })
    const kind = 'virtualservices.networking.istio.io'
    return structuredClone({ [`${kind}/web/one`]: one, [`${kind}/edge/two`]: two })
  },
  weights: (objects) =>
    routesOf(objects)
      .filter(({ route = [] }) => route.length > 1)
      .map(({ route = [] }) => [route[0]?.weight, route[1]?.weight]),
  unowned: (objects) =>
    JSON.parse(
      JSON.stringify(objects, function (this: { destination?: { host?: string } }, key, value) {
        return key === 'weight' && isOurs(this.destination?.host) ? undefined : value
      }),
    ),
}
