/**
 * Writes kubeconfig files: one cluster, one user with a bearer token, one context. It must not read or change the
 * user's own kubeconfig.
 */
import type { ApiTarget } from './https-json.ts'

export interface KubeconfigOptions extends ApiTarget {
  readonly token: string
  readonly namespace?: string
}

/** JSON is YAML: every client reads it, and nothing needs quoting. */
export function kubeconfig({ url, caPem, token, namespace }: KubeconfigOptions): string {
  const name = 'penstock-test'
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } }],
    'current-context': name,
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
