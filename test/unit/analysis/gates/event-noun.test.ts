/** Names of counters as people would say them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nameEvents } from '../../../../analysis/domain/gates/event-noun.ts'

const rows: readonly (readonly [string, string | undefined])[] = [
  ['orders_total', 'order/orders'],
  ['orders_completed_total{app="shop"}', 'order completed/orders completed'],
  ['shop:payments:count', 'shop payment count/shop payments count'],
  ['checkout_success_total', 'checkout success/checkout success'],
  ['logins', 'login/logins'],
  ['{__name__="orders_total"}', undefined],
  ['', undefined],
]

describe('gates: what events are called', () => {
  for (const [selector, expected] of rows)
    test(`${selector || 'nothing'}: ${expected ?? 'unknown'}`, () => {
      const noun = nameEvents(selector)
      assert.equal(noun && `${noun.one}/${noun.many}`, expected)
    })
})
