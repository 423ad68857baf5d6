import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultAlertMapping, parseAlertMapping } from '../../../webhooks/mapping.ts'

describe('the alert mapping file', () => {
  test('an empty file is the default mapping', () => {
    assert.deepEqual(parseAlertMapping('# nothing\n'), { mapping: defaultAlertMapping })
    assert.equal(defaultAlertMapping.massAbort.limit, 20)
  })
  test('a whole file is read', () => {
    const parsed = parseAlertMapping(`
rolloutLabel: app
namespaceLabel: ns
hashLabel: hash
unattributed: pause
skewSeconds: 5
massAbort: { limit: 3 }
rules:
  - match: { service: pay }
    rollout: { namespace: bank, name: payments }
    action: abort
`)
    assert.ok('mapping' in parsed)
    assert.equal(parsed.mapping.rules[0]?.rollout.name, 'payments')
    assert.deepEqual(parsed.mapping.massAbort, { limit: 3, windowSeconds: 60 })
  })
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['rules: [{match: {a: b}, rollout: {namespace: x}}]', /^alert mapping: rules\[0\]\.rollout\.name: /],
    ['rules: [{match: {}, rollout: {namespace: x, name: y}}]', /^alert mapping: rules\[0\]\.match: needs a label/],
    ['unattributed: explode', /^alert mapping: unattributed: /],
    ['rolloutLable: app', /^alert mapping: the file: .*rolloutLable/],
    ['skewSeconds: -1', /^alert mapping: skewSeconds: /],
    ['a: [', /^alert mapping: is not YAML \(.*\)$/],
    ['- a', /^alert mapping: the file: /],
  ]
  for (const [text, message] of wrong) {
    test(`${text} is one sentence that names the field`, () => {
      const parsed = parseAlertMapping(text)
      assert.ok('error' in parsed)
      assert.match(parsed.error, message)
      assert.ok(!parsed.error.includes('\n'))
    })
  }
})
