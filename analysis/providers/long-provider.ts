/**
 * What a metric provider is that is looked at several times until it has an answer (an external judge, a statistical gate), or that asks
 * somebody who is no HTTP service (an object of the cluster). Between two looks everything it knows is in the open measurement, so that a
 * restarted controller goes on where the last one stopped. It must not touch the run, nor hold what could not be learnt again.
 */
import type { Measurement, Metric } from '../../controller/api/analysis.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ObjectRef } from '../../controller/kube/client.ts'
import type { LongProviderId } from '../../controller/metric-language/analysis-metric.ts'
import type { HttpRequest, HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import type { HttpAuth, ProviderOutcome, SecretWish } from './provider.ts'

export interface LookOrder {
  /** The provider's part of the metric, arguments substituted. Secrets may be in it. */
  readonly config: unknown
  readonly metric: Metric
  readonly run: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
    /** Epoch milliseconds. */
    readonly createdAt: number
    /** Epoch milliseconds of its first pass; now, while that is this one. */
    readonly startedAt: number
  }
  /** The measurement that this look goes on with; undefined for a new one. */
  readonly open: Measurement | undefined
  readonly mode: VerdictMode
  /** Epoch milliseconds. */
  readonly now: number
  /** Used where a configuration names no address. */
  readonly prometheusAddress: string | undefined
  /** Namespaces besides the run's own that objects may be read from. */
  readonly readableNamespaces: readonly string[]
}

/** What a look may do in the world. Each of them throws where there is no answer: TransportError, KubeError. */
export interface LookPorts {
  send(request: HttpRequest, auth?: HttpAuth): Promise<HttpResponse>
  /** Undefined when there is none. */
  readSecret(wish: SecretWish): Promise<Readonly<Record<string, string>> | undefined>
  /** Of the cluster, read live; undefined when there is none. */
  readObject(ref: ObjectRef): Promise<KubeObject | undefined>
  /** Plural names of what the cluster serves in one version of a group ('' is core). */
  listResources(group: string, version: string): Promise<readonly string[]>
}

export type LookOutcome =
  /** A value for the conditions, no data, or the provider's own failure. */
  | ProviderOutcome
  /** Not known yet: look again. The measurement stays open with this metadata and value. */
  | {
      readonly kind: 'running'
      /** Epoch milliseconds. */
      readonly resumeAt: number
      readonly metadata?: Readonly<Record<string, string>>
      readonly value?: string
      readonly message?: string
      /** Nothing that a reader of the open measurement would act on is different: it may stay as it is stored. */
      readonly isUnchanged?: boolean
    }
  /** The provider's own verdict, which conditions have no say in. */
  | {
      readonly kind: 'decided'
      readonly phase: 'Successful' | 'Failed' | 'Inconclusive'
      readonly message?: string
      readonly value?: string
      readonly metadata?: Readonly<Record<string, string>>
    }

export interface LongProviderModule {
  readonly id: LongProviderId
  look(order: LookOrder, ports: LookPorts, signal: AbortSignal): Promise<LookOutcome>
  /** What an open measurement becomes when its run ends first; absent: Inconclusive, `Metric Terminated`. */
  conclude?(open: Measurement): Extract<LookOutcome, { kind: 'decided' }> | undefined
  /** The run has ended or is gone: what is remembered for it is of no use any more. */
  forget?(runUid: string): void
}
