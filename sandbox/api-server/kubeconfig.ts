/** Writes a kubeconfig file for a server of ours, readable by its owner only. */
import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'

export interface KubeconfigOptions {
  readonly url: string
  readonly token?: string
  readonly namespace?: string
  /** Name of cluster, user and context. */
  readonly name?: string
}

export const renderKubeconfig = ({
  url,
  token,
  namespace = 'default',
  name = 'penstock-sandbox',
}: KubeconfigOptions): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: url } }],
    users: [{ name, user: token === undefined ? {} : { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
  })

export const writeKubeconfig = async (path: string, options: KubeconfigOptions): Promise<void> => {
  await writeFile(path, renderKubeconfig(options), { mode: 0o600 })
}
