/** Calls about the Jobs of a run, told apart by what their failure means, and how a measurement ends. It must not decide what to call. */
import type { Measurement } from '../../controller/api/analysis.ts'
import type { Job } from '../../controller/api/job.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import { KubeError } from '../../controller/kube/client.ts'
import { jobs, refOf } from '../../controller/kube/kinds.ts'
import type { RunDeps } from './deps.ts'

export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  /** The server has said no; asking again would change nothing. */
  | { readonly kind: 'refusal'; readonly why: string }
  /** It may have happened or not, and may well the next time. */
  | { readonly kind: 'unknown' }

export async function attempt<T>(call: () => Promise<T>, { log }: Pick<RunDeps, 'log'>): Promise<Answer<T>> {
  try {
    return { kind: 'answer', value: await call() }
  } catch (error) {
    if (isRefusal(error)) return { kind: 'refusal', why: error.message }
    if (!(error instanceof KubeError)) throw error
    log.warn('no answer about a Job of an analysis', { reason: 'JobUnknown', error })
    return { kind: 'unknown' }
  }
}

export const isRefusal = (error: unknown): error is KubeError =>
  error instanceof KubeError && error.code >= 400 && error.code < 500 && error.code !== 408 && error.code !== 429

/** With its pods; nothing else that came to bear its name. */
export const deleteJob = (job: Job, client: RunDeps['client']): Promise<void> =>
  client.delete(refOf(jobs, job), {
    propagationPolicy: 'Background',
    ...(job.metadata.uid === undefined ? {} : { uid: job.metadata.uid }),
  })

export type Outcome = Pick<Measurement, 'phase' | 'message' | 'value' | 'metadata'>

/** The measurement that was open, with its end. */
export const endAs = (
  { metadata, ...outcome }: Outcome,
  open: Partial<Measurement>,
  { clock }: Pick<RunDeps, 'clock'>,
): Measurement => ({
  ...open,
  ...outcome,
  ...(open.metadata || metadata ? { metadata: { ...open.metadata, ...metadata } } : {}),
  finishedAt: formatInstant(clock.now()),
})
