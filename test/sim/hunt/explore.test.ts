/** Every tale, disturbed at every place: each ends as if nothing had been. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { explore } from '../../../sim/explore/explore.ts'

/** Enough to begin with; `npm run sim -- --explore` tells all. */
const MOST_LINES = 60

describe('the exploration', () => {
  test('every tale ends the same, wherever it is disturbed', { timeout: 3_600_000 }, async () => {
    const lines: string[] = []
    const report = await explore({ only: undefined, print: (line) => void lines.push(line) })
    assert.equal(lines.length, 0, lines.slice(0, MOST_LINES).join('\n'))
    assert.equal(report.violations, 0)
    assert.ok(report.tales >= 25 && report.runs > 5_000, JSON.stringify(report))
  })
})
