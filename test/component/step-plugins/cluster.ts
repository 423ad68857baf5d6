/**
 * The shipped step runner on the embedded API server, with the real outbound transport and a local server that plays the systems that steps call.
 * The controller that decides can run beside it. Everything is real time; waits are for conditions.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { readStepEntries, type StepEntry } from '../../../controller/api/step-plugin-status.ts'
import { readStepResults, type StepResult } from '../../../controller/api/step-result.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { openCaches } from '../../../controller/reconcile/caches.ts'
import { declareRolloutMetrics } from '../../../controller/reconcile/rollout-metrics.ts'
import { createRolloutController } from '../../../controller/rollout-controller.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { createHttpTransport } from '../../../controller/runtime/http-transport.ts'
import { createLogger, silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../../controller/runtime/outbound-policy.ts'
import { systemRandom } from '../../../controller/runtime/random.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { stepPlugins } from '../../../controller/step-plugins/registry.ts'
import { createStepRunner } from '../../../controller/step-plugins/runner.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { applyManifest, parseManifests } from '../../../sandbox/manifests.ts'

export const NAMESPACE = 'web'
const crds = ['rollouts', 'experiments', 'analysisruns', 'analysistemplates', 'clusteranalysistemplates'].map(
  (plural) => `../../../charts/penstock/crds/${plural}.argoproj.io.yaml`,
)
const definitions = [...crds, '../../../sandbox/crds/gateway-api.yaml'].flatMap((file) =>
  parseManifests(readFileSync(new URL(file, import.meta.url), 'utf8'), file),
)

export async function until(what: string, isSo: () => boolean | Promise<boolean>, boundMs = 15_000): Promise<void> {
  const endMs = systemClock.monotonicMs() + boundMs
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() < endMs, `not within ${boundMs} ms: ${what}`)
    await systemClock.sleep(10)
  }
}

export interface Received {
  readonly method: string | undefined
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: { readonly id?: string; readonly operation?: string; readonly [field: string]: unknown }
  /** The other side hung up before it had its answer. */
  isGone: boolean
}
export type Answering = (received: Received, response: ServerResponse) => void

/** A system that steps call; answers as the test says. */
export async function startGate(t: TestContext, answer: Answering) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += String(chunk)
    })
    request.on('end', () => {
      const { method, url = '', headers } = request
      const one: Received = { method, path: url, headers, body: text === '' ? {} : JSON.parse(text), isGone: false }
      response.on('close', () => {
        one.isGone = !response.writableFinished
      })
      received.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  return { received, url: `http://127.0.0.1:${address.port}` }
}

/** The API server, and runners and controllers that are started and stopped by the test. */
export async function createCluster(t: TestContext) {
  const server = createApiServer()
  t.after(() => server.close())
  const client = server.client()
  for (const definition of definitions) await applyManifest(client, definition, 'test')
  await client.create(kinds.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  } as KubeObject)
  const ref = { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' }
  const lines: string[] = []
  const redactor = createRedactor()
  const log = createLogger({ level: 'debug', format: 'json', redactor, write: (line) => void lines.push(line) })
  const ports = { clock: systemClock, random: systemRandom }
  const read = async (): Promise<Rollout> => {
    const found = await client.get<Rollout>(ref)
    assert.ok(found)
    return found
  }

  async function startRunner(options: { readonly client?: KubeClient; readonly instanceId?: string } = {}) {
    const metrics = createMetricRegistry()
    const informers = createInformers({ ...ports, log: silentLogger, client })
    const cache = informers.for<Rollout>(kinds.rollouts)
    const policy = createOutboundPolicy({ allow: ['127.0.0.1'] })
    const transport = createHttpTransport({ ...ports, redactor, metrics, policy })
    const runner = createStepRunner({
      client: options.client ?? client,
      discovery: client,
      cache,
      clock: systemClock,
      log,
      transport,
      redactor,
      metrics,
      plugins: stepPlugins,
      readableNamespaces: [],
      ...(options.instanceId === undefined ? {} : { instanceId: options.instanceId }),
    })
    informers.start()
    await until('the cache is filled', () => informers.hasSynced())
    runner.start()
    const stop = async (): Promise<void> => {
      await runner.stop()
      await informers.stop()
      transport.close()
    }
    t.after(stop)
    return { stop, metrics }
  }

  async function startController() {
    const registry = createMetricRegistry()
    const informers = createInformers({ ...ports, log: silentLogger, client })
    const caches = openCaches(informers)
    const deps = {
      ...ports,
      client,
      caches,
      log: silentLogger,
      events: { record() {}, flush: async () => {}, stop: async () => {} },
      fence: createFence({ clock: systemClock, log: silentLogger, client, caches: informers }),
      metrics: declareRolloutMetrics(registry),
      observe: { caches, now: () => systemClock.now(), compat: 'strict' as const, notices: false },
    }
    const controller = createRolloutController({ deps, caches, concurrency: 2, registry })
    informers.start()
    await until('the caches are filled', () => informers.hasSynced())
    controller.start()
    t.after(async () => {
      await controller.stop()
      await informers.stop()
    })
  }

  return {
    client,
    lines,
    read,
    startRunner,
    startController,
    patchStatus: (status: object) => client.patch(ref, 'merge', { status }, { subresource: 'status' }),
    patch: (patch: object) => client.patch(ref, 'merge', patch),
    entries: async (): Promise<readonly StepEntry[]> =>
      readStepEntries((await read()).status?.canary?.stepPluginStatuses),
    results: async (): Promise<readonly StepResult[]> => readStepResults((await read()).metadata.annotations),
    async answer(): Promise<StepResult> {
      await until('an answer is stored', async () => readStepResults((await read()).metadata.annotations).length > 0)
      const [result] = readStepResults((await read()).metadata.annotations)
      assert.ok(result)
      return result
    },
    create: (rollout: Rollout) => client.create(kinds.rollouts, rollout),
  }
}
export type StepCluster = Awaited<ReturnType<typeof createCluster>>
