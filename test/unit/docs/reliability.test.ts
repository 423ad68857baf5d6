/**
 * The table of what went wrong elsewhere keeps to what is there: each guard is a mutant of the list and stands in the file that is named, and what is
 * said to fail without it is what the list says. That it does fail is told by `npm run sim -- --mutants`.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { everyInvariant } from '../../../sim/invariants/all.ts'
import { mutants } from '../../../sim/mutants/list/all-mutants.ts'
import { analysisMutants } from '../../../sim/mutants/list/analysis.ts'
import { blueGreenMutants } from '../../../sim/mutants/list/blue-green.ts'
import { canaryPodMutants } from '../../../sim/mutants/list/canary-pods.ts'
import { canaryTrafficMutants } from '../../../sim/mutants/list/canary-traffic.ts'
import { coreMutants } from '../../../sim/mutants/list/core.ts'
import { evidenceMutants } from '../../../sim/mutants/list/evidence.ts'
import { fenceMutants } from '../../../sim/mutants/list/fence.ts'
import { notifierMutants } from '../../../sim/mutants/list/notifier.ts'
import { receiverMutants } from '../../../sim/mutants/list/receiver.ts'
import { writeMutants } from '../../../sim/mutants/list/writes.ts'
import { type Mutant, splitWitness } from '../../../sim/mutants/mutant.ts'
import { namesIn, readText, tableBelow } from './documents.ts'

/** The numbers of the collection of failures, which has gaps. */
const entries = [
  1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 14, 15, 17, 18, 19, 21, 22, 24, 25, 26, 28, 29, 30, 32, 33, 34, 36, 37, 39, 40, 41,
  42, 44, 45, 46, 48, 49, 50, 52, 53, 55, 56, 57, 58, 59, 61, 63, 64, 66, 67, 69, 71, 72,
]
const rows = tableBelow(readText('docs/reliability.md'), '## What went wrong elsewhere')
const known = new Map(mutants.map((mutant) => [mutant.id, mutant]))
const linesOf = (cell = ''): readonly string[] => cell.split('<br>')

function renderProof({ witness }: Mutant): string {
  const { catcher, name } = splitWitness(witness)
  const [what = '', title] = catcher === 'test' ? name.split(' › ') : [name]
  return `${catcher} \`${what}\`${title === undefined ? '' : ` › ${title}`}`
}

describe('the rules that have to hold', () => {
  test('stand on the page in the words of the simulator', () => {
    const told = tableBelow(readText('docs/reliability.md'), '## What has to hold').map(
      ([id, words]) => `${id} ${words}`,
    )
    const checked = everyInvariant.map(({ id, words }) => `${id} ${words}`)
    assert.deepEqual(told.toSorted(), checked.toSorted())
  })
})

describe('the table of what went wrong elsewhere', () => {
  test('has a row for every entry, with a link to it', () => {
    assert.deepEqual(
      rows.map(([number]) => Number(number)),
      entries,
    )
    for (const [number, where = ''] of rows)
      assert.match(where, /^\[\w\w[#!]\d+\]\(https:\/\/github\.com\/\S+\)/, number)
  })

  test('names guards that are there, and what fails without each', () => {
    for (const [number, , , guards, proofs = ''] of rows) {
      if (guards === '–') {
        assert.match(proofs, /^cannot /, number)
        continue
      }
      const found = linesOf(guards).map((line) => {
        const [file, id = ''] = namesIn(line)
        const mutant = known.get(id)
        assert.ok(mutant, `${number}: there is no mutant "${id}"`)
        assert.equal(file, mutant.file, `${number}: ${id}`)
        return mutant
      })
      assert.deepEqual(linesOf(proofs), found.map(renderProof), number)
    }
  })
})

describe('the table of guards that are taken away', () => {
  const areas: readonly (readonly Mutant[])[] = [
    coreMutants,
    [...canaryTrafficMutants, ...canaryPodMutants],
    blueGreenMutants,
    [...analysisMutants, ...evidenceMutants],
    writeMutants,
    fenceMutants,
    receiverMutants,
    notifierMutants,
  ]
  const countOf = (some: readonly Mutant[], ...catchers: readonly string[]): number =>
    some.filter(({ witness }) => catchers.includes(splitWitness(witness).catcher)).length

  test('counts who notices them as the list has it', () => {
    assert.equal(areas.flat().length, mutants.length)
    assert.deepEqual(
      tableBelow(readText('docs/reliability.md'), '## Guards taken away').map(([, ...counts]) => counts.map(Number)),
      areas.map((some) => [some.length, countOf(some, 'tale', 'seed'), countOf(some, 'golden'), countOf(some, 'test')]),
    )
  })
})
