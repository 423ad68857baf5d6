/** Seeds, the first of them twice: no invariant is broken, and each log replays. A failing seed is told by `npm run sim -- --seed S`. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runSeeds, type SeedReport } from '../../../sim/cli/seeds.ts'

const ONCE = 1_900
const TWICE = 100

async function hunt(from: number, count: number, twice: boolean): Promise<readonly SeedReport[]> {
  const reports: SeedReport[] = []
  await runSeeds(from, count, twice, (report) => void reports.push(report))
  return reports
}

const broken = (reports: readonly SeedReport[]): readonly string[] =>
  reports.flatMap(({ seed, violations }) => violations.map(({ id, sentence }) => `seed ${seed}: ${id}: ${sentence}`))

describe('seeds', () => {
  test(`1 to ${TWICE} replay and break nothing`, { timeout: 900_000 }, async () => {
    const reports = await hunt(1, TWICE, true)
    assert.deepEqual(broken(reports), [])
    assert.deepEqual(
      reports.filter(({ isReplayed }) => !isReplayed).map(({ seed }) => seed),
      [],
    )
    assert.equal(new Set(reports.map(({ hash }) => hash)).size, TWICE)
  })

  test(`${TWICE + 1} to ${TWICE + ONCE} break nothing`, { timeout: 1_800_000 }, async () => {
    const reports = await hunt(TWICE + 1, ONCE, false)
    assert.equal(reports.length, ONCE)
    assert.deepEqual(broken(reports), [])
  })
})
