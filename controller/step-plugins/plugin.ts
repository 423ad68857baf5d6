/**
 * What a step plugin is: up to three operations that make one call each and say what came of it. A plugin keeps no memory of its own and waits for
 * nothing: asked to be called again, it gets back the `state` that it returned. Who calls it, repeats it and remembers is the runner.
 */
import type { z } from 'zod'
import type { Rollout } from '../api/rollout.ts'
import type { StepPluginName } from '../api/step-plugin-config.ts'
import type { StepAnswer } from '../api/step-result.ts'
import type { Discovery, KubeClient } from '../kube/client.ts'
import type { HttpTransport } from '../runtime/http.ts'

export interface StepCall<Config> {
  /** Id of the operation: the same for every request of it. */
  readonly operation: string
  /** Id of the operation that ran the step, for the one that ends it. */
  readonly runOperation: string
  /** Id of the request: the same when it is repeated because its answer was lost. */
  readonly key: string
  /** What is asked of the plugin. */
  readonly verb: 'run' | 'terminate' | 'abort'
  /** What it is asked for: to take the step, or to end it. */
  readonly purpose: 'Run' | 'Terminate' | 'Abort'
  readonly config: Config
  readonly state: Readonly<Record<string, unknown>> | undefined
  /** As it is now: labels, status. Its spec may be another one than the step was begun with. */
  readonly rollout: Rollout
  readonly step: StepFacts
}

/** The step as it was begun. */
export interface StepFacts {
  readonly index: number
  readonly revision: number
  readonly podHash: string
  readonly startedAt: string | undefined
}

export interface StepPorts {
  readonly http: HttpTransport
  readonly client: Pick<KubeClient, 'get' | 'create' | 'delete'>
  readonly listResources: Discovery['listResources']
  /** The value, known to the redactor. Throws {@link StepProblem} when it cannot be read. */
  readonly readSecret: (namespace: string, name: string, key: string) => Promise<string>
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Namespaces besides its own that a Rollout's steps may read. */
  readonly readableNamespaces: readonly string[]
}

/** Why a call could not be made, in one sentence for people; it becomes the answer Error. */
export class StepProblem extends Error {}

type Operation<Config> = (call: StepCall<Config>, ports: StepPorts, signal: AbortSignal) => Promise<StepAnswer>

export interface StepPluginModule {
  readonly id: StepPluginName
  /** Undefined when the plugin has nothing to do for that verb. Rejects with a sentence when `config` does not fit. */
  prepare(
    verb: StepCall<unknown>['verb'],
    config: unknown,
  ): Operation<unknown> | { readonly problem: string } | undefined
}

interface PluginDefinition<Config> {
  readonly id: StepPluginName
  readonly schema: z.ZodType<Config>
  readonly run: Operation<Config>
  readonly terminate?: Operation<Config>
  readonly abort?: Operation<Config>
}

/** Puts the schema in front of the operations: what status holds may have been edited by hand. */
export function definePlugin<Config>(definition: PluginDefinition<Config>): StepPluginModule {
  return {
    id: definition.id,
    prepare(verb, config) {
      const operation = definition[verb]
      if (!operation) return undefined
      const parsed = definition.schema.safeParse(config)
      if (parsed.success) return (call, ports, signal) => operation({ ...call, config: parsed.data }, ports, signal)
      const [issue] = parsed.error.issues
      return { problem: `config.${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'does not fit'}` }
    },
  }
}
