/** A ConfigMap with three keys of the router's among others. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}
const OWNED = ['weight', 'allow', 'degrade']

const mapsOf = (objects: RouterObjects): readonly ConfigMap[] =>
  Object.values(objects).flatMap((object) => (object ? [object] : []))

export const switchSample: RouterSample = {
  config: {
    configMap: 'shop-switch',
    weight: { key: 'weight' },
    allow: { key: 'allow' },
    enabled: { key: 'degrade', from: 50, inverted: true },
  },
  wrong: [
    { config: {}, names: 'configMap' },
    { config: { configMap: 'a', weight: { key: 'no spaces' } }, names: 'weight.key' },
    { config: { configMap: 'a', wieght: {} }, names: 'wieght' },
    { config: { configMap: 'a', weight: { key: 'x' }, allow: { key: 'x' } }, names: 'keys of their own' },
    { config: { configMap: 'a', enabled: { key: 'x', from: 0 } }, names: 'enabled.from' },
  ],
  objects: (foreign) =>
    structuredClone({
      'configmaps/web/shop-switch': {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name: 'shop-switch',
          namespace: 'web',
          resourceVersion: '5',
          labels: { 'penstock.dev/router': '' },
        },
        data: { theme: JSON.stringify(foreign), weight: 'half' },
      } as KubeObject,
    }),
  weights: (objects) => mapsOf(objects).map(({ data }) => [100 - Number(data?.weight), Number(data?.weight)]),
  unowned: (objects) =>
    mapsOf(objects).map(({ data, ...rest }) => ({
      ...rest,
      data: Object.fromEntries(Object.entries(data ?? {}).filter(([key]) => !OWNED.includes(key))),
    })),
}
