/**
 * Simulated processes that count, restart, come late and are scraped with gaps: what the ticks add up to is what the processes really added while they
 * could be seen. The reference keeps the truth and knows nothing of samples.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTicks } from '../../../../analysis/domain/gates/read-ticks.ts'
import type { Arm, GateSeries } from '../../../../analysis/domain/gates/samples.ts'
import { createRandom, type Random } from '../../../bench/verdicts/random.ts'
import { atScrape, SCRAPE_MS, START } from './series.ts'

const SCRAPES = 60
const FEWEST_SCRAPES = 10

interface Simulated {
  readonly series: readonly GateSeries[]
  /** What was added between the first scrape that counts as a base and the last one. */
  readonly total: number
  readonly bad: number
}

interface PodPlan {
  readonly arm: Arm
  readonly pod: string
  /** Its first scrape. */
  readonly born: number
  readonly phase: number
}

/** One pod: codes appear with their first request, a restart loses what came since the last scrape. */
function simulatePod(random: Random, { arm, pod, born, phase }: PodPlan): Simulated {
  const codes = ['200', '404', '503'] as const
  let counters = new Map<string, number>()
  const samples = new Map(codes.map((code) => [code, { times: [] as number[], values: [] as number[] }]))
  let [total, bad] = [0, 0]
  let [unseen, unseenBad] = [0, 0]
  let isSeen = false
  let startedAt = born
  const isCanaryFromZero = arm === 'canary' && born > 0
  for (let scrape = born; scrape < SCRAPES; scrape += 1) {
    // A process that restarts before it has counted as much as before cannot be told from one that goes on.
    if (scrape > startedAt + FEWEST_SCRAPES && random.uniform() < 0.06) {
      startedAt = scrape
      counters = new Map()
      ;[unseen, unseenBad] = [0, 0]
    }
    for (const [code, mean] of [
      ['200', 20],
      ['404', 0.3],
      ['503', 0.2],
    ] as const) {
      const count = random.poisson(mean)
      if (count === 0) continue
      counters.set(code, (counters.get(code) ?? 0) + count)
      unseen += count
      if (code === '503') unseenBad += count
    }
    const isLast = scrape === SCRAPES - 1
    if (!isLast && scrape > born && random.uniform() < 0.08) continue
    const time = Math.round(START + (scrape + phase) * SCRAPE_MS + random.uniform() * 90)
    for (const [code, value] of counters) {
      const of = samples.get(code as (typeof codes)[number])
      of?.times.push(time)
      of?.values.push(value)
    }
    if (isSeen || isCanaryFromZero) {
      total += unseen
      bad += unseenBad
    }
    isSeen = true
    ;[unseen, unseenBad] = [0, 0]
  }
  return { series: toSeries(arm, pod, samples), total, bad }
}

function toSeries(
  arm: Arm,
  pod: string,
  samples: ReadonlyMap<string, { readonly times: number[]; readonly values: number[] }>,
): GateSeries[] {
  return [...samples].map(([code, { times, values }]) => ({
    arm,
    pod,
    role: code === '503' ? 'failed' : 'requests',
    detail: code,
    times,
    values,
  }))
}

test('ticks add up to what the processes added', () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = createRandom(seed)
    const plans: PodPlan[] = [
      { arm: 'canary', pod: 'canary-0', born: 0, phase: 0.2 },
      { arm: 'canary', pod: 'canary-1', born: 7 + (seed % 5), phase: 0.7 },
      ...Array.from(
        { length: 5 },
        (_, index): PodPlan => ({
          arm: 'stable',
          pod: `stable-${index}`,
          born: 0,
          phase: 0.1 + 0.17 * index,
        }),
      ),
    ]
    const pods = plans.map((plan) => simulatePod(random, plan))
    const { ticks, problems } = readTicks(
      pods.flatMap(({ series }) => series),
      { from: START, now: atScrape(SCRAPES + 1), warmupMs: 0, scrapeIntervalMs: SCRAPE_MS },
    )
    assert.deepEqual(
      problems.filter(({ severity }) => severity === 'error'),
      [],
    )
    for (const [index, { arm, pod }] of plans.entries()) {
      const counts = ticks.flatMap((tick) => tick[arm].filter((one) => one.pod === pod))
      const sum = (field: 'bad' | 'total') => counts.reduce((total, one) => total + one[field], 0)
      const truth = pods[index]
      assert.deepEqual([sum('total'), sum('bad')], [truth?.total, truth?.bad], `seed ${seed}, ${pod}`)
    }
  }
})
