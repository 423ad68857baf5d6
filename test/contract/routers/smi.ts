/** A TrafficSplit that the router made once, and to which others have added what they like. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import { routerContext } from '../../builders/router.ts'
import type { RouterSample } from './sample.ts'

interface Split extends KubeObject {
  readonly spec?: {
    readonly service?: string
    readonly backends?: readonly { readonly service: string; readonly weight: unknown }[]
  }
}
const splitsOf = (objects: RouterObjects): readonly Split[] =>
  Object.values(objects).flatMap((object) => (object ? [object] : []))

export const smiSample: RouterSample = {
  config: { rootService: 'front', trafficSplitName: 'split' },
  wrong: [
    { config: { rootService: 7 }, names: 'smi.rootService' },
    { config: { trafficSplitName: {} }, names: 'smi.trafficSplitName' },
    { config: 'yes', names: 'trafficRouting.smi' },
  ],
  objects: (foreign) =>
    structuredClone({
      'trafficsplits.split.smi-spec.io/web/split': {
        apiVersion: 'split.smi-spec.io/v1alpha2',
        kind: 'TrafficSplit',
        metadata: {
          name: 'split',
          namespace: 'web',
          resourceVersion: '5',
          labels: { team: 'shop' },
          ownerReferences: [routerContext().owner],
        },
        spec: {
          service: 'front',
          backends: [
            { service: 'canary', weight: 33 },
            { service: 'stable', weight: 67 },
          ],
          foreign,
        },
      } as KubeObject,
    }),
  weights: (objects) =>
    splitsOf(objects).map(({ spec }) => {
      const weightOf = (name: string) => spec?.backends?.find(({ service }) => service === name)?.weight
      return [weightOf('stable'), weightOf('canary')]
    }),
  unowned: (objects) => splitsOf(objects).map(({ spec, ...rest }) => ({ ...rest, spec: { ...spec, backends: [] } })),
  makesItsObjects: 'a TrafficSplit is the Rollout’s own',
}
