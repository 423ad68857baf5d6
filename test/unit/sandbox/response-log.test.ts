import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createResponseLog } from '../../../sandbox/gateway/response-log.ts'

describe('response log', () => {
  test('counts answers per revision within a time', () => {
    const log = createResponseLog()
    for (const [hash, atMs] of [
      ['a', 10],
      ['b', 20],
      ['a', 30],
    ] as const)
      log.record(hash, atMs)
    assert.deepEqual(
      [...log.count(15, 31)],
      [
        ['b', 1],
        ['a', 1],
      ],
    )
  })

  test('the last canary answer before a whole quiet second is the end of the canary', () => {
    const log = createResponseLog()
    log.record('canary', 1_000)
    log.record('canary', 1_180)
    log.record('stable', 1_900)
    assert.equal(log.quietSince('canary', 900, 2_000), undefined, 'the second is not over')
    assert.equal(log.quietSince('canary', 900, 2_180), 1_180)
    log.record('canary', 5_000)
    assert.equal(log.quietSince('canary', 900, 5_100), 1_180, 'a later answer does not change it')
    assert.equal(log.quietSince('none', 900, 2_000), 900)
  })

  test('stays within its bound', () => {
    const log = createResponseLog(100)
    for (let n = 0; n < 1_000; n += 1) log.record('a', n)
    assert.ok((log.count(0, 2_000).get('a') ?? 0) <= 100)
  })
})
