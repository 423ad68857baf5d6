/**
 * The list of mutants fits the product as it is: each text stands where the list says, and what is said to catch it exists. Whether it does is
 * told by `npm run sim -- --mutants`.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { tales } from '../../../sim/explore/tales/all-tales.ts'
import { parseTrouble, renderTrouble } from '../../../sim/explore/trouble.ts'
import { isWalk } from '../../../sim/mutants/catchers.ts'
import { mutants } from '../../../sim/mutants/list/all-mutants.ts'
import { type Mutant, mutate, readSource, splitWitness } from '../../../sim/mutants/mutant.ts'
import { stories } from '../../component/reconcile/stories/all-stories.ts'
import { stories as goldens } from '../../golden/scenarios.ts'

const sources = new Map<string, string>()
function sourceOf(file: string): string {
  const known = sources.get(file) ?? readSource(file)
  sources.set(file, known)
  return known
}

/** By what is broken: where none may survive, none may be missing. */
const areas: readonly (readonly [string, RegExp, number])[] = [
  ['the core', /^controller\/domain\//, 80],
  ['live guards and writes', /^controller\/reconcile\//, 15],
  ['the fence', /^controller\/kube\//, 15],
  ['the receiver', /^webhooks\//, 15],
  ['the notifier', /^controller\/notify\//, 8],
]

function isThere({ witness }: Mutant): boolean {
  const { catcher, name } = splitWitness(witness)
  switch (catcher) {
    case 'tale': {
      const [title, words] = name.split(' › ')
      const tale = tales.find((one) => one.name === title)
      if (words === undefined) return tale !== undefined
      // That the product as it is gets through it is the exploration's business.
      return tale !== undefined && !tale.once && renderTrouble(parseTrouble(words)) === words
    }
    case 'story':
      return Object.hasOwn(stories, name)
    case 'golden':
      return goldens.some((story) => story.name === name)
    case 'walk':
      return isWalk(name)
    case 'test': {
      const [file = '', title = ''] = name.split(' › ')
      return sourceOf(file).replaceAll("\\'", "'").includes(title)
    }
    case 'seed':
      return /^\d+$/.test(name)
  }
}

describe('the list of mutants', () => {
  test('each text stands once in its file, and what takes its place is another', () => {
    for (const mutant of mutants)
      assert.notEqual(mutate(mutant, sourceOf(mutant.file)), sourceOf(mutant.file), mutant.id)
  })

  test('ids are unique, and no two break the same thing', () => {
    for (const keyOf of [({ id }: Mutant) => id, (one: Mutant) => `${one.file} ${one.before} ${one.after}`]) {
      const keys = mutants.map(keyOf)
      assert.deepEqual(
        keys.filter((key, at) => keys.indexOf(key) !== at),
        [],
      )
    }
    assert.deepEqual(
      mutants.filter(({ id }) => !/^[a-z][a-z0-9-]*$/.test(id)),
      [],
    )
  })

  test('each names the invariants that rest on it', () => {
    const known = /^(S([1-9]|1\d|2[0-6])|L[1-8])( (S([1-9]|1\d|2[0-6])|L[1-8]))*$/
    assert.deepEqual(
      mutants.filter(({ invariant }) => !known.test(invariant)).map(({ id, invariant }) => [id, invariant]),
      [],
    )
  })

  test('what is said to catch it exists', () => {
    assert.deepEqual(
      mutants.filter((mutant) => !isThere(mutant)).map(({ id, witness }) => [id, witness]),
      [],
    )
  })

  for (const [area, pattern, least] of areas)
    test(`${area}: at least ${least} of them`, () => {
      const count = mutants.filter(({ file }) => pattern.test(file)).length
      assert.ok(count >= least, `${count}`)
    })
})
