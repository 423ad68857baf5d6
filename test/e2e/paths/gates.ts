/**
 * The three statistical gates of the chart judge releases by a real Prometheus that scrapes both versions: a good one is promoted, one that fails ten times
 * as often is taken back, both with their verdicts in words, and a controller that is killed in the middle goes on with the same evidence.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import { EXPOSED_SINCE } from '../../../controller/api/labels.ts'
import { type GateVerdict, readGateVerdict } from '../../../controller/api/verdict.ts'
import { type PrometheusProcess, startPrometheus } from '../../component/analysis/prometheus-process.ts'
import { run as runProcess } from '../../control-plane/access.ts'
import { waitFor } from '../../control-plane/wait.ts'
import { canary, imageOf } from '../manifests.ts'
import { type PodMetrics, REQUESTS_PER_SECOND, startPodMetrics } from '../pod-metrics.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const [STABLE, GOOD, BAD] = [imageOf(1), imageOf(2), imageOf(3)]
const behaviours = { [STABLE]: { errorShare: 0.02 }, [GOOD]: { errorShare: 0.02 }, [BAD]: { errorShare: 0.2 } }
const VERDICT_LIMIT_MS = 60_000
const TOLD = /ABORT {2}error-rate .*after the first canary request/

export function gatePaths(stage: Stage): void {
  describe('statistical gates', () => {
    let pods: PodMetrics
    let prometheus: PrometheusProcess
    before(async () => {
      pods = await startPodMetrics(() => stage.cluster().caches.pods.list(), behaviours)
      prometheus = await startPrometheus(pods.target)
    })
    after(async () => {
      await stage.restart('SIGTERM')
      await prometheus?.close()
      await pods?.stop()
    })

    async function release(title: string, image: string, args: Readonly<Record<string, string>>): Promise<Workspace> {
      const space = await stage.workspace(title)
      const values = {
        namespace: space.namespace,
        prometheus: prometheus.url,
        event: 'orders_total',
        tick: '1s',
        'look-interval': '1s',
        warmup: '1s',
        history: '0s',
        'max-hold': '30s',
        ...args,
      }
      const analysis = {
        templates: [{ templateName: 'triple-gate', clusterScope: true }],
        args: [
          ...Object.entries(values).map(([name, value]) => ({ name, value })),
          { name: 'canary-hash', valueFrom: { podTemplateHashValue: 'Latest' as const } },
          { name: 'stable-hash', valueFrom: { podTemplateHashValue: 'Stable' as const } },
        ],
      }
      await space.apply(...canary({ image: STABLE, replicas: 4, steps: [{ setWeight: 50 }, { analysis }] }))
      await space.untilPhase('Healthy')
      await space.setImage(image)
      return space
    }
    const theRun = (space: Workspace): AnalysisRun => {
      const [run] = space.analysisRuns()
      assert.ok(run)
      return run
    }
    const verdictOf = (space: Workspace, metric: string): GateVerdict | undefined =>
      readGateVerdict(
        theRun(space)
          .status?.metricResults?.find(({ name }) => name === metric)
          ?.measurements?.at(-1),
      )
    const untilVerdict = (space: Workspace, what: string, is: (verdict: GateVerdict) => boolean) =>
      space.until(
        what,
        () => {
          const verdict = verdictOf(space, 'error-rate')
          return verdict !== undefined && is(verdict)
        },
        VERDICT_LIMIT_MS,
      )
    const untilOver = (space: Workspace) =>
      space.until('the run to be over', () => theRun(space).status?.completedAt !== undefined, VERDICT_LIMIT_MS)

    test('ten times as many errors abort, with the verdict on run, Rollout and events', async () => {
      const space = await release('gates-bad', BAD, { duration: '30s' })
      await space.untilPhase('Degraded', /RolloutAborted: .*ABORT {2}error-rate/s)
      await space.until('stable to have all traffic', () => space.weights().at(-1) === 0)
      assert.equal(theRun(space).status?.phase, 'Failed')
      assert.match(theRun(space).status?.message ?? '', /ABORT {2}error-rate {2}stage 1\/2 \(50.%\) {2}/)
      const verdict = verdictOf(space, 'error-rate')
      assert.equal(verdict?.reason, 'Regression')
      assert.ok((verdict?.ratio ?? 0) > 5 && (verdict?.ratioLower ?? 0) > 1, verdict?.text)
      await waitFor(async () => (await eventsOf(space, 'RolloutAborted')).some((message) => TOLD.test(message)), {
        what: 'the event of the abort',
        timeoutMs: 30_000,
      })
      assert.ok((await eventsOf(space, 'MetricFailed')).some((message) => TOLD.test(message)))
      const explained = await space.cli('explain', 'web')
      assert.match(explained.stdout, /ABORT {2}error-rate/)
      assert.match(explained.stdout, /evidence .*limit 300.*beyond the tolerated 1\.2×/)
    })

    test('a good release is promoted by the same evidence, though the controller is killed in the middle', async () => {
      const space = await release('gates-good', GOOD, { duration: '10s' })
      await space.until('the run', () => space.analysisRuns().length === 1)
      await untilVerdict(space, 'three ticks', ({ ticks }) => ticks >= 3)
      await stage.controller().kill()
      const before = verdictOf(space, 'error-rate')
      const since = theRun(space).metadata.annotations?.[EXPOSED_SINCE]
      const { secondsLeft: _, ...place } = before?.stage ?? {}
      assert.deepEqual(place, { number: 1, count: 2, weightPercent: 50, nextWeightPercent: 100 })
      const killedAt = Date.now()
      await stage.restart('SIGKILL', { electionOff: true })
      await untilVerdict(space, 'a look of the new controller', ({ lookedAt }) => Date.parse(lookedAt) > killedAt)
      const after = verdictOf(space, 'error-rate')
      assert.ok(before?.at && after?.at && since)
      // What was counted before is counted once more, and what came while nobody looked as well.
      const passedSeconds = (Date.parse(after.at) - Date.parse(before.at)) / 1000
      const grown = (after.stable.total - before.stable.total) / (4 * REQUESTS_PER_SECOND)
      assert.ok(Math.abs(grown - passedSeconds) <= 1.5, `${grown} s of requests within ${passedSeconds} s`)
      assert.ok(after.ticks > before.ticks, `${after.ticks} ticks after ${before.ticks}`)
      assert.ok(Math.abs(beginOf(after) - beginOf(before)) <= 1000, `${beginOf(after)} and ${beginOf(before)}`)

      await untilOver(space)
      const { metadata, status } = theRun(space)
      assert.equal(metadata.annotations?.[EXPOSED_SINCE], since)
      assert.equal(status?.phase, 'Successful', status?.message)
      const told = status.metricResults?.map(({ measurements }) => measurements?.at(-1)?.message ?? '') ?? []
      assert.equal(told.length, 3)
      for (const message of told) assert.match(message, /^PASS .*(proven|Would have caught)/s)
      await space.untilPhase('Healthy')
      assert.equal(space.analysisRuns().length, 1)
      await assertReplays(space, metadata.name)
    })

    /** The samples as a file are judged to the numbers that the run recorded. */
    async function assertReplays(space: Workspace, run: string): Promise<void> {
      const file = join(stage.cluster().directory, 'gate-case.json')
      const saved = await space.cli('verdict', 'save', run, '--metric', 'error-rate', '-o', file)
      assert.equal(saved.code, 0, saved.stderr)
      const cli = join(stage.cluster().directory, 'bundle', 'cli.js')
      const replayed = await runProcess(process.execPath, [cli, 'verdict', 'replay', file])
      assert.equal(replayed.code, 0, `${replayed.stdout}${replayed.stderr}`)
      const { verdict } = JSON.parse(await readFile(file, 'utf8')) as { readonly verdict: GateVerdict }
      const recorded = verdictOf(space, 'error-rate')
      assert.equal(verdict.lookedAt, recorded?.lookedAt)
      assert.equal(verdict.outcome, 'pass')
      // A scrape may have reached Prometheus after the look.
      assert.ok(Math.abs(verdict.ticks - (recorded?.ticks ?? 0)) <= 1, `${verdict.ticks} and ${recorded?.ticks} ticks`)
    }
  })
}

/** Of the canary's exposure, epoch milliseconds; `at` has whole seconds. */
const beginOf = ({ at, exposedSeconds }: GateVerdict): number => Date.parse(at ?? '') - 1000 * (exposedSeconds ?? 0)

async function eventsOf(space: Workspace, reason: string): Promise<readonly string[]> {
  const { stdout } = await space.kubectl('get', 'events', '--field-selector', `reason=${reason}`, '-o', 'json')
  const { items } = JSON.parse(stdout) as { readonly items: readonly { readonly message: string }[] }
  return items.map(({ message }) => message)
}
