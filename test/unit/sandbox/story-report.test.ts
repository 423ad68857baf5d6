import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createResponseLog } from '../../../sandbox/gateway/response-log.ts'
import { releases } from '../../../sandbox/story/plot.ts'
import type { Catch } from '../../../sandbox/story/prediction.ts'
import {
  confirmWeights,
  describeExpected,
  listProblems,
  type ReleaseReport,
  type StoryReport,
} from '../../../sandbox/story/report.ts'

const inTime: Catch = {
  gate: 'error-rate',
  scrapes: 3,
  predicted: { least: 3, most: 4 },
  isInTime: true,
  seconds: 5,
  toldAfterSeconds: 7,
}

const good = (release: (typeof releases)[number]): ReleaseReport => ({
  name: release.name,
  expected: describeExpected(release),
  actual: describeExpected(release),
  cause: release.expected.cause ?? null,
  weightsSeen: release.weights,
  abortToStableMs: release.expected.outcome === 'promoted' ? null : 20,
  abortToQuietMs: release.expected.outcome === 'promoted' ? null : 80,
  lostRequests: 0,
  verdicts: [],
  provenPasses: release.name === 'good' ? 12 : 0,
  caught: release.expected.outcome === 'aborted' ? inTime : null,
  stayedAborted: release.expected.outcome === 'promoted' ? null : true,
})

const story = (more: Partial<StoryReport> = {}): StoryReport => ({
  releases: releases.map(good),
  slackMessages: 2 * releases.length,
  controller: { rssMb: 120, idleWrites: 0 },
  requests: { ok: 1, appErrors: 0, lost: 0, lostBy: {} },
  reaction: [],
  seconds: 100,
  ...more,
})

const withRelease = (name: string, more: Partial<ReleaseReport>): StoryReport =>
  story({ releases: story().releases.map((release) => (release.name === name ? { ...release, ...more } : release)) })

const withFirst = (more: Partial<ReleaseReport>): StoryReport => withRelease('good', more)

describe('the story is judged', () => {
  test('a story that went as it must has no problems', () => {
    assert.deepEqual(listProblems(releases, story()), [])
  })

  const rows: readonly [name: string, report: StoryReport, expected: RegExp][] = [
    ['another end', withFirst({ actual: 'aborted: p99-latency' }), /expected promoted, got aborted/],
    ['a skipped stage', withFirst({ weightsSeen: [5, 50, 100] }), /5, 50, 100/],
    ['a pass that nothing stands for', withFirst({ provenPasses: 8 }), /8 of 12 passes say/],
    ['a late catch', withRelease('slow', { caught: { ...inTime, isInTime: false } }), /slow: caught in 3 scrapes/],
    ['a gate without a verdict', withRelease('no-orders', { caught: null }), /gave no verdict/],
    ['a lost request', withFirst({ lostRequests: 1 }), /1 requests were lost/],
    ['an abort that Git revived', withFirst({ stayedAborted: false }), /did not stay aborted/],
    ['a release that did not take place', story({ releases: story().releases.slice(1) }), /did not take place/],
    [
      'requests lost between releases',
      story({ requests: { ok: 1, appErrors: 0, lost: 2, lostBy: {} } }),
      /whole story/,
    ],
    ['a controller that writes when idle', story({ controller: { rssMb: 1, idleWrites: 3 } }), /wrote 3 times/],
    ['a controller that is too large', story({ controller: { rssMb: 151, idleWrites: 0 } }), /151 MB/],
    ['a silent Slack', story({ slackMessages: 1 }), /Slack/],
  ]
  for (const [name, report, expected] of rows) {
    test(`${name} is a problem`, () => {
      const problems = listProblems(releases, report)
      assert.equal(problems.length, 1, problems.join('; '))
      assert.match(problems[0] ?? '', expected)
    })
  }
})

describe('weights that users saw', () => {
  const changes = [
    { weight: 5, atMs: 0 },
    { weight: 25, atMs: 10_000 },
    { weight: 50, atMs: 20_000 },
    { weight: 0, atMs: 20_500 },
  ]
  const answer = (share: number) => {
    const log = createResponseLog()
    for (let ms = 0; ms < 20_000; ms += 10) {
      const weight = ms < 10_000 ? 0.05 : share
      log.record((ms / 10) % 100 < 100 * weight ? 'canary' : 'stable', ms)
    }
    return log
  }
  const span = { podHash: 'canary', fromMs: 0, toMs: 21_000 }

  test('a weight counts when the share of answers confirms it; too short a stage tells nothing', () => {
    assert.deepEqual(confirmWeights(changes, answer(0.25), span), [5, 25])
  })

  test('a programmed weight that no user saw does not count', () => {
    assert.deepEqual(confirmWeights(changes, answer(0.4), span), [5])
  })
})
