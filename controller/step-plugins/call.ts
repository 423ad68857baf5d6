/**
 * Makes the call that an entry records, once, and puts whatever comes of it into an answer: bounded, redacted, never a throw. What the entry asks
 * for may have been edited by hand; only known plugins with a config of their shape are called.
 */
import type { Rollout } from '../api/rollout.ts'
import { isStepPluginName } from '../api/step-plugin-config.ts'
import { operationId, requestKey, type StepEntry } from '../api/step-plugin-status.ts'
import { LONGEST_RESULT_MESSAGE, LONGEST_STATE, type StepAnswer } from '../api/step-result.ts'
import type { Discovery, KubeClient } from '../kube/client.ts'
import type { Clock } from '../runtime/clock.ts'
import { type HttpTransport, TransportError } from '../runtime/http.ts'
import type { Redactor } from '../runtime/redact.ts'
import type { StepPluginModule, StepPorts } from './plugin.ts'
import { readSecretValue } from './secrets.ts'

export interface CallDeps {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'delete'>
  readonly discovery: Pick<Discovery, 'listResources'>
  readonly transport: HttpTransport
  readonly clock: Clock
  readonly redactor: Redactor
  readonly plugins: Readonly<Record<string, StepPluginModule>>
  readonly readableNamespaces: readonly string[]
}

/** Undefined when the call was cancelled: nothing is known of it, and it is made again. */
export async function makeCall(
  rollout: Rollout,
  entry: StepEntry & { readonly status: { readonly call: string } },
  deps: CallDeps,
  signal: AbortSignal,
): Promise<StepAnswer | undefined> {
  const { plugin, verb, config = {} } = entry.status.task
  const module = isStepPluginName(plugin) ? deps.plugins[plugin] : undefined
  if (!module) return { phase: 'Failed', message: `step plugin "${plugin}" is not known` }
  const { compensate: _compensate, ...own } = config
  const operation = module.prepare(verb, own)
  if (!operation) return { phase: 'Successful' }
  if ('problem' in operation) return { phase: 'Failed', message: operation.problem.slice(0, LONGEST_RESULT_MESSAGE) }
  try {
    return bound(await operation(renderCall(rollout, entry, own), portsOf(deps), signal), deps.redactor)
  } catch (error) {
    if (signal.aborted) return undefined
    const why = error instanceof TransportError ? `${error.kind}: ${error.message}` : messageOf(error)
    return bound({ phase: 'Error', message: why }, deps.redactor)
  }
}

function renderCall(rollout: Rollout, { index, operation, startedAt, status }: StepEntry, config: unknown) {
  const { id, podHash, task, call = '', state } = status
  return {
    operation: operationId({ operation, status }),
    runOperation: `${id}/Run.1`,
    key: requestKey(call),
    verb: task.verb,
    purpose: operation,
    config,
    state,
    rollout,
    step: { index, revision: Number(id.split('/').at(-3)) || 0, podHash, startedAt },
  }
}

function portsOf({ client, discovery, transport, clock, redactor, readableNamespaces }: CallDeps): StepPorts {
  return {
    http: transport,
    client,
    listResources: (group, version) => discovery.listResources(group, version),
    readSecret: (namespace, name, key) => readSecretValue({ namespace, name, key }, { client, redactor }),
    now: () => clock.now(),
    readableNamespaces,
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function bound({ message, state, ...answer }: StepAnswer, redactor: Redactor): StepAnswer {
  const isSmall = state !== undefined && JSON.stringify(state).length <= LONGEST_STATE
  return {
    ...answer,
    ...(message === undefined ? {} : { message: redactor.redact(message).slice(0, LONGEST_RESULT_MESSAGE) }),
    ...(isSmall ? { state } : {}),
  }
}
