/**
 * The story from the first commit to the last judgement. It only puts the parts in order; each part knows how it is done.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { stringify } from 'yaml'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { APP_FILE } from '../app/bundle.ts'
import { startLoad } from '../load/load.ts'
import type { StopList } from '../stop-list.ts'
import { waitFor } from '../wait.ts'
import type { Narrator } from './narrator.ts'
import { type BreakableGate, firstRelease, type Release, releases, renderRollout } from './plot.ts'
import { type PlayedRelease, playRelease } from './release.ts'
import { MOST_RSS_MB, renderCatch, type StoryReport } from './report.ts'
import { buildStage, type Stage } from './stage.ts'

export interface StoryOptions {
  readonly broken: BreakableGate | undefined
  readonly narrator: Narrator
  readonly stops: StopList
  readonly signal: AbortSignal
}

export interface PlayedStory {
  readonly report: StoryReport
  readonly stage: Stage
}

const HOST = 'shop.example'
const REQUESTS_PER_SECOND = 200
const FIRST_WITHIN_MS = 60_000
const SETTLE_MS = 7_000
const IDLE_MS = 8_000
const REST_MS = 5_000
const MOST_READINGS = 7
const ROLLOUT_FILE = '40-rollout.yaml'
const here = fileURLToPath(new URL('.', import.meta.url))

/** The manifests of this directory as they are, with a release's environment, and the service's program as a ConfigMap. */
async function renderCommit(
  env: Readonly<Record<string, string>>,
  stage: Stage,
  broken: BreakableGate | undefined,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  for (const name of (await readdir(here)).filter((file) => file.endsWith('.yaml')).sort()) {
    const text = await readFile(join(here, name), 'utf8')
    files.set(name, name === ROLLOUT_FILE ? renderRollout(text, env, broken) : text)
  }
  const program = await readFile(join(stage.directory, 'pods', APP_FILE), 'utf8')
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'shop-app', namespace: 'shop' },
    data: { [APP_FILE]: program },
  }
  files.set('35-app.yaml', stringify(configMap))
  return files
}

/** Plays everything once. Throws when it is interrupted or when a part of it does not answer in time. */
export async function playStory(options: StoryOptions): Promise<PlayedStory> {
  const { narrator, stops, signal, broken } = options
  narrator.title('Setting the stage')
  const stage = await buildStage({ broken, stops, say: (text) => narrator.say(text, 'faint') })
  const startedMs = clock.monotonicMs()
  stops.add(stage.observation.subscribe(() => narrator.observe(stage.observation)))
  const { repository } = stage
  await repository.commit(await renderCommit(firstRelease, stage, broken), 'Shop v1')
  narrator.say('the first commit is in Git; a sync loop applies it every two seconds')
  const sync = stage.startSync()
  await waitFor(() => stage.observation.rollout()?.status?.phase === 'Healthy', {
    clock,
    signal,
    what: 'the first version to be healthy',
    withinMs: FIRST_WITHIN_MS,
  })
  await waitFor(() => isServed(stage), { clock, signal, what: 'the gateway to answer', withinMs: FIRST_WITHIN_MS })
  const load = startLoad({ url: stage.gateway.url, host: HOST, requestsPerSecond: REQUESTS_PER_SECOND, clock })
  stops.add(() => load.stop())
  narrator.say(`users arrive: ${REQUESTS_PER_SECOND} requests a second, whatever the answers`)

  const commit = async (release: Release): Promise<string> => {
    const name = await repository.commit(
      await renderCommit(release.env, stage, broken),
      `Shop ${release.env.VERSION}: ${release.intent}`,
    )
    narrator.say(`commit ${name}: Shop ${release.env.VERSION}`)
    return name
  }
  const played: PlayedRelease[] = []
  for (const [index, release] of releases.entries()) {
    narrator.title(`${index + 1}/${releases.length}  ${release.name}: ${release.intent}`)
    const result = await playRelease(release, { stage, sync, load, commit, signal })
    played.push(result)
    tell(result, narrator)
    if (result.report.lostRequests > 0) narrator.say(`lost so far: ${JSON.stringify(load.counts().lostBy)}`, 'bad')
    // After a wrong turn the rest of the story has no meaning.
    if (result.report.actual !== result.report.expected) break
  }
  narrator.title('Afterwards')
  for (const { report } of played)
    if (report.caught !== null) narrator.say(`${report.name}: ${renderCatch(report.caught)}`)
  const idleWrites = await countIdleWrites(stage, signal)
  const rssMb = await readRestingMb(stage, signal)
  const counts = load.counts()
  return {
    stage,
    report: {
      releases: played.map(({ report }) => report),
      slackMessages: stage.slack.messages().length,
      controller: { rssMb, idleWrites },
      requests: { ok: counts.ok, appErrors: counts.appError, lost: counts.lost, lostBy: counts.lostBy },
      reaction: played.flatMap(({ reaction }) => (reaction ? [reaction] : [])),
      seconds: Math.round((clock.monotonicMs() - startedMs) / 1000),
    },
  }
}

async function isServed({ gateway }: Stage): Promise<boolean> {
  return request(gateway.url, { headers: { host: HOST }, headersTimeout: 2_000 }).then(
    async ({ statusCode, body }) => {
      await body.dump()
      return statusCode === 200
    },
    () => false,
  )
}

function tell({ report }: PlayedRelease, narrator: Narrator): void {
  const isRight = report.actual === report.expected
  const back =
    report.abortToStableMs === null
      ? ''
      : `; stable had all traffic ${report.abortToStableMs} ms after the cause was known`
  const stayed =
    report.stayedAborted === null
      ? ''
      : report.stayedAborted
        ? '; Git applied it again, it stayed aborted'
        : '; Git revived it'
  if (report.caught !== null)
    narrator.say(`${report.caught.gate}: ${renderCatch(report.caught)}`, report.caught.isInTime ? 'good' : 'bad')
  narrator.say(
    `${isRight ? 'as expected' : `expected ${report.expected}, got`}: ${report.actual}, ${report.lostRequests} requests lost${back}${stayed}`,
    isRight ? 'good' : 'bad',
  )
}

/** V8 collects what a release left behind once it has been idle for a while; that is waited for where it makes a difference. */
async function readRestingMb({ controller }: Stage, signal: AbortSignal): Promise<number> {
  for (let reading = 1; ; reading += 1) {
    const { rssBytes } = await controller.readMetrics()
    const rssMb = Math.round(rssBytes / 1024 / 1024)
    if (rssMb <= MOST_RSS_MB || reading === MOST_READINGS) return rssMb
    await clock.sleep(REST_MS, signal)
  }
}

/** Writes of the controller while nothing happens, once the last revision has been scaled down. */
async function countIdleWrites(stage: Stage, signal: AbortSignal): Promise<number> {
  await clock.sleep(SETTLE_MS, signal)
  const before = await stage.controller.readMetrics()
  await clock.sleep(IDLE_MS, signal)
  const after = await stage.controller.readMetrics()
  return after.writes - before.writes
}
