/**
 * The same manifests and the same hands, once with Argo Rollouts' own controller (recorded, test/fixtures/argo) and once with ours: clients find
 * the same status and are told the same, in the same order. What differs on purpose is listed with its reason.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Rollout } from '../../../controller/api/rollout.ts'
import {
  type Fixture,
  type FixtureObject,
  fixtureVersions,
  readEvents,
  readFixtures,
  readObjects,
  type ToldEvent,
} from '../../argo/fixture.ts'
import { situations, untilQuiet } from '../../argo/situations.ts'
import { waitFor } from '../../control-plane/wait.ts'
import { type MetricSource, startMetricSource } from '../metric-source.ts'
import type { Stage } from '../stage.ts'

/** Instants and counters of one cluster. */
const OF_THE_MOMENT = new Set(['lastTransitionTime', 'lastUpdateTime', 'startTime', 'abortedAt', 'observedGeneration'])

/** The order among these is the routers' and the Services' business: ours is the safe one (invariants S1, S4). */
const OWN_ORDER = new Set(['TrafficWeightUpdated', 'SwitchService'])

/** An autoscaler is shown no more pods than it asked for (AR#4847). */
const SURGE = /^HPAReplicas:/
/** Argo 1.9.0 gives the canary no pods at once, although it is to keep them for an hour. */
const KEPT_CANARY = /^(HPAReplicas|availableReplicas|readyReplicas|replicas|updatedReplicas):/
/** Whether a pause of a second is seen in the conditions is luck. */
const SHORT_PAUSE = /^conditions\.Paused\./

/** Fields of status that differ on purpose, by situation. */
const differences: Readonly<Record<string, readonly RegExp[]>> = {
  healthy: [SHORT_PAUSE],
  'paused-with-weight': [SURGE],
  'canary-not-ready': [SURGE],
  analysing: [SURGE],
  'aborted-in-delay': [KEPT_CANARY],
}

/** Of a pod count that goes down at another time, or without a word. */
const SCALED_DOWN = /ScalingReplicaSet Scaled down/
/** The canary that Argo gives no pods. */
const leftDifferently: Readonly<Record<string, RegExp>> = { 'aborted-in-delay': /replicas: / }
const toldDifferently: Readonly<Record<string, RegExp>> = { healthy: SCALED_DOWN, 'aborted-in-delay': SCALED_DOWN }

/** One line per field, such as `conditions.Paused.status: True`. Conditions by type: their order in the list means nothing. */
function linesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [`${path}: ${String(value)}`]
  const named = Array.isArray(value)
    ? value.map((element, at) => [typeof element?.type === 'string' ? element.type : String(at), element] as const)
    : Object.entries(value)
  return named
    .filter(([key]) => !OF_THE_MOMENT.has(key))
    .flatMap(([key, field]) => linesOf(field, path === '' ? key : `${path}.${key}`))
    .sort()
}

const told = (events: readonly ToldEvent[], without: RegExp | undefined): readonly string[] =>
  events
    .filter(({ reason }) => !OWN_ORDER.has(reason))
    .map(({ type, reason, message }) => `${type} ${reason} ${message.replace(/ [\w-]+\/web$/, '')}`)
    .filter((line) => !without?.test(line))

/** What Argo goes by when it gets a cluster back, besides the status: names, sizes, labels, annotations and selectors of what it owns. */
const inherited = (objects: readonly FixtureObject[], without: RegExp | undefined): readonly string[] =>
  objects
    .filter(({ kind }) => ['ReplicaSet', 'Service', 'AnalysisRun'].includes(kind))
    .flatMap(({ kind, metadata, spec }) => {
      const { replicas, selector } = spec ?? {}
      return linesOf({ ...marksOf(metadata), replicas: replicas ?? '-', selector }, `${kind} ${metadata.name}`)
    })
    .filter((line) => !without?.test(line))
    .sort()

/** Marks of ours are nobody else's business, and a deadline is another one each time. */
function marksOf({ labels, annotations }: FixtureObject['metadata']) {
  const entries = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith('penstock.dev/'))
  const kept = entries.map(([key, value]) => [key, key === 'scale-down-deadline' ? 'a moment' : value])
  return { labels, annotations: Object.fromEntries(kept) as Record<string, string> }
}

const orderOf = (lines: readonly string[]): readonly string[] => lines.map((line) => line.split(' ')[1] ?? '')

const rolloutOf = ({ objects }: Fixture): Rollout | undefined =>
  objects.find(({ kind }) => kind === 'Rollout') as Rollout | undefined

export function sameAsArgoPaths(stage: Stage): void {
  const version = fixtureVersions().at(-1) ?? ''
  describe(`the same as Argo Rollouts ${version}`, () => {
    const recorded = new Map(readFixtures(version).map((fixture) => [fixture.name, fixture]))
    let source: MetricSource
    before(async () => {
      source = await startMetricSource()
    })
    after(() => source.stop())

    for (const { name } of situations(''))
      test(name, async () => {
        const situation = situations(source.url('/')).find((one) => one.name === name)
        const fixture = recorded.get(name)
        assert.ok(situation && fixture, `${name} was recorded`)
        const space = await stage.workspace(name)
        await space.apply(...situation.manifests)
        await situation.play(space)
        await untilQuiet(space)
        const differs = differences[name] ?? []
        const compared = (status: unknown) =>
          linesOf(status).filter((line) => !differs.some((field) => field.test(line)))
        assert.deepEqual(compared(space.rollout().status), compared(rolloutOf(fixture)?.status))
        const { controlPlane } = stage.cluster()
        const kept = leftDifferently[name]
        const left = await readObjects(space.namespace, controlPlane)
        assert.deepEqual(inherited(left, kept), inherited(fixture.objects, kept))
        const without = toldDifferently[name]
        const expected = told(fixture.events, without)
        const read = async () => told(await readEvents(space.namespace, controlPlane), without)
        const isTold = async () => (await read()).length >= expected.length
        // Too few are shown by the comparison, in full.
        await waitFor(isTold, { what: 'the events', timeoutMs: 5_000 }).catch(() => undefined)
        const events = await read()
        assert.deepEqual(orderOf(events), orderOf(expected))
        assert.deepEqual(events.toSorted(), expected.toSorted())
      })
  })
}
