/** What went wrong, in one sentence that says what is missing and how to get it. Pure. */
import { KubeError, noAnswerReasons } from '../controller/kube/client.ts'

export function describeFailure(error: unknown): string {
  if (!(error instanceof KubeError)) return error instanceof Error ? error.message : String(error)
  if (error.code === 401)
    return `the API server does not know you (${error.message}); log in again, or choose another --context`
  if (error.code === 403) return `you are not allowed to do that (${error.message}); ask for a role that may`
  if (error.code === 404 && error.message.includes('argoproj.io'))
    return `this cluster does not know Rollouts (${error.message}); install the chart charts/penstock, which brings the CRDs`
  if (error.code === 0 && error.reason === noAnswerReasons.notSent)
    return `cannot reach the API server (${error.message}); check --kubeconfig, --context and that it runs`
  if (error.code === 0)
    return `the API server did not answer (${error.message}); the change may have been made: look before trying again`
  return error.message
}

/** No answer, or one that says "later": a wait goes on, because the API server is expected back. */
export const isPassing = (error: unknown): boolean =>
  error instanceof KubeError && (error.code === 0 || error.code === 429 || error.code >= 500)
