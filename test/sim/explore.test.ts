/** The oracle of the exploration can tell two ends apart, and a tale is disturbed wherever it can be. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compareEndings } from '../../sim/explore/compare.ts'
import { listTroubles } from '../../sim/explore/points.ts'
import { tales } from '../../sim/explore/tales/all-tales.ts'
import { type Ending, tell } from '../../sim/explore/tell.ts'
import { parseTrouble, renderTrouble, type Trouble } from '../../sim/explore/trouble.ts'

const ending = (change: Partial<Ending> = {}): Ending => ({
  lines: ['Healthy', 'shop 2'],
  births: ['create replicasets/a', 'evict a pod', 'evict a pod'],
  notices: ['2/Completed'],
  violations: [],
  course: [],
  steps: 7,
  passage: {
    writes: ['create replicasets/a', 'patch rollouts/shop'],
    reads: ['list pods'],
    lines: ['pods', 'rollouts'],
  },
  firstDeed: { writes: 0, reads: 0, lines: 0 },
  hash: '',
  ...change,
})

const different: readonly (readonly [string, Partial<Ending>, readonly string[]])[] = [
  ['another end', { lines: ['Degraded', 'shop 2'] }, ['the end: + Degraded', 'the end: - Healthy']],
  [
    'an object made twice',
    { births: [...ending().births, 'create replicasets/a'] },
    ['created, deleted or pointed elsewhere: + create replicasets/a'],
  ],
  [
    'one eviction less',
    { births: ending().births.slice(1).slice(1) },
    [
      'created, deleted or pointed elsewhere: - create replicasets/a',
      'created, deleted or pointed elsewhere: - evict a pod',
    ],
  ],
  ['a message that nobody got', { notices: [] }, ['messages: - 2/Completed']],
  [
    'a broken invariant',
    { violations: [{ id: 'S1', atMs: 7, sentence: 'weight for nobody' }] },
    ['S1 at 7 ms: weight for nobody'],
  ],
]

describe('the exploration', () => {
  for (const [what, change, words] of different)
    test(`sees ${what}`, () => {
      assert.deepEqual(compareEndings(ending(change), ending()), words)
    })

  test('sees no difference in the same end', () => {
    assert.deepEqual(compareEndings(ending(), ending()), [])
  })

  const start = { writes: 0, reads: 0, lines: 0 }

  test('disturbs every write twice, every read and every late kind three times, every line once', () => {
    assert.equal(listTroubles(ending(), { from: start }).length, 2 * 2 + 3 + 2 * 3 + 2)
    assert.equal(listTroubles(ending(), { from: { writes: 1, reads: 1, lines: 1 } }).length, 2 + 0 + 2 * 3 + 1)
  })

  test('puts somebody else at every write where a tale says so, and before those of what is there', () => {
    const troubles = listTroubles(ending(), { from: start, rivals: true })
    assert.deepEqual(troubles.filter(({ kind }) => kind === 'touch' || kind === 'repeat').map(renderTrouble), [
      'write 1 arrives twice',
      'write 2 meets a newer object',
      'write 2 arrives twice',
    ])
  })

  test('dies at no event: nobody who starts anew reads it, so it is the write before or the next one', () => {
    const passage = { writes: ['patch rollouts/shop', 'create events/shop.1'], reads: [], lines: [] }
    assert.deepEqual(listTroubles(ending({ passage }), { from: start }).map(renderTrouble), [
      'dies at write 1, applied',
      'dies at write 1, lost',
    ])
  })

  test('reads every trouble from its words', () => {
    const troubles: readonly Trouble[] = [
      { kind: 'crash', atWrite: 3, applied: false },
      { kind: 'stale', atRead: 4, versions: 2 },
      { kind: 'late', plural: 'pods', lines: 1 },
      { kind: 'drop', atLine: 5 },
      { kind: 'touch', atWrite: 6 },
      { kind: 'repeat', atWrite: 7 },
    ]
    for (const trouble of troubles) assert.deepEqual(parseTrouble(renderTrouble(trouble)), trouble)
  })

  test('has a tale of everything that a release can meet', () => {
    const names = tales.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    assert.ok(names.length >= 25)
    for (const word of [
      'aborted',
      'superseded',
      'rolled back',
      'shrinks',
      'experiment',
      'alert',
      'in full',
      'taken over',
    ])
      assert.ok(
        names.some((name) => name.includes(word)),
        word,
      )
  })

  test('a tale that is disturbed ends the same, and really was disturbed', async () => {
    const tale = tales.find(({ name }) => name === 'pods alone, aborted')
    assert.ok(tale)
    const undisturbed = await tell(tale)
    const atWrite = undisturbed.firstDeed.writes + 4
    const crashed = await tell(tale, { kind: 'crash', atWrite, applied: true })
    assert.deepEqual(compareEndings(crashed, undisturbed), [])
    assert.notEqual(crashed.hash, undisturbed.hash)
    const dropped = await tell(tale, { kind: 'drop', atLine: undisturbed.firstDeed.lines + 2 })
    assert.deepEqual(compareEndings(dropped, undisturbed), [])
    assert.notEqual(dropped.hash, undisturbed.hash)
    for (const kind of ['touch', 'repeat'] as const) {
      const met = await tell(tale, { kind, atWrite: undisturbed.firstDeed.writes + 3 })
      assert.deepEqual(compareEndings(met, undisturbed), [])
      assert.notEqual(met.hash, undisturbed.hash)
    }
  })
})
