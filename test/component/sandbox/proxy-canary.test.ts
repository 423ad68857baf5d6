/**
 * A whole canary whose traffic real proxies carry: the first guide's manifests, the shipped rollout controller, pods that are processes. HAProxy
 * confirms what it serves; ingress-nginx confirms nothing, so there a time has to pass.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ingresses } from '../../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import { isPlausible } from '../../bench/proxy-share.ts'
import { type GuideCluster, withGuideCluster } from '../guides/guide-cluster.ts'

const FOLDER = 'docs/guides/canary'
const HOST = { host: 'hello.example' }
const REQUESTS = 1_000
const PROPAGATION_SECONDS = 2

async function countV2(cluster: GuideCluster): Promise<number> {
  let hits = 0
  for (let sent = 0; sent < REQUESTS; sent += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => cluster.ask(HOST)))
    for (const answer of answers) assert.match(answer, /^v[12]$/)
    hits += answers.filter((answer) => answer === 'v2').length
  }
  return hits
}

const isHealthy = ({ status }: Awaited<ReturnType<GuideCluster['rollout']>>): boolean => status?.phase === 'Healthy'

/** The guide's ten seconds are for its reader. */
const hasten = (text: string): string => text.replace('duration: 10s', 'duration: 1s')

interface Release {
  /** What is changed in the guide's manifest. */
  readonly change: (text: string) => string
  /** How long a written weight may take to be served, where nobody confirms it. */
  readonly propagationMs: number
}

/** From v1 to v2 by way of the guide's pause at a quarter. Returns every answer that somebody who asked all the time got. */
async function release(cluster: GuideCluster, { change, propagationMs }: Release): Promise<ReadonlySet<string>> {
  await cluster.apply(`${FOLDER}/rollout.yaml`, change)
  await cluster.until('the first version', async (rollout) => isHealthy(rollout) && (await cluster.ask(HOST)) === 'v1')
  const answers = new Set<string>()
  let isOver = false
  const asking = (async () => {
    while (!isOver) answers.add(await cluster.ask(HOST).catch((error: Error) => error.message))
  })()
  try {
    await cluster.apply(`${FOLDER}/rollout.yaml`, (text) => change(text).replace('value: v1', 'value: v2'))
    await cluster.until('the pause at a quarter', ({ status }) => (status?.pauseConditions ?? []).length > 0)
    await clock.sleep(propagationMs)
    const hits = await countV2(cluster)
    assert.ok(isPlausible(hits, REQUESTS, 0.25), `${hits} of ${REQUESTS} at a quarter`)
    await cluster.promote()
    await cluster.until('the second version', isHealthy)
    await clock.sleep(propagationMs)
    assert.equal(await countV2(cluster), REQUESTS)
  } finally {
    isOver = true
    await asking
  }
  return answers
}

describe('a whole canary', () => {
  test('through HAProxy, and nobody who asks loses an answer', { timeout: 120_000 }, async () => {
    await withGuideCluster(
      'hello',
      async (cluster) => {
        await cluster.apply(`${FOLDER}/base.yaml`)
        const answers = await release(cluster, { change: hasten, propagationMs: 0 })
        assert.deepEqual([...answers].sort(), ['v1', 'v2'])
      },
      'haproxy',
    )
  })

  test('through nginx', { timeout: 120_000 }, async () => {
    await withGuideCluster(
      'hello',
      async (cluster) => {
        await cluster.apply(`${FOLDER}/base.yaml`)
        const backend = { service: { name: 'hello-stable', port: { number: 80 } } }
        const paths = [{ path: '/', pathType: 'Prefix', backend }]
        const ingress = {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          metadata: { name: 'hello', namespace: 'default' },
          spec: { ingressClassName: 'nginx', rules: [{ host: HOST.host, http: { paths } }] },
        }
        await cluster.client.create(ingresses, ingress)
        const byIngress = (text: string): string =>
          hasten(text)
            .replace(/plugins:\n\s+argoproj-labs\/gatewayAPI:\n\s+httpRoute: hello/, 'nginx: { stableIngress: hello }')
            .replace(
              '  name: hello\n',
              `  name: hello\n  annotations: { penstock.dev/propagation-seconds: "${PROPAGATION_SECONDS}" }\n`,
            )
        const answers = await release(cluster, { change: byIngress, propagationMs: PROPAGATION_SECONDS * 1000 })
        assert.ok(answers.has('v1') && answers.has('v2'))
      },
      'nginx',
    )
  })
})
