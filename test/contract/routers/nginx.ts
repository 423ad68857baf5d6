/** Two Ingresses of users, one of which catches all; the canary Ingresses beside them are made. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

const PREFIX = 'nginx.ingress.kubernetes.io'
const KIND = 'ingresses.networking.k8s.io'
const isCanary = (key: string): boolean => key.endsWith('-canary')

export const nginxSample: RouterSample = {
  config: { stableIngresses: ['one', 'two'], additionalIngressAnnotations: { 'load-balance': 'ewma' } },
  wrong: [
    { config: {}, names: 'nginx.stableIngress' },
    { config: { stableIngress: 'one', stableIngresses: ['two'] }, names: 'nginx.stableIngresses' },
    { config: { stableIngresses: [] }, names: 'nginx.stableIngresses' },
    { config: { stableIngress: 7 }, names: 'nginx.stableIngress' },
    {
      config: { stableIngress: 'one', canaryIngressAnnotations: { 'canary-weight-total': '1000' } },
      names: 'nginx.canaryIngressAnnotations',
    },
  ],
  objects(foreign) {
    const to = (name: string, path: string) => ({
      path,
      pathType: 'Prefix',
      backend: { service: { name, port: { number: 80 } } },
    })
    const metadata = (name: string) => ({ name, namespace: 'web', resourceVersion: '5', annotations: { theirs: 'x' } })
    const one = {
      metadata: metadata('one'),
      spec: {
        foreign,
        ingressClassName: 'nginx',
        tls: [{ hosts: ['shop.example.com'], secretName: 'shop' }],
        rules: [
          { host: 'shop.example.com', http: { paths: [to('other', '/api'), to('stable', '/')] } },
          { host: 'other.example.com', http: { paths: [to('other', '/')] } },
        ],
      },
    }
    const two = {
      metadata: { ...metadata('two'), annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
      spec: { foreign, defaultBackend: { service: { name: 'stable', port: { name: 'http' } } } },
    }
    const objects = { [`${KIND}/web/one`]: one as KubeObject, [`${KIND}/web/two`]: two as KubeObject }
    return structuredClone<RouterObjects>(objects)
  },
  weights: (objects) =>
    Object.entries(objects).flatMap(([key, object]) => {
      if (!isCanary(key)) return []
      const { annotations = {} } = object?.metadata ?? {}
      const total = Number(annotations[`${PREFIX}/canary-weight-total`] ?? 100)
      const canary = Number(annotations[`${PREFIX}/canary-weight`])
      return [[total - canary, canary] as const]
    }),
  unowned: (objects) => Object.entries(objects).filter(([key]) => !isCanary(key)),
}
