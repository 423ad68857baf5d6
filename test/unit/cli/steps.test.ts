/** How the CLI names a step: its one key, with its value in short. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { describeStep } from '../../../cli/view/progress.ts'
import type { ColorMatch } from '../../../controller/api/color-step.ts'
import type { CanaryStep } from '../../../controller/api/rollout.ts'

const color = (...match: readonly ColorMatch[]): CanaryStep => ({
  plugin: { name: 'penstock/color', config: { name: 'vip', match } },
})
const long = 'x'.repeat(500)

const rows: readonly (readonly [CanaryStep, string])[] = [
  [{ setWeight: 20 }, 'setWeight 20'],
  [{ setHeaderRoute: { name: 'beta' } }, 'setHeaderRoute beta'],
  [{ plugin: { name: 'penstock/webhook' } }, 'plugin penstock/webhook'],
  [color(), 'color: vip (taken back)'],
  [color({ idRange: { header: 'x-user', modulo: 1000, from: 1, to: 50 } }), 'color: vip (x-user mod 1000 in 1-50)'],
  [color({ idRange: { cookie: 'uid', modulo: 100, from: 0, to: 4 } }), 'color: vip (cookie uid mod 100 in 0-4)'],
  [color({ cidrs: ['10.0.0.0/8', '::1/128'] }), 'color: vip (client in 10.0.0.0/8, ::1/128)'],
  [
    color({
      headers: [
        { name: 'x-env', value: { exact: 'canary' } },
        { name: 'x-version', value: { prefix: 'v2.' } },
      ],
      cookies: [{ name: 'shard', value: { regex: 'a|b' } }],
    }),
    'color: vip (x-env = canary and x-version starts with v2. and cookie shard ~ a|b)',
  ],
  [
    color({ headers: [{ name: 'a', value: { exact: '1' } }] }, { headers: [{ name: 'b', value: { exact: '2' } }] }),
    'color: vip (a = 1 or b = 2)',
  ],
  [color({ headers: [{ name: 'a', value: { exact: long } }] }), `color: vip (a = ${long.slice(0, 116)}…)`],
  [{ plugin: { name: 'penstock/color', config: { name: 'vip', match: 'all' } } }, 'color'],
]

describe('a step is shown as', () => {
  for (const [step, text] of rows) test(text.slice(0, 80), () => assert.equal(describeStep(step), text))
})
