/** What validation says of a provider's configuration before anybody is asked: the field that is wrong, and nothing of what an argument may still fill in. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ProviderId } from '../../../controller/metric-language/analysis-metric.ts'
import { providerRules } from '../../../controller/metric-language/provider-rules/registry.ts'

const compared = { canaryQuery: 'up', stableQuery: 'up' }
const named = { name: 'a', ...compared }

/** provider, what is well, then changes of it and the fields that are wrong with them */
const rows: readonly (readonly [ProviderId, object, readonly (readonly [object, readonly string[]])[]])[] = [
  [
    'newRelic',
    { query: 'SELECT 1' },
    [
      [{ query: ' ' }, ['query']],
      [{ query: undefined }, ['query']],
      [{ timeout: -1 }, ['timeout']],
      [{ timeout: 0, profile: 'eu' }, []],
    ],
  ],
  [
    'wavefront',
    { address: 'shop.wavefront.com', query: 'ts(x)' },
    [
      [{ address: 'https://shop.wavefront.com' }, ['address']],
      [{ address: 'shop.wavefront.com/path' }, ['address']],
      [{ address: undefined, query: '' }, ['address', 'query']],
      [{ address: '{{args.host}}' }, []],
    ],
  ],
  [
    'graphite',
    { address: 'http://graphite', query: 'target=x' },
    [
      [{ address: 'graphite' }, ['address']],
      [{ query: 'sumSeries(x)' }, ['query']],
      [{ query: 'from=-5min&\n  target = x' }, []],
      [{ address: undefined, query: undefined }, ['address', 'query']],
      [{ address: 'http://{{args.host}}', query: '{{args.query}}' }, []],
    ],
  ],
  [
    'influxdb',
    { query: 'from(bucket: "b")' },
    [
      [{ query: '' }, ['query']],
      [{ profile: 'second' }, []],
    ],
  ],
  [
    'skywalking',
    { address: 'http://skywalking:12800', query: 'query { x }', interval: '5m' },
    [
      [{ interval: undefined }, ['interval']],
      [{ interval: '0s' }, ['interval']],
      [{ interval: 'soon' }, ['interval']],
      [{ interval: '{{args.interval}}' }, []],
      [{ address: 'skywalking', query: '' }, ['address', 'query']],
    ],
  ],
  [
    'penstock/alertmanager',
    { address: 'http://alertmanager:9093', matchers: ['severity="page"'] },
    [
      [{ matchers: [] }, ['matchers']],
      [{ matchers: ['a=b', 'severity'] }, ['matchers[1]']],
      [{ matchers: ['{{args.matcher}}'] }, []],
      [{ warmup: 'soon' }, ['warmup']],
      [{ warmup: '0s' }, []],
      [{ address: 'alertmanager' }, ['address']],
      [{ severity: 'page' }, ['']],
      [{ authentication: { sigv4: { region: 'eu-west-1' } } }, ['authentication.sigv4']],
    ],
  ],
  [
    'penstock/mann-whitney',
    compared,
    [
      [{ stableQuery: undefined }, ['stableQuery']],
      [{ canaryQuery: 'sum(' }, ['canaryQuery']],
      [{ metrics: [named] }, ['metrics']],
      [{ canaryQuery: undefined, stableQuery: undefined, metrics: [named, named] }, ['metrics[1].name']],
      [{ step: '10ms' }, ['step']],
      [{ lookback: '30s' }, ['lookback']],
      [{ step: '1s', lookback: '24h' }, ['lookback']],
      [{ groupWeights: { a: 60, b: 50 } }, ['groupWeights']],
      [{ threshold: { pass: 50 } }, ['threshold.marginal']],
      [{ direction: 'up' }, ['direction']],
      [{ step: '{{args.step}}' }, []],
    ],
  ],
]

for (const [id, well, changes] of rows)
  describe(`rules of ${id}`, () => {
    test('what is well is well', () => assert.deepEqual(providerRules[id](well, 'p'), []))
    for (const [change, fields] of changes)
      test(JSON.stringify(change), () =>
        assert.deepEqual(
          providerRules[id]({ ...well, ...change }, 'p').map(({ field }) => field),
          fields.map((field) => (field === '' ? 'p' : `p.${field}`)),
        ),
      )
  })
