/** Three minutes of releases under load while the controller is killed: nobody loses a request, and everything ends as it must. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { kinds } from '../soak/order.ts'
import type { SoakResult } from '../soak/soak.ts'
import type { SoakVerdict } from '../soak/verdict.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const soak = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', 'test/soak/main.ts', ...args], {
    cwd: ROOT,
    maxBuffer: 16 * 1024 * 1024,
  })

test('three minutes of soak: no request is lost, no release is stuck', { timeout: 480_000 }, async () => {
  const { stdout } = await soak('--minutes', '3', '--kills', '3', '--json')
  const document = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as SoakResult & Omit<SoakVerdict, 'text'>
  assert.deepEqual(document.misses, [])
  assert.equal(document.figures.lost, 0)
  assert.equal(document.figures.stuck, 0)
  assert.equal(document.kills, 3)
  assert.deepEqual(new Set(document.releases.map(({ kind }) => kind)), new Set(kinds))
  // What stood still is not judged: most of it must have been.
  assert.ok(
    document.load.ok > document.load.scheduled / 2,
    `${document.load.ok} of ${document.load.scheduled} answered`,
  )
  assert.ok(document.memory.length > 0)
})

test('a wrong word is one sentence and exit code 2', async () => {
  await assert.rejects(soak('--minutes', 'all'), (error) => {
    const { code, stderr } = error as { code: number; stderr: string }
    assert.equal(code, 2)
    assert.equal(stderr, 'soak: --minutes: expected a number from 1 to 1440, got "all"\n')
    return true
  })
})
