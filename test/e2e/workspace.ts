/**
 * One namespace of one test with what a user has there: manifests to apply, kubectl, the CLI as a process, and bounded waits on what the API
 * server tells. A wait that fails says what the Rollout looked like.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import type { Experiment } from '../../controller/api/experiment.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ReplicaSet, Rollout, Service } from '../../controller/api/rollout.ts'
import { type CommandResult, run } from '../control-plane/access.ts'
import { waitFor } from '../control-plane/wait.ts'
import type { Cluster } from './cluster.ts'
import { NAME } from './manifests.ts'

const DEFAULT_LIMIT_MS = 30_000

export interface CliResult extends CommandResult {
  /** The last line, when it is JSON. */
  readonly json: Readonly<Record<string, unknown>> | undefined
}

export interface Workspace {
  readonly namespace: string
  apply(...objects: readonly object[]): Promise<void>
  /** Merge patch; of the status subresource when asked. */
  patch(body: object, options?: { readonly status?: boolean; readonly name?: string }): Promise<void>
  setImage(image: string, name?: string): Promise<void>
  cli(...args: readonly string[]): Promise<CliResult>
  kubectl(...args: readonly string[]): Promise<CommandResult>
  rollout(name?: string): Rollout
  replicaSets(): readonly ReplicaSet[]
  /** The ReplicaSet whose pods run the image. */
  replicaSetOf(image: string): ReplicaSet
  analysisRuns(): readonly AnalysisRun[]
  experiments(): readonly Experiment[]
  services(): readonly Service[]
  pods(): readonly KubeObject[]
  /** How many pods there have ever been. */
  podsSoFar(): number
  /** The pod hash that a Service selects. */
  selected(service: string): string
  weights(): readonly number[]
  /** Waits until `probe` is true; a probe that throws counts as false. */
  until(what: string, probe: () => boolean, limitMs?: number): Promise<void>
  untilPhase(phase: string, message?: RegExp, name?: string): Promise<void>
  /** Paused at the pause that is the step with this index. */
  untilPausedAt(stepIndex: number, name?: string): Promise<void>
}

let namespaces = 0

export async function createWorkspace(cluster: Cluster, title: string): Promise<Workspace> {
  const { caches, controlPlane, gateway } = cluster
  namespaces += 1
  const namespace = `e2e-${namespaces}-${title}`
  await controlPlane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const account = { path: `/api/v1/namespaces/${namespace}/serviceaccounts/default` }
  await waitFor(async () => (await controlPlane.api(account)).status === 200, {
    what: `the service account of ${namespace}`,
    timeoutMs: DEFAULT_LIMIT_MS,
  })

  const podUids = new Set<string>()
  caches.pods.subscribe(({ object: { metadata } }) => {
    if (metadata.namespace === namespace) podUids.add(metadata.uid ?? '')
  })
  const rollout = (name = NAME): Rollout => {
    const found = caches.rollouts.get(namespace, name)
    assert.ok(found, `Rollout ${name} is there`)
    return found
  }
  const replicaSets = () => caches.replicaSets.list(namespace)
  const path = (name: string) => `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/${name}`

  async function patch(body: object, options: { status?: boolean; name?: string } = {}): Promise<void> {
    const answer = await controlPlane.api({
      method: 'PATCH',
      path: `${path(options.name ?? NAME)}${options.status ? '/status' : ''}`,
      contentType: 'application/merge-patch+json',
      body,
    })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const { metadata } = answer.body as KubeObject
    // Otherwise the next wait could be content with what was true before.
    await until('the test to see its own patch', () => isAtLeast(rollout(options.name), metadata))
  }

  async function until(what: string, probe: () => boolean, limitMs = DEFAULT_LIMIT_MS): Promise<void> {
    try {
      await waitFor(async () => probe(), { what: `${what} in ${namespace}`, timeoutMs: limitMs, intervalMs: 20 })
    } catch (error) {
      const facts = {
        rollouts: caches.rollouts
          .list(namespace)
          .map(({ metadata, status }) => ({ name: metadata.name, annotations: metadata.annotations, status })),
        weights: gateway.canaryWeights(namespace),
        replicaSets: replicaSets().map(
          (rs) => `${rs.metadata.name} ${rs.status?.availableReplicas ?? 0}/${rs.spec.replicas}`,
        ),
        runs: caches.analysisRuns.list(namespace).map((one) => `${one.metadata.name} ${one.status?.phase}`),
        experiments: caches.experiments
          .list(namespace)
          .map(({ metadata, status }) => ({ name: metadata.name, status })),
      }
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${JSON.stringify(facts, null, 1)}`)
    }
  }

  return {
    namespace,
    apply: (...objects) => controlPlane.apply(objects.map((object) => placeIn(namespace, object))),
    patch,
    setImage: (image, name) =>
      patch(
        { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } },
        name === undefined ? {} : { name },
      ),
    async cli(...args) {
      const command = [join(cluster.directory, 'bundle', 'cli.js'), ...args, '-n', namespace]
      const result = await run(process.execPath, command, { env: controlPlane.env })
      return { ...result, json: lastJson(result.stdout) }
    },
    kubectl: (...args) => controlPlane.runKubectl([...args, '-n', namespace]),
    rollout,
    replicaSets,
    replicaSetOf(image) {
      const found = replicaSets().find((rs) => JSON.stringify(rs.spec.template.spec).includes(`"${image}"`))
      assert.ok(found, `there is a ReplicaSet of ${image}`)
      return found
    },
    analysisRuns: () => caches.analysisRuns.list(namespace),
    experiments: () => caches.experiments.list(namespace),
    services: () => caches.services.list(namespace),
    pods: () => caches.pods.list(namespace),
    podsSoFar: () => podUids.size,
    selected(service) {
      const found: Service | undefined = caches.services.get(namespace, service)
      return found?.spec.selector?.['rollouts-pod-template-hash'] ?? ''
    },
    weights: () => gateway.canaryWeights(namespace),
    until,
    untilPhase: (phase, message = /(?:)/, name = NAME) =>
      until(`${name} to be ${phase} ${message}`, () => {
        const { status, metadata } = rollout(name)
        const isSeen = status?.observedGeneration === String(metadata.generation)
        return isSeen && status?.phase === phase && message.test(status.message ?? '')
      }),
    untilPausedAt: (stepIndex, name = NAME) =>
      until(`${name} to pause at step ${stepIndex}`, () => {
        const { status, metadata } = rollout(name)
        const isSeen = status?.observedGeneration === String(metadata.generation)
        const isPaused = status?.pauseConditions?.some(({ reason }) => reason === 'CanaryPauseStep') === true
        return isSeen && status?.currentStepIndex === stepIndex && isPaused
      }),
  }
}

const isAtLeast = (seen: KubeObject, written: KubeObject['metadata']): boolean =>
  BigInt(seen.metadata.resourceVersion ?? '0') >= BigInt(written.resourceVersion ?? '0')

function placeIn(namespace: string, object: object): object {
  const { metadata } = object as { metadata?: object }
  return { ...object, metadata: { ...metadata, namespace } }
}

function lastJson(stdout: string): CliResult['json'] {
  try {
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
