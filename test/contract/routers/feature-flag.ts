/** A file of go-feature-flag with comments and another flag; flagd has tests of its own. */
import { parse, parseDocument } from 'yaml'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}
const textsOf = (objects: RouterObjects): readonly string[] =>
  Object.values(objects).map((object) => (object as ConfigMap | undefined)?.data?.['flags.yaml'] ?? '')

export const featureFlagSample: RouterSample = {
  config: {
    configMap: 'flags',
    key: 'flags.yaml',
    format: 'goFeatureFlag',
    flag: 'new-checkout',
    stableVariant: 'before',
    canaryVariant: 'after',
  },
  wrong: [
    { config: { configMap: 'flags' }, names: 'key' },
    {
      config: { configMap: 'a', key: 'b', format: 'ini', flag: 'c', stableVariant: 'd', canaryVariant: 'e' },
      names: 'format',
    },
    {
      config: { configMap: 'a', key: 'b', format: 'flagd', flag: 'c', stableVariant: 'd', canaryVariant: 'd' },
      names: 'canaryVariant',
    },
  ],
  objects(foreign) {
    const text = [
      '# flags of the shop',
      'new-checkout:',
      '  variations:',
      '    before: false # the old one',
      '    after: true',
      '  targeting:',
      '    - query: team eq "checkout"',
      '      variation: after',
      '  defaultRule:',
      '    percentage:',
      '      before: 67',
      '      after: 33',
      `other: ${JSON.stringify({ variations: { x: foreign }, defaultRule: { variation: 'x' } })}`,
      '',
    ].join('\n')
    return {
      'configmaps/web/flags': {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'flags', namespace: 'web', resourceVersion: '5', labels: { 'penstock.dev/router': '' } },
        data: { 'flags.yaml': text, 'other.txt': 'a' },
      } as KubeObject,
    }
  },
  weights: (objects) =>
    textsOf(objects).map((text) => {
      const flags: Record<string, { defaultRule: { percentage: Record<string, number> } }> = parse(text)
      const shares = flags['new-checkout']?.defaultRule.percentage
      return [shares?.before, shares?.after]
    }),
  unowned: (objects) =>
    textsOf(objects).map((text) => {
      const document = parseDocument(text)
      document.deleteIn(['new-checkout', 'defaultRule', 'percentage'])
      return document.toString()
    }),
}
