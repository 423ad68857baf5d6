/** The product without each of its guards in turn: somebody notices every time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { reportMutants } from '../../../sim/mutants/report.ts'

describe('mutants', () => {
  test('none survives', { timeout: 3_600_000 }, async () => {
    const report = await reportMutants({ print: () => {} })
    assert.deepEqual(report.survived, [])
    assert.ok(report.mutants >= 40)
  })
})
