/** The controllers of rollouts and experiments and the runner of step plugins, put together as they ship, on whatever client and clock are given. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import { createExperimentController } from '../../../controller/experiment-controller.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import { openCaches } from '../../../controller/reconcile/caches.ts'
import { declareExperimentMetrics } from '../../../controller/reconcile/experiment/experiment-metrics.ts'
import { declareRolloutMetrics } from '../../../controller/reconcile/rollout-metrics.ts'
import { createRolloutController } from '../../../controller/rollout-controller.ts'
import type { HttpTransport } from '../../../controller/runtime/http.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import type { MetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { stepPlugins } from '../../../controller/step-plugins/registry.ts'
import { createStepRunner } from '../../../controller/step-plugins/runner.ts'
import type { FakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'

export interface ControllerPorts {
  readonly client: KubeClient
  readonly clock: FakeClock
  readonly registry: MetricRegistry
  readonly transport: HttpTransport
  readonly notices: boolean
  /** Hears of every event: `Kind Reason`. */
  readonly tell?: (event: string) => void
}

/** Resolves once they work; `stop` resolves once nothing of them runs any more. */
export async function startControllers({ client, clock, registry, transport, notices, tell }: ControllerPorts) {
  const ports = { client, clock, random: seededRandom(1), log: silentLogger }
  const informers = createInformers(ports)
  const caches = openCaches(informers)
  const events = {
    record: (target: KubeObject, _type: string, reason: string) => tell?.(`${target.kind} ${reason}`),
    flush: async () => {},
    stop: async () => {},
  }
  const fence = () => createFence({ clock, log: silentLogger, client, caches: informers })
  const observe = { caches, now: () => clock.now(), compat: 'strict' as const }
  const shared = { ...ports, caches, events }
  const rollouts = createRolloutController({
    caches,
    concurrency: 1,
    registry,
    deps: { ...shared, fence: fence(), metrics: declareRolloutMetrics(registry), observe: { ...observe, notices } },
  })
  const experiments = createExperimentController({
    caches,
    concurrency: 1,
    registry,
    deps: { ...shared, fence: fence(), metrics: declareExperimentMetrics(registry), observe },
  })
  const stepRunner = createStepRunner({
    ...ports,
    discovery: { listResources: async () => ['configmaps'] },
    cache: caches.rollouts,
    transport,
    redactor: createRedactor(),
    metrics: registry,
    plugins: stepPlugins,
    readableNamespaces: [],
  })
  informers.start()
  while (!informers.hasSynced()) await clock.settle()
  rollouts.start()
  experiments.start()
  stepRunner.start()
  return {
    async stop(): Promise<void> {
      const stopped = Promise.all([rollouts.stop(), experiments.stop(), stepRunner.stop(), informers.stop()])
      await clock.advance(1_000)
      await stopped
    },
  }
}
