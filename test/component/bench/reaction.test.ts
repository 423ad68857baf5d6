/** The benchmark `reaction` in its short form, as people run it: its document has the shape that is promised, and reactions stay within a bound. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { suiteNames } from '../../bench/options.ts'
import type { ReactionResult } from '../../bench/reaction.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const bench = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', 'test/bench/main.ts', ...args], {
    cwd: root,
    timeout: 150_000,
    maxBuffer: 16 * 1024 * 1024,
  })

interface Document {
  readonly suite: string
  readonly machine: { readonly cores: number }
  readonly figures: readonly {
    readonly name: string
    readonly count: number
    readonly median: number
    readonly p95: number
  }[]
  readonly samples: ReactionResult
}

test('reaction: four canaries go back to stable within a second of the alert', { timeout: 180_000 }, async () => {
  const { stdout } = await bench('reaction', '--rollouts', '4', '--rounds', '1', '--json')
  const { suite, machine, figures, samples } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Document
  assert.equal(suite, 'reaction')
  assert.ok(machine.cores > 0)
  assert.equal(samples.aborts.length, 8, 'one sample per rollout and pattern')
  assert.equal(samples.specChanges.length, 8)
  assert.equal(samples.lostRequests, 0)
  assert.ok(samples.requests > 0)
  for (const { routeMs, storedMs, lastCanaryAnswerMs } of samples.aborts) {
    assert.ok(routeMs > 0 && storedMs > 0 && lastCanaryAnswerMs >= 0)
  }
  const p95 = (name: string): number => figures.find((figure) => figure.name === name)?.p95 ?? Number.NaN
  assert.ok(p95('alertToStableWeight') <= 1_000, `route write after ${p95('alertToStableWeight')} ms`)
  assert.ok(p95('alertToLastCanaryAnswer') <= 1_000, `last canary answer after ${p95('alertToLastCanaryAnswer')} ms`)
})

test('an unknown suite is one sentence and exit code 2', async () => {
  await assert.rejects(bench('speed'), (error) => {
    const { code, stderr } = error as { code: number; stderr: string }
    assert.equal(code, 2)
    assert.equal(stderr, `bench: unknown suite "speed": expected ${suiteNames.join(', ')}\n`)
    return true
  })
})
