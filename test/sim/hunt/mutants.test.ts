/** The product without each of its guards in turn: somebody notices every time, and it is who the list says. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { reportMutants } from '../../../sim/mutants/report.ts'

describe('mutants', () => {
  test('none survives, and each is noticed as listed', { timeout: 3_600_000 }, async () => {
    const report = await reportMutants({ print: () => {} })
    assert.deepEqual(report.survived, [])
    assert.deepEqual(report.otherwise, [], 'not noticed by what the list names')
    assert.ok(report.mutants >= 40)
  })
})
