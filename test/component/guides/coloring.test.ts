/**
 * The guide on colouring as its reader walks it: its manifests on the sandbox, every pause, and real requests whose answers are counted exactly.
 * What the guide promises to be seen is seen here.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { MANAGED_RULES } from '../../../controller/api/labels.ts'
import { type GuideCluster, withGuideCluster } from './guide-cluster.ts'

const FOLDER = 'docs/guides/coloring'
const guide = readFileSync(new URL('../../../docs/guides/coloring.md', import.meta.url), 'utf8')
const HOST = { host: 'hello.example' }
type Headers = Readonly<Record<string, string>>

/** What `sort | uniq -c` prints of the answers. */
async function tally(cluster: GuideCluster, requests: readonly Headers[]): Promise<string> {
  const counts = new Map<string, number>()
  // A few at a time, as a browser would.
  for (let at = 0; at < requests.length; at += 20) {
    const answers = await Promise.all(
      requests.slice(at, at + 20).map((headers) => cluster.ask({ ...HOST, ...headers })),
    )
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([answer, count]) => `${String(count).padStart(7)} ${answer}`)
    .join('\n')
}
const times = (count: number, headers: Headers = {}): readonly Headers[] => Array.from({ length: count }, () => headers)
const all = (count: number, answer: string): string => `${String(count).padStart(7)} ${answer}`
/** The guide shows these lines. */
const isShown = (lines: string): void => assert.ok(guide.includes(`\n${lines}\n`), `the guide does not show\n${lines}`)

const everyThousand: readonly Headers[] = Array.from({ length: 1000 }, (_, id) => ({ 'x-user-id': String(7000 + id) }))
const testers: readonly Headers[] = [{ 'x-env': 'canary' }, { 'x-version': 'next' }, { 'x-canary': 'true' }]

const pausedAt =
  (stepIndex: number) =>
  ({ status }: Awaited<ReturnType<GuideCluster['rollout']>>): boolean =>
    status?.currentStepIndex === stepIndex && (status.pauseConditions ?? []).length > 0

async function deploy(cluster: GuideCluster): Promise<void> {
  await cluster.apply(`${FOLDER}/base.yaml`)
  await cluster.apply(`${FOLDER}/rollout.yaml`)
  await cluster.until('the first version', ({ status }) => status?.phase === 'Healthy')
  assert.equal(await tally(cluster, [...times(40), ...testers]), all(43, 'v1 main'))
}

const release = (cluster: GuideCluster, version: string): Promise<void> =>
  cluster.apply(`${FOLDER}/rollout.yaml`, (text) => text.replace('value: v1', `value: ${version}`))

async function toNextPause(cluster: GuideCluster, stepIndex: number): Promise<void> {
  await cluster.promote()
  await cluster.until(`the pause at step ${stepIndex}`, pausedAt(stepIndex))
}

/** Nobody of the layers so far, and nobody else, gets what is not for them. */
async function checkLayers(
  cluster: GuideCluster,
  { users, region }: { readonly users: boolean; readonly region: boolean },
): Promise<void> {
  assert.equal(await tally(cluster, times(100)), all(100, 'v1 main'), 'everybody else')
  for (const [index, headers] of testers.entries())
    assert.equal(
      await tally(cluster, times(20, headers)),
      all(20, index === 0 ? 'v2 canary' : 'v2 main'),
      JSON.stringify(headers),
    )
  assert.equal(await tally(cluster, times(20, { 'x-env': 'staging' })), all(20, 'v1 main'))
  const split = users ? `${all(950, 'v1 main')}\n${all(50, 'v2 main')}` : all(1000, 'v1 main')
  assert.equal(await tally(cluster, everyThousand), split)
  const eu = [...times(20, { 'x-region': 'eu-west' }), ...times(20, { 'x-region': 'eu-north' })]
  assert.equal(await tally(cluster, eu), all(40, region ? 'v2 main' : 'v1 main'))
  assert.equal(await tally(cluster, times(20, { 'x-region': 'us-east' })), all(20, 'v1 main'))
  await checkLeftOut(cluster)
}

/** Through the other door nothing leads to the canary, nor to its shard. */
async function checkLeftOut(cluster: GuideCluster): Promise<void> {
  const host = 'us.hello.example'
  const requests = [...testers, { 'x-user-id': '42' }, { 'x-region': 'eu-west' }].map((headers) => ({
    ...headers,
    host,
  }))
  assert.equal(
    await tally(
      cluster,
      requests.flatMap((headers) => times(4, headers)),
    ),
    all(20, 'v1 main'),
  )
}

/** Of the rules that are ours; where they stand among the user's is the router's business. */
async function layersOf(cluster: GuideCluster): Promise<readonly string[]> {
  const { spec } = await cluster.route('hello')
  return (spec.rules ?? []).flatMap((rule) => (rule as { readonly name?: string }).name ?? [])
}

