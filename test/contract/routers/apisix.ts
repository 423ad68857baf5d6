/** An ApisixRoute with two weighted rules and one that is not the router's. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterSample } from './sample.ts'

interface Route {
  readonly spec?: { readonly http?: readonly { readonly backends: readonly { readonly weight?: number }[] }[] }
}
const KEY = 'apisixroutes.apisix.apache.org/web/shop'

export const apisixSample: RouterSample = {
  config: { route: { name: 'shop', rules: ['pages', 'api'] } },
  wrong: [
    { config: {}, names: 'apisix.route' },
    { config: { route: {} }, names: 'apisix.route.name' },
    { config: { route: { name: 'shop', rules: 7 } }, names: 'apisix.route.rules' },
    { config: { route: { name: 'shop', rules: [] } }, names: 'apisix.route.rules' },
  ],
  objects(foreign) {
    const backends = [
      { serviceName: 'stable', servicePort: 80 },
      { serviceName: 'other', servicePort: 80, weight: 7 },
      { serviceName: 'canary', servicePort: 80, weight: 33, resolveGranularity: 'service' },
    ]
    const rule = (name: string, path: string) => ({
      name,
      match: { paths: [path], exprs: [{ subject: { scope: 'Query', name: 'q' }, op: 'Equal', value: 'x' }] },
      plugins: [foreign],
      backends,
    })
    const other = {
      name: 'other',
      match: { paths: ['/other'] },
      backends: [{ serviceName: 'stable', servicePort: 80 }],
    }
    return JSON.parse(
      JSON.stringify({
        [KEY]: {
          apiVersion: 'apisix.apache.org/v2',
          kind: 'ApisixRoute',
          metadata: {
            name: 'shop',
            namespace: 'web',
            resourceVersion: '5',
            labels: { 'app.kubernetes.io/instance': 'shop' },
          },
          spec: {
            ingressClassName: 'apisix',
            http: [{ ...rule('pages', '/*'), priority: 3 }, other, rule('api', '/api/*')],
            stream: foreign,
          },
        } as KubeObject,
      }),
    )
  },
  weights: (objects) => {
    const { http = [] } = (objects[KEY] as Route | undefined)?.spec ?? {}
    return [0, 2].map((at) => [http[at]?.backends[0]?.weight, http[at]?.backends[2]?.weight])
  },
  unowned: (objects) =>
    JSON.parse(
      JSON.stringify(objects, function (this: { serviceName?: string }, key, value) {
        return key === 'weight' && this.serviceName !== 'other' ? undefined : value
      }),
    ),
}
