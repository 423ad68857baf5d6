/** What `npm run sim` takes, and the sentence for what it does not. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OptionError, type Options, parseOptions } from '../../sim/cli/options.ts'

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [['--seeds', 'many'], /^--seeds: needs a whole number up to \d+, not "many"$/],
  [['--seeds', '0'], /^--seeds: needs at least 1$/],
  [['--seeds', '-1'], /--seeds/],
  [['--seed', '1.5'], /^--seed: needs a whole number/],
  [['--seed', '4294967296'], /^--seed: needs a whole number up to 4294967295/],
  [['--seed', '1', '--seeds', '2'], /^--seed runs one seed/],
  [['--hunt'], /^--hunt .* goes with --mutants$/],
  [['--speed'], /--speed.*see --help$/],
  [['7'], /see --help$/],
]

const defaults: Options = {
  seed: undefined,
  seeds: 100,
  from: 1,
  twice: false,
  json: false,
  explore: false,
  mutants: false,
  hunt: false,
  only: undefined,
}

describe('the command line', () => {
  test('has defaults', () => {
    assert.deepEqual(parseOptions([]), defaults)
  })

  test('takes what is documented', () => {
    const options = parseOptions(['--seeds', '20', '--from', '5', '--twice', '--json'])
    assert.deepEqual(options, { ...defaults, from: 5, seeds: 20, twice: true, json: true })
    assert.equal(parseOptions(['--help']), 'help')
  })

  for (const [argv, words] of wrong)
    test(`refuses ${argv.join(' ')}`, () => {
      assert.throws(
        () => parseOptions(argv),
        (error) => error instanceof OptionError && words.test(error.message) && !error.message.includes('\n'),
      )
    })
})
