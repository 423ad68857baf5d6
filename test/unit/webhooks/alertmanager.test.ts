import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ALERT_LIMIT, parseAlertmanagerPayload } from '../../../webhooks/alertmanager.ts'
import { payloadBytes, wireAlert, wirePayload } from './alert-objects.ts'

const parse = (payload: unknown) => parseAlertmanagerPayload(payloadBytes(payload))

function accepted(payload: unknown) {
  const parsed = parse(payload)
  assert.ok('group' in parsed, JSON.stringify(parsed))
  return parsed.group
}

function rejected(parsed: ReturnType<typeof parseAlertmanagerPayload>): string {
  assert.ok('rejection' in parsed)
  assert.equal(parsed.rejection.status, 400)
  return parsed.rejection.reason
}

describe('Alertmanager payload', () => {
  test('a payload of version 4 yields its alerts, with times in milliseconds', () => {
    const group = accepted(wirePayload([wireAlert(), wireAlert({ status: 'resolved', fingerprint: 'b' })]))
    assert.equal(group.alerts.length, 2)
    assert.equal(group.alerts[0]?.startsAtMs, Date.parse('2026-01-01T00:01:00.123Z'))
    assert.equal(group.alerts[0]?.labels.rollout, 'checkout')
    assert.deepEqual(
      group.alerts.map((alert) => alert.status),
      ['firing', 'resolved'],
    )
  })

  test('unknown fields are accepted on every level', () => {
    const group = accepted(
      wirePayload([{ ...wireAlert(), newField: { a: 1 } }], { notification_reason: 'repeat', other: [] }),
    )
    assert.equal(group.alerts.length, 1)
  })

  test('annotations may be null, as Go prints an empty map', () => {
    assert.deepEqual(accepted(wirePayload([{ ...wireAlert(), annotations: null }])).alerts[0]?.annotations, {})
  })

  test('what Alertmanager left out is passed on', () => {
    assert.equal(accepted(wirePayload([wireAlert()], { truncatedAlerts: 7 })).truncatedAlerts, 7)
  })

  const foreign: readonly (readonly [string, unknown, RegExp])[] = [
    ['another version', wirePayload([], { version: '3' }), /^version: /],
    ['a list', [], /^payload: /],
    ['alerts that are no list', wirePayload([], { alerts: {} }), /^alerts: /],
    ['an alert without labels', wirePayload([{ ...wireAlert(), labels: undefined }]), /^alerts\[0\]\.labels: /],
    ['a label that is a number', wirePayload([{ ...wireAlert(), labels: { a: 1 } }]), /^alerts\[0\]\.labels\.a: /],
    ['an unreadable time', wirePayload([wireAlert(), wireAlert({ startsAt: 'now' })]), /^alerts\[1\]\.startsAt: /],
    ['an unknown status', wirePayload([wireAlert({ status: 'maybe' })]), /^alerts\[0\]\.status: /],
    ['no fingerprint', wirePayload([{ ...wireAlert(), fingerprint: undefined }]), /^alerts\[0\]\.fingerprint: /],
    ['a fingerprint with a separator', wirePayload([wireAlert({ fingerprint: 'a@b' })]), /^alerts\[0\]\.fingerprint: /],
  ]
  for (const [what, payload, reason] of foreign) {
    test(`${what} is refused with the field's name`, () => assert.match(rejected(parse(payload)), reason))
  }

  test('what is not JSON or not UTF-8 is refused', () => {
    assert.match(rejected(parseAlertmanagerPayload(new TextEncoder().encode('{'))), /^payload: is not JSON/)
    assert.match(rejected(parseAlertmanagerPayload(new Uint8Array([0x22, 0xff, 0x22]))), /^payload: is not JSON/)
    assert.match(rejected(parseAlertmanagerPayload(new Uint8Array())), /^payload: is not JSON/)
  })

  test('of too many alerts the firing ones are handled and the rest is counted', () => {
    const resolved = Array.from({ length: ALERT_LIMIT }, (_, i) =>
      wireAlert({ status: 'resolved', fingerprint: `r${i}` }),
    )
    const group = accepted(wirePayload([...resolved, wireAlert({ fingerprint: 'last' })]))
    assert.equal(group.alerts.length, ALERT_LIMIT)
    assert.equal(group.surplusAlerts, 1)
    assert.equal(group.alerts[0]?.fingerprint, 'last')
  })

  test('no JSON and no bytes make it throw', () => {
    const alerts = fc.array(
      fc.oneof(
        fc.jsonValue(),
        fc.jsonValue().map((odd) => ({ ...wireAlert(), startsAt: odd })),
      ),
    )
    const payloads = fc.oneof(
      fc.jsonValue(),
      alerts.map((list) => wirePayload(list)),
    )
    const isAnswered = (body: Uint8Array): boolean => {
      const parsed = parseAlertmanagerPayload(body)
      return 'group' in parsed || parsed.rejection.reason.length < 1000
    }
    fc.assert(fc.property(payloads, (payload) => isAnswered(payloadBytes(payload))))
    fc.assert(fc.property(fc.uint8Array(), isAnswered))
  })
})
