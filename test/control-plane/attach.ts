/**
 * Gives the tests a cluster that somebody else runs (TEST_KUBECONFIG). It makes one service account with cluster-admin
 * for the tests and takes it away at the end; it must not start, stop or restart anything there.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusterAccess, run } from './access.ts'
import type { ControlPlane } from './control-plane.ts'
import { type ApiTarget, callApi } from './https-json.ts'

const NAME = 'penstock-test-admin'
const NAMESPACE = 'kube-system'

const ADMIN = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
  ],
}

type Kubectl = (args: readonly string[], input?: string) => Promise<string>

export async function attachToCluster(kubeconfigPath: string): Promise<ControlPlane> {
  const kubectl: Kubectl = (args, input) => kubectlWith(kubeconfigPath, args, input)
  const target = await readTarget(kubectl)
  await kubectl(['apply', '-f', '-'], JSON.stringify(ADMIN))
  const adminToken = (await kubectl(['create', 'token', NAME, '-n', NAMESPACE, '--duration=8h'])).trim()
  const answer = await callApi(target, { path: '/version', token: adminToken })
  const version = String((answer.body as { gitVersion?: unknown }).gitVersion)
  const directory = mkdtempSync(join(tmpdir(), 'penstock-attached-'))
  return {
    ...clusterAccess({ ...target, adminToken, version, kubectlPath: 'kubectl', directory }),
    directory,
    from: `TEST_KUBECONFIG=${kubeconfigPath}`,
    processes: undefined,
    startControllerManager: async () => {},
    stopControllerManager: () => notOurs('stop the controller manager of'),
    restartApiServer: () => notOurs('restart the API server of'),
    compact: () => notOurs('compact the store of'),
    stop: async () => {
      await kubectl(['delete', 'clusterrolebinding', NAME, '--ignore-not-found'])
      await kubectl(['delete', 'serviceaccount', NAME, '-n', NAMESPACE, '--ignore-not-found'])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function kubectlWith(kubeconfigPath: string, args: readonly string[], input?: string): Promise<string> {
  const all = ['--kubeconfig', kubeconfigPath, ...args]
  const { code, stdout, stderr } = await run('kubectl', all, input === undefined ? {} : { input })
  if (code === 0) return stdout
  throw new Error(
    `"kubectl ${all.join(' ')}" failed (check TEST_KUBECONFIG and the kubectl on the PATH): ${stderr.trim()}`,
  )
}

interface KubeconfigView {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; readonly 'certificate-authority-data'?: string }
  }[]
}

async function readTarget(kubectl: Kubectl): Promise<ApiTarget> {
  const view: KubeconfigView = JSON.parse(
    await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']),
  )
  const cluster = view.clusters?.[0]?.cluster
  const authority = cluster?.['certificate-authority-data']
  if (cluster?.server === undefined || authority === undefined) {
    throw new Error('TEST_KUBECONFIG must name a server and its certificate authority: add certificate-authority-data')
  }
  return { url: cluster.server, caPem: Buffer.from(authority, 'base64').toString('utf8') }
}

async function notOurs(action: string): Promise<never> {
  throw new Error(`A test must not ${action} somebody else's cluster: unset TEST_KUBECONFIG to run it`)
}
