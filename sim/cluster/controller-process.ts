/** One replica of the shipped controller on virtual adapters: what `controller/main.ts` does with real ones. */
import { assemble } from '../../controller/assembly.ts'
import { type Config, readConfig } from '../../controller/config.ts'
import type { Notifier } from '../../controller/notify/notifier.ts'
import { slack } from '../../controller/notify/slack.ts'
import type { HttpTransport } from '../../controller/runtime/http.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../controller/runtime/metrics.ts'
import { createRedactor } from '../../controller/runtime/redact.ts'
import { createAbortBreaker } from '../../webhooks/abort-breaker.ts'
import { ALERTMANAGER_PATH, createAlertEndpoint } from '../../webhooks/alert-endpoint.ts'
import { declareAlertMetrics } from '../../webhooks/alert-metrics.ts'
import { defaultAlertMapping } from '../../webhooks/mapping.ts'
import type { SimProcess } from '../kernel/process.ts'
import type { SeededRandom } from '../kernel/random.ts'
import { SINK_URL } from '../models/outbound.ts'
import { createEdgeClient, type KubeEdgeDeps } from './kube-edge.ts'
import { type Posted, post, RECEIVER_TOKEN } from './receiver-edge.ts'

export interface ControllerOptions {
  readonly edge: KubeEdgeDeps
  readonly random: SeededRandom
  readonly http: HttpTransport
  readonly log: Logger
  readonly elects: boolean
  /** It has lost the Lease, and ends itself. */
  readonly onExit: () => void
}

export interface ControllerProcess {
  readonly process: SimProcess
  /** An alert arrives; `answer` hears the status code, if there is one. */
  postAlert(posted: Posted, answer: (status: number) => void): void
  /** As on SIGTERM; resolves when the process may end. */
  stop(): Promise<void>
}

const noText = { render: () => '' }

/** Messages that say only what they are, and answers as Slack gives them. */
const channel: Notifier = {
  id: 'sim',
  secretFiles: {},
  format: ({ notice }) => ({
    method: 'POST',
    url: SINK_URL,
    body: JSON.stringify({ id: notice.id, kind: notice.kind, podHash: notice.podHash }),
    timeoutMs: 5_000,
    maxBytes: 1_000,
    target: 'sim',
  }),
  parse: slack.create({ tokenFile: 'none', channel: 'releases' }, noText).parse,
}

const configs = new Map<boolean, Config>()

function configOf(elects: boolean): Config {
  const known = configs.get(elects)
  if (known) return known
  const config = readConfig([`--leader-elect=${elects}`], {})
  if (config === 'help') throw new Error('no help was asked for')
  configs.set(elects, config)
  return config
}

/** Starts it; it runs until its process is killed. */
export function startController({ edge, random, http, log, elects, onExit }: ControllerOptions): ControllerProcess {
  const { process } = edge
  const { clock } = process
  const metrics = createMetricRegistry()
  const redactor = createRedactor()
  redactor.registerSecret(RECEIVER_TOKEN)
  const controller = assemble(configOf(elects), {
    clock,
    random,
    log,
    metrics,
    redactor,
    http,
    api: createEdgeClient(edge),
    identity: process.name,
    channels: [channel],
    openStores: () => [],
    onLost: onExit,
  })
  const { limit, windowSeconds } = defaultAlertMapping.massAbort
  const endpoint = createAlertEndpoint({
    ...controller.receiver,
    mapping: defaultAlertMapping,
    breaker: createAbortBreaker({ limit, windowMs: windowSeconds * 1000 }),
    metrics: declareAlertMetrics(metrics),
    tokens: { accepts: (authorization) => authorization === `Bearer ${RECEIVER_TOKEN}` },
    clock,
    log,
  })
  void controller.start()
  return {
    process,
    postAlert: (posted, answer) => post(endpoint, ALERTMANAGER_PATH, posted, answer),
    async stop() {
      await controller.stopWork()
      await controller.release()
    },
  }
}
