import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createOutboundPolicy } from '../../../controller/runtime/outbound-policy.ts'

const closed = createOutboundPolicy({ allow: [], deny: ['10.96.0.1'] })
const isAllowed = (policy: typeof closed, address: string, host = 'tenant.example'): boolean =>
  policy.judge(host, address) === undefined

describe('outbound policy', () => {
  for (const address of [
    '169.254.169.254',
    '169.254.0.1',
    'fe80::1',
    'fd00:ec2::254',
    '100.100.100.200',
    '168.63.129.16',
    '127.0.0.1',
    '127.8.8.8',
    '::1',
    '0.0.0.0',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::127.0.0.1',
    '224.0.0.1',
    'ff02::1',
    '10.96.0.1',
    'not-an-address',
  ]) {
    test(`refuses ${address}`, () => assert.equal(isAllowed(closed, address), false))
  }

  for (const address of ['10.1.2.3', '192.168.0.10', '8.8.8.8', '2001:db8::1', '64:ff9b::808:808']) {
    test(`allows ${address}`, () => assert.equal(isAllowed(closed, address), true))
  }

  test('an allow-listed CIDR opens what is in it and nothing else', () => {
    const policy = createOutboundPolicy({ allow: ['127.0.0.0/8'] })
    assert.equal(isAllowed(policy, '127.0.0.1'), true)
    assert.equal(isAllowed(policy, '::1'), false)
    assert.equal(isAllowed(policy, '169.254.169.254'), false)
  })

  test('an allow-listed name opens loopback for that name only, and never metadata', () => {
    const policy = createOutboundPolicy({ allow: ['prometheus.example', '*.internal.example'] })
    assert.equal(isAllowed(policy, '127.0.0.1', 'Prometheus.example'), true)
    assert.equal(isAllowed(policy, '127.0.0.1', 'a.internal.example'), true)
    assert.equal(isAllowed(policy, '127.0.0.1', 'evilinternal.example'), false)
    assert.equal(isAllowed(policy, '127.0.0.1', 'internal.example'), false)
    assert.equal(isAllowed(policy, '169.254.169.254', 'prometheus.example'), false)
  })

  test('metadata needs its address in the list', () => {
    const policy = createOutboundPolicy({ allow: ['169.254.169.254/32'] })
    assert.equal(isAllowed(policy, '169.254.169.254'), true)
    assert.equal(isAllowed(policy, '169.254.169.253'), false)
  })

  for (const entry of ['10.0.0.0/33', 'http://x', '*.', '*', 'a b', '10.0.0.0/8/8']) {
    test(`refuses the entry "${entry}" and names it`, () =>
      assert.throws(() => createOutboundPolicy({ allow: [entry] }), new RegExp(entry.replace(/[*./]/g, '\\$&'))))
  }
})