describe('the guide on colouring', () => {
  test('four layers, one after the other and together, then everybody', async () => {
    await withGuideCluster('hello', async (cluster) => {
      await deploy(cluster)
      const before = await cluster.route('hello')
      await release(cluster, 'v2')
      await cluster.until('the pause of the testers', pausedAt(2))
      await checkLayers(cluster, { users: false, region: false })
      isShown(all(20, 'v2 canary'))

      await toNextPause(cluster, 4)
      await checkLayers(cluster, { users: true, region: false })
      isShown(`${all(950, 'v1 main')}\n${all(50, 'v2 main')}`)
      const ids = ['1', '50', '0', '51', '123042', '0007', '-7', '7a', '1 ', '1e1'].map((id) => ({ 'x-user-id': id }))
      const answers = await Promise.all(ids.map((headers) => cluster.ask({ ...HOST, ...headers })))
      assert.deepEqual(
        ids.filter((_, at) => answers[at] === 'v2 main').map((headers) => headers['x-user-id']),
        ['1', '50', '123042', '0007', '1 '],
        'the ids that fit; a blank at the end of a header is none of its value',
      )

      await toNextPause(cluster, 7)
      await checkLayers(cluster, { users: true, region: true })
      assert.equal((await cluster.pods()).filter(({ metadata }) => metadata.labels?.shard === 'canary').length, 2)
      assert.deepEqual(await layersOf(cluster), ['testers', 'users', 'region'])

      await toNextPause(cluster, 10)
      const half = await tally(cluster, times(200))
      assert.equal(half, `${all(100, 'v1 main')}\n${all(100, 'v2 main')}`)
      isShown(half)
      assert.equal(await tally(cluster, times(20, { 'x-env': 'canary' })), all(20, 'v2 canary'), 'the layers stay')
      assert.equal(await tally(cluster, times(20, { 'x-user-id': '9050' })), all(20, 'v2 main'))
      assert.equal(await tally(cluster, times(20, { 'x-region': 'eu-west' })), all(20, 'v2 main'))
      await checkLeftOut(cluster)

      await cluster.promote()
      await cluster.until(
        'the release',
        ({ status }) => status?.phase === 'Healthy' && status.currentPodHash === status.stableRS,
      )
      await cluster.until('the route without layers', async () => (await layersOf(cluster)).length === 0)
      const after = await cluster.route('hello')
      assert.deepEqual(
        [after.spec.rules?.length, after.metadata.annotations?.[MANAGED_RULES]],
        [before.spec.rules?.length, undefined],
      )
      assert.equal(await tally(cluster, times(100)), all(100, 'v2 main'))
      await leaveTheShard(cluster)
    })
  })

  test('an abort in the middle: every layer is gone at once', async () => {
    await withGuideCluster('hello', async (cluster) => {
      await deploy(cluster)
      await release(cluster, 'v2')
      await cluster.until('the pause of the testers', pausedAt(2))
      await toNextPause(cluster, 4)
      await toNextPause(cluster, 7)
      await cluster.abort()
      await cluster.until('the abort', ({ status }) => status?.phase === 'Degraded')
      await cluster.until('the route without layers', async () => (await layersOf(cluster)).length === 0)
      const layers = [...testers, { 'x-user-id': '42' }, { 'x-region': 'eu-west' }]
      await cluster.until(
        'the gateway to serve it',
        async () => (await tally(cluster, layers)) === all(layers.length, 'v1 main'),
      )
      assert.equal(
        await tally(
          cluster,
          layers.flatMap((headers) => times(8, headers)),
        ),
        all(40, 'v1 main'),
      )
    })
  })
})

/** Labels change hands with the promotion; the environment of a process that runs does not, and so the guide restarts the pods. */
async function leaveTheShard(cluster: GuideCluster): Promise<void> {
  const isMain = async (): Promise<boolean> =>
    (await cluster.pods())
      .filter(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] === hash)
      .every(({ metadata }) => metadata.labels?.shard === 'main')
  const hash = (await cluster.rollout()).status?.stableRS
  await cluster.until('the labels of a stable revision', isMain)
  assert.match(await tally(cluster, times(40, { 'x-env': 'canary' })), /v2 canary/)
  const restartAt = new Date(Math.ceil(Date.now() / 1000) * 1000).toISOString().replace('.000', '')
  await cluster.patch({ spec: { restartAt } })
  await cluster.until('the restart', ({ status }) => status?.restartedAt === restartAt)
  await cluster.until(
    'the last pod of the shard to be gone',
    async () => (await tally(cluster, times(40, { 'x-env': 'canary' }))) === all(40, 'v2 main'),
  )
}
