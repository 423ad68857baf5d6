/** An in-process API server with Argo's CRDs and the analysis controller on it: the whole path of a run without a socket. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { AwsCredentialSource } from '../../../analysis/reconcile/aws-credentials.ts'
import { type AnalysisController, createAnalysisController } from '../../../analysis/reconcile/controller.ts'
import type { AnalysisConfig } from '../../../analysis/reconcile/deps.ts'
import type { AnalysisRun, AnalysisRunSpec } from '../../../controller/api/analysis.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { KubeClient, ResourceKind } from '../../../controller/kube/client.ts'
import { createEventRecorder } from '../../../controller/kube/events.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import { analysisRuns, events } from '../../../controller/kube/kinds.ts'
import type { Clock } from '../../../controller/runtime/clock.ts'
import type { HttpTransport } from '../../../controller/runtime/http.ts'
import { createLogger, silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { createFaults, type Faults } from '../../../sandbox/api-server/faults.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { seededRandom } from '../../fakes/fake-random.ts'

const customResources: ResourceKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const crdFile = new URL('../../../charts/penstock/crds/analysisruns.argoproj.io.yaml', import.meta.url)

export interface AnalysisCluster {
  /** Not the controller's own: its writes are not recorded. */
  readonly client: KubeClient
  readonly faults: Faults
  readonly metrics: ReturnType<typeof createMetricRegistry>
  /** Every write that the controller sent, as `patch analysisruns` and the like, events left out. */
  readonly writes: string[]
  createRun(name: string, spec: AnalysisRunSpec, annotations?: Readonly<Record<string, string>>): Promise<AnalysisRun>
  getRun(name: string): Promise<AnalysisRun | undefined>
  eventReasons(): Promise<readonly string[]>
  /** `Warning MetricFailed: ...` */
  eventLines(): Promise<readonly string[]>
  startController(): AnalysisController
  close(): Promise<void>
}

export interface AnalysisClusterOptions {
  readonly clock: Clock
  readonly http: HttpTransport
  readonly config?: Partial<AnalysisConfig>
  readonly aws?: AwsCredentialSource
  /** Lines of the controller's log, all levels; without it there is none. */
  readonly logged?: string[]
}

export async function createAnalysisCluster(options: AnalysisClusterOptions): Promise<AnalysisCluster> {
  const { clock, http } = options
  const faults = createFaults()
  const server = createApiServer({
    faults,
    clock: { now: () => clock.now(), setTimer: (run, delayMs) => clock.setTimer(delayMs, run) },
  })
  const client = server.client()
  const definition: KubeObject = parse(readFileSync(crdFile, 'utf8'))
  await client.create(customResources, definition)
  await new Promise((resolve) => setImmediate(resolve))
  const writes: string[] = []
  const recording = recordWrites(client, writes)
  const random = seededRandom(1)
  const metrics = createMetricRegistry()
  const informers = createInformers({ client: recording, clock, random, log: silentLogger })
  const recorder = createEventRecorder({ client: recording, clock, random, log: silentLogger, component: 'test' })
  const controllers: AnalysisController[] = []
  const redactor = createRedactor()
  const { logged } = options
  const log =
    logged === undefined
      ? silentLogger
      : createLogger({ level: 'debug', format: 'json', redactor, write: (line) => void logged.push(line) })
  informers.for<AnalysisRun>(analysisRuns)
  informers.start()

  return {
    client,
    faults,
    metrics,
    writes,
    createRun: (name, spec, annotations = {}) =>
      client.create<AnalysisRun>(analysisRuns, {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'AnalysisRun',
        metadata: { name, namespace: 'default', annotations },
        spec,
      }),
    getRun: (name) => client.get<AnalysisRun>({ kind: analysisRuns, namespace: 'default', name }),
    async eventReasons() {
      await recorder.flush()
      const list = await client.list<KubeObject & { reason: string }>(events, { namespace: 'default' })
      return list.items.map((event) => event.reason)
    },
    async eventLines() {
      await recorder.flush()
      type Event = KubeObject & { type: string; reason: string; message: string }
      const list = await client.list<Event>(events, { namespace: 'default' })
      return list.items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
    },
    startController() {
      const controller = createAnalysisController({
        client: recording,
        discovery: client,
        informers,
        clock,
        http,
        metrics: controllers.length === 0 ? metrics : createMetricRegistry(),
        events: recorder,
        redactor,
        ...(options.aws === undefined ? {} : { aws: options.aws }),
        log,
        config: {
          threads: 4,
          compat: 'strict',
          prometheusAddress: 'http://prometheus:9090',
          controllerNamespace: 'penstock',
          ...options.config,
        },
      })
      controllers.push(controller)
      controller.start()
      return controller
    },
    async close() {
      for (const controller of controllers) await controller.stop()
      await recorder.stop()
      await informers.stop()
      await server.close()
    },
  }
}

function recordWrites(client: KubeClient, writes: string[]): KubeClient {
  const note = (verb: string, kind: ResourceKind): void => {
    if (kind.plural !== 'events') writes.push(`${verb} ${kind.plural}`)
  }
  return {
    ...client,
    create(kind, object, options) {
      note('create', kind)
      return client.create(kind, object, options)
    },
    patch(ref, patch, body, options) {
      note('patch', ref.kind)
      return client.patch(ref, patch, body, options)
    },
    delete(ref, options) {
      note('delete', ref.kind)
      return client.delete(ref, options)
    },
  }
}
