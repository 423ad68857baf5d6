/** A release that is judged: the real analysis controller on an in-process API server, asking a real Prometheus, by a clock that the test moves. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { type AnalysisRun, isCompleted, type Metric } from '../../../../controller/api/analysis.ts'
import { EXPOSED_SINCE, STAGE } from '../../../../controller/api/labels.ts'
import { type ReleaseStage, renderReleaseStage } from '../../../../controller/api/release-stage.ts'
import { formatInstant } from '../../../../controller/api/scalars.ts'
import { analysisRuns } from '../../../../controller/kube/kinds.ts'
import { systemClock } from '../../../../controller/runtime/clock.ts'
import type { HttpRequest, HttpTransport } from '../../../../controller/runtime/http.ts'
import { createHttpTransport } from '../../../../controller/runtime/http-transport.ts'
import { createMetricRegistry } from '../../../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../../../controller/runtime/outbound-policy.ts'
import { createRedactor } from '../../../../controller/runtime/redact.ts'
import { createFakeClock, type FakeClock } from '../../../fakes/fake-clock.ts'
import { seededRandom } from '../../../fakes/fake-random.ts'
import { type AnalysisCluster, createAnalysisCluster } from '../../../unit/analysis/analysis-cluster.ts'
import { RELEASE_AT } from './backfill.ts'

export interface Release {
  readonly clock: FakeClock
  readonly cluster: AnalysisCluster
  /** PromQL that was sent, in order. */
  readonly queries: string[]
  /** Creates a run of these metrics, exposed since the release's start, at the stage that is given. */
  judge(name: string, metrics: readonly Metric[], stage?: ReleaseStage): Promise<void>
  /** Moves the clock, second by second, until the run is completed or `seconds` have passed. */
  pass(name: string, seconds: number): Promise<AnalysisRun>
  read(name: string): Promise<AnalysisRun>
  terminate(name: string): Promise<void>
  /** The controller is stopped and another one is started. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** `transport` stands between the controller and the real one. */
export async function createRelease(
  transport: (real: HttpTransport) => HttpTransport = (real) => real,
): Promise<Release> {
  const clock = createFakeClock(RELEASE_AT)
  const queries: string[] = []
  let inFlight = 0
  const real = createHttpTransport({
    clock: systemClock,
    random: seededRandom(1),
    policy: createOutboundPolicy({ allow: ['127.0.0.1'] }),
    redactor: createRedactor(),
    metrics: createMetricRegistry(),
  })
  const between = transport(real)
  const http: HttpTransport = {
    async send(request, signal) {
      queries.push(queryOf(request))
      inFlight += 1
      try {
        return await between.send(request, signal)
      } finally {
        inFlight -= 1
      }
    },
  }
  const cluster = await createAnalysisCluster({ clock, http })
  let controller = cluster.startController()
  await clock.advance(10)

  const settle = async (): Promise<void> => {
    await clock.settle()
    while (inFlight > 0) {
      await delay(1)
      await clock.settle()
    }
  }
  const read = async (name: string): Promise<AnalysisRun> => {
    const run = await cluster.getRun(name)
    assert.ok(run, name)
    return run
  }
  return {
    clock,
    cluster,
    queries,
    read,
    async judge(name, metrics, stage) {
      const told = stage === undefined ? {} : { [STAGE]: renderReleaseStage(stage) }
      const annotations = { ...told, [EXPOSED_SINCE]: formatInstant(RELEASE_AT) }
      await cluster.createRun(name, { metrics: [...metrics] }, annotations)
    },
    async pass(name, seconds) {
      for (let passed = 0; passed < seconds && !isCompleted((await read(name)).status?.phase); passed += 1) {
        await clock.advance(1000)
        await settle()
      }
      return await read(name)
    },
    async terminate(name) {
      const ref = { kind: analysisRuns, namespace: 'default', name }
      await cluster.client.patch(ref, 'merge', { spec: { terminate: true } })
    },
    async restart() {
      await controller.stop()
      controller = cluster.startController()
      await clock.advance(10)
      await settle()
    },
    async close() {
      await cluster.close()
      real.close()
    },
  }
}

const queryOf = ({ body }: HttpRequest): string => new URLSearchParams(body ?? '').get('query') ?? ''
