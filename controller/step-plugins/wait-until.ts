/**
 * `penstock/wait-until`: holds a step until a moment, a daily window, or a fact of another object. The object is read with the controller's own
 * rights: only in the Rollout's namespace unless the controller allows more, and never a Secret; its values are judged and not shown.
 * Of a kind that the cluster does not serve nothing is known: that is a problem, and no absence.
 */
import type { KubeObject } from '../api/meta.ts'
import { parseInstant } from '../api/scalars.ts'
import { SHORTEST_POLL_SECONDS, stepPluginSchemas, type WaitUntilConfig } from '../api/step-plugin-config.ts'
import type { StepAnswer } from '../api/step-result.ts'
import { describeUnserved, refOfAny } from '../kube/any-object.ts'
import { KubeError, type ObjectRef } from '../kube/client.ts'
import { describeRef } from '../kube/kinds.ts'
import { secondsUntilOpen } from './daily-window.ts'
import { definePlugin, type StepCall, type StepPorts, StepProblem } from './plugin.ts'
import { passesTest } from './value-test.ts'

type WantedObject = NonNullable<WaitUntilConfig['object']>

/** Long waits are cut, so that a clock that is set right is noticed. */
const LONGEST_WAIT_SECONDS = 3600
const DEFAULT_POLL_SECONDS = 30

export const waitUntil = definePlugin<WaitUntilConfig>({
  id: 'penstock/wait-until',
  schema: stepPluginSchemas['penstock/wait-until'],
  async run({ config, rollout }: StepCall<WaitUntilConfig>, ports: StepPorts): Promise<StepAnswer> {
    const { time, window, object, pollSeconds = DEFAULT_POLL_SECONDS } = config
    if (time !== undefined) return waitSeconds(((parseInstant(time) ?? 0) - ports.now()) / 1000, `for ${time}`)
    if (window) {
      const zone = window.timeZone ?? 'UTC'
      return waitSeconds(secondsUntilOpen(window, ports.now()), `until ${window.from} ${zone}`)
    }
    if (object) return waitForObject(object, rollout.metadata.namespace ?? '', pollSeconds, ports)
    throw new StepProblem('config names nothing to wait for')
  },
})

function waitSeconds(seconds: number, forWhat: string): StepAnswer {
  if (seconds <= 0) return { phase: 'Successful', message: `waited ${forWhat}` }
  const afterSeconds = Math.min(LONGEST_WAIT_SECONDS, Math.max(SHORTEST_POLL_SECONDS, Math.ceil(seconds)))
  return { phase: 'Running', message: `waits ${forWhat}`, afterSeconds }
}

async function waitForObject(
  object: WantedObject,
  ownNamespace: string,
  afterSeconds: number,
  ports: StepPorts,
): Promise<StepAnswer> {
  const namespace = object.namespace ?? ownNamespace
  if (!object.clusterScope && namespace !== ownNamespace && !ports.readableNamespaces.includes(namespace))
    throw new StepProblem(`namespace "${namespace}" may not be read from here; see --step-plugin-namespace`)
  const ref = refOfAny({ ...object, namespaced: object.clusterScope !== true }, namespace)
  const found = await read(ref, ports)
  const what = `${describeRef(ref)} ${object.jsonPath}`
  if (!found && object.exists !== false)
    return { phase: 'Running', message: `waits for ${describeRef(ref)}, which does not exist`, afterSeconds }
  const passes = passesTest(object, found ?? {})
  if (passes) return { phase: 'Successful', message: `${what} is as asked` }
  return { phase: 'Running', message: `waits for ${what}`, afterSeconds }
}

async function read(ref: ObjectRef, ports: StepPorts): Promise<KubeObject | undefined> {
  const found = await get(ref, ports)
  const { group, version, plural } = ref.kind
  if (found === undefined && !(await ports.listResources(group, version)).includes(plural))
    throw new StepProblem(`${describeUnserved(ref)}: install it, or correct apiVersion, kind and resource`)
  return found
}

async function get(ref: ObjectRef, { client }: StepPorts): Promise<KubeObject | undefined> {
  try {
    return await client.get<KubeObject>(ref)
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 403) throw error
    const { group, plural } = ref.kind
    throw new StepProblem(
      `the controller may not read ${describeRef(ref)}: grant its service account get on ${plural} of ${group === '' ? 'the core group' : group}`,
      { cause: error },
    )
  }
}
