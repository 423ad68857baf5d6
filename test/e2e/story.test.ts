/** The demo as its users run it: the whole story once, judged by its own last line and exit code. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OUTCOMES: Readonly<Record<string, string>> = {
  good: 'promoted',
  errors: 'aborted: error-rate',
  slow: 'aborted: p99-latency',
  'no-orders': 'aborted: events',
  backlog: 'aborted: shipping',
  leak: 'aborted: alert',
  'by-hand': 'aborted: by hand',
  fixed: 'promoted',
}

interface Story {
  readonly releases: readonly {
    readonly name: string
    readonly actual: string
    readonly lostRequests: number
    readonly caught: { readonly isInTime: boolean } | null
  }[]
  readonly slackMessages: number
  readonly controller: { readonly rssMb: number; readonly idleWrites: number }
  readonly reaction: readonly { readonly stableWrittenAfterMs: number }[]
}

test('the story: good releases pass, bad ones are taken back, each for its own reason', {
  timeout: 480_000,
}, async () => {
  const out = await mkdtemp(join(tmpdir(), 'penstock-story-test-'))
  const args = ['--import', 'tsx', 'sandbox/story/main.ts', '--once', '--out', out]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 })
  const story = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Story
  assert.deepEqual(Object.fromEntries(story.releases.map(({ name, actual }) => [name, actual])), OUTCOMES)
  for (const { caught } of story.releases) assert.ok(caught === null || caught.isInTime, JSON.stringify(caught))
  for (const { name, lostRequests } of story.releases) assert.equal(lostRequests, 0, `requests lost in ${name}`)
  assert.ok(story.slackMessages >= story.releases.length)
  assert.equal(story.controller.idleWrites, 0)
  assert.ok(story.controller.rssMb > 0 && story.controller.rssMb <= 150, `${story.controller.rssMb} MB`)
  assert.deepEqual(JSON.parse(await readFile(join(out, 'reaction-samples.json'), 'utf8')), story.reaction)
  await rm(out, { recursive: true, force: true })
})
