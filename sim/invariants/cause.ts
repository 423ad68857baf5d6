/** What led from one state of the cluster to the next. */

/** A write of a controller that took effect. */
export interface WriteCause {
  readonly kind: 'write'
  /** Name of the process. */
  readonly by: string
  readonly verb: 'create' | 'patch' | 'delete' | 'evict'
  readonly plural: string
  readonly name: string
  readonly subresource?: string
  readonly body?: unknown
  /** Virtual milliseconds at which it left the process. */
  readonly sentMs: number
}

/** Anything else: a model, an actor, the data plane. */
export interface StepCause {
  readonly kind: 'step'
  readonly label: string
}
