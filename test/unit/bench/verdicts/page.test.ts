import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cells } from '../../../bench/verdicts/cells.ts'
import { PENSTOCK } from '../../../bench/verdicts/judges.ts'
import { tabulateLosses } from '../../../bench/verdicts/losses.ts'
import { noiseSets } from '../../../bench/verdicts/noise.ts'
import { drawPage, parseRecord, renderRecord } from '../../../bench/verdicts/page.ts'
import { readPage, readRecords } from '../../../bench/verdicts/record.ts'
import { sections } from '../../../bench/verdicts/report.ts'
import type { VerdictsResult } from '../../../bench/verdicts/results.ts'

const cellOf = (id: string) => {
  const cell = cells.find((one) => one.id === id)
  assert.ok(cell, id)
  return cell
}

const run: VerdictsResult = {
  settings: { seed: 7, rollouts: 3, noise: 'own' },
  cells: [
    {
      cell: cellOf('errorRate/healthy/iid/100'),
      rollouts: 6,
      scores: { 'success ≥ .99 FL3': { aborted: 0.123456789, early: 0 }, [PENSTOCK]: { aborted: 0, early: 0 } },
    },
  ],
  healthy: [{ noise: 'iid', rps: 100, history: '4h', rollouts: 6, aborted: { [PENSTOCK]: 0 } }],
}

describe('docs/verdicts.md', () => {
  test('its tables are those of the recorded runs', async () => {
    const [page, records] = [await readPage(), await readRecords()]
    for (const set of noiseSets)
      assert.ok(records[set], `docs/verdicts/${set}.jsonl: npm run bench -- verdicts --record`)
    assert.equal(drawPage(page, records), page, 'drawn anew it would be another: npm run bench -- verdicts --record')
  })

  test('the recorded runs have every cell that there is', async () => {
    const records = await readRecords()
    for (const set of noiseSets)
      assert.deepEqual(
        records[set]?.cells.map(({ cell }) => cell.id),
        cells.map(({ id }) => id),
        set,
      )
  })

  test('no table of ours is left out', async () => {
    const page = await readPage()
    const names = ['run', 'targets', 'together', 'losses', ...sections.map(({ gate, group }) => `${gate}-${group}`)]
    for (const name of names) assert.ok(page.includes(`<!-- figures: ${name} own -->`), name)
  })
})

describe('a page', () => {
  test('has its tables drawn, again and again', () => {
    const page = 'a\n<!-- figures: together own -->\nold\n<!-- end -->\nb\n'
    const drawn = drawPage(page, { own: run })
    assert.match(
      drawn,
      /^a\n<!-- figures: together own -->\n\n\| noise, .* ours \|\n\| --- \|.*\n\| iid, 4h, 100 \|.* 0 % \|\n\n<!-- end -->\nb\n$/,
    )
    assert.equal(drawPage(drawn, { own: run }), drawn)
  })

  test('keeps those of runs that there are not', () => {
    const page = '<!-- figures: together alt -->\nold\n<!-- end -->'
    assert.equal(drawPage(page, { own: run }), page)
  })

  test('asks for a table that there is not', () =>
    assert.throws(() => drawPage('<!-- figures: x own -->\n<!-- end -->', { own: run }), /no table "x own"/))

  test('a record is read as it was written, to six digits', () => {
    const read = parseRecord(renderRecord(run))
    assert.deepEqual(read.settings, run.settings)
    assert.deepEqual(read.healthy, run.healthy)
    assert.equal(read.cells[0]?.scores['success ≥ .99 FL3']?.aborted, 0.123457)
    assert.throws(() => parseRecord('{"cell":{}}\n'), /begins with its settings/)
  })
})

describe('where we are behind', () => {
  const healthy = (falseAborts: number): VerdictsResult['cells'][number] => ({
    cell: cellOf('errorRate/healthy/iid/100'),
    rollouts: 6,
    scores: { 'ratio ≤ 2 FL3': { aborted: falseAborts, early: 0 } },
  })
  const bad = (ours: number | undefined, peer: number): VerdictsResult['cells'][number] => ({
    cell: cellOf('errorRate/x4/iid/100'),
    rollouts: 3,
    scores: {
      'ratio ≤ 2 FL3': { aborted: 1, early: 0, medianSeconds: peer },
      [PENSTOCK]: ours === undefined ? { aborted: 0.4, early: 0 } : { aborted: 1, early: 0, medianSeconds: ours },
    },
  })
  const losses = (...figures: VerdictsResult['cells']) => tabulateLosses({ ...run, cells: figures }).rows

  test('a peer that is sooner, with what it costs', () =>
    assert.deepEqual(losses(healthy(0.05), bad(300, 240)), [
      ['errorRate/x4/iid/100', '100 %, 300 s', 'ratio ≤ 2 FL3', '100 %, 240 s', '5 %'],
    ]))
  test('as soon is not sooner', () => assert.deepEqual(losses(healthy(0.05), bad(240, 240)), []))
  test('found by a peer, not by us', () => assert.equal(losses(healthy(0), bad(undefined, 900)).length, 1))
  test('a peer that nobody can live with', () => assert.deepEqual(losses(healthy(0.3), bad(300, 60)), []))
})
