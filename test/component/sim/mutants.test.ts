/** The hunt for mutants: the product as it is gives no alarm, a mutant does, and what a check says is passed on. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCatchers } from '../../../sim/mutants/catchers.ts'
import { mutants } from '../../../sim/mutants/list/all-mutants.ts'
import type { CatcherId, Mutant } from '../../../sim/mutants/mutant.ts'

const TALE = 'pods alone, aborted'
const catchers = createCatchers([TALE])

function mutantOf(id: string): Mutant {
  const found = mutants.find((mutant) => mutant.id === id)
  assert.ok(found, id)
  return found
}

/** By each catcher: one of its checks, a mutant that it catches, and what it says. */
const cases: readonly (readonly [CatcherId, string, string, RegExp])[] = [
  ['story', 'abort', 'abort-by-hand-is-not-seen', /the story did not end/],
  ['tale', TALE, 'abort-by-hand-is-not-seen', /^the end: \+ the tale did not end/],
  ['golden', 'promote', 'old-pods-go-without-their-delay', /^line \d+: plan {3}scale/],
  [
    'test',
    'test/unit/domain/first-deploy.test.ts › binds no Service while pods come one by one, and both with the last',
    'service-is-adopted-without-pods',
    /^/,
  ],
]

describe('the hunt for mutants', { timeout: 300_000 }, () => {
  for (const [catcher, name, id, says] of cases)
    test(`${catcher}: silent about the product as it is, and not about ${id}`, async () => {
      assert.equal((await catchers[catcher](undefined, name)).found, undefined)
      const { found, cpuMs } = await catchers[catcher](mutantOf(id), name)
      assert.match(found?.why ?? 'nothing found', says)
      assert.ok(found)
      assert.ok(cpuMs > 0)
    })

  test('a mutant of a file that takes no part is no business of a check', async () => {
    assert.equal((await catchers.golden(mutantOf('gate-never-shuts'), 'promote')).found, undefined)
  })

  test('a check that does not exist is an error, not a pass', async () => {
    await assert.rejects(
      catchers.test(undefined, 'test/unit/domain/first-deploy.test.ts › no such test'),
      /there is no test/,
    )
    const unknown = await catchers.tale(undefined, `${TALE} › it rains`)
    assert.match(unknown.found?.why ?? '', /nothing that can go wrong is called "it rains"/)
    assert.match((await catchers.golden(undefined, 'no such story')).found?.why ?? '', /there is no golden story/)
  })
})
