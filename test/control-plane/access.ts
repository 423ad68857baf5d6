/**
 * What a test may do with a test cluster, whoever runs it: kubectl with a home of its own, raw calls, service account
 * tokens and kubeconfigs. It must not start or stop anything, nor touch the user's kubeconfig or kubectl caches.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { type ApiAnswer, type ApiCall, callApi } from './https-json.ts'
import { kubeconfig } from './kubeconfig.ts'

export interface KubectlOptions {
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
}

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface ClusterAccess {
  readonly url: string
  readonly caPem: string
  /** A bearer token of the group system:masters (or cluster-admin): for the test's own hands, never for the product. */
  readonly adminToken: string
  readonly kubeconfigPath: string
  /** What the API server says it is, such as "v1.36.3". */
  readonly version: string
  /** For child processes: own HOME, KUBECONFIG of the admin, and this cluster's kubectl first on the PATH. */
  readonly env: NodeJS.ProcessEnv
  /** Runs kubectl as admin and returns its standard output; throws one error with its words when it fails. */
  kubectl(...args: string[]): Promise<string>
  /** Runs kubectl and returns how it ended; never throws for a non-zero exit. */
  runKubectl(args: readonly string[], options?: KubectlOptions): Promise<CommandResult>
  /** `kubectl apply --server-side` of YAML text, one object, or several. */
  apply(manifest: string | object | readonly object[]): Promise<void>
  /** One raw JSON call, as admin unless the call names a token. */
  api(call: ApiCall): Promise<ApiAnswer>
  /** A token of the service account from the TokenRequest API, good for an hour. */
  tokenFor(namespace: string, serviceAccount: string): Promise<string>
  /** Writes a kubeconfig that uses the token and returns its path. */
  kubeconfigFor(token: string, options?: { readonly namespace?: string }): string
}

export interface AccessFacts {
  readonly url: string
  readonly caPem: string
  readonly adminToken: string
  readonly version: string
  readonly kubectlPath: string
  /** A folder of this cluster alone: HOME and kubeconfigs go there. */
  readonly directory: string
}

export function clusterAccess(facts: AccessFacts): ClusterAccess {
  const { url, caPem, adminToken, version } = facts
  const kubeconfigPath = writeKubeconfig(facts, 'admin.kubeconfig', adminToken)
  const env = clusterEnv(facts, kubeconfigPath)
  const api = (call: ApiCall) => callApi(facts, { ...call, token: call.token ?? adminToken })
  const runKubectl = (args: readonly string[], options: KubectlOptions = {}) =>
    run(facts.kubectlPath, args, { ...options, env: { ...env, ...options.env } })
  const kubectl = (...args: string[]) => stdoutOf(args, runKubectl(args))
  let kubeconfigs = 0
  return {
    url,
    caPem,
    adminToken,
    version,
    kubeconfigPath,
    env,
    kubectl,
    runKubectl,
    api,
    apply: async (manifest) => {
      const args = ['apply', '--server-side', '--force-conflicts', '-f', '-']
      await stdoutOf(args, runKubectl(args, { input: manifestText(manifest) }))
    },
    tokenFor: (namespace, serviceAccount) => requestToken(api, namespace, serviceAccount),
    kubeconfigFor: (token, options = {}) =>
      writeKubeconfig(facts, `user-${++kubeconfigs}.kubeconfig`, token, options.namespace),
  }
}

function writeKubeconfig(facts: AccessFacts, fileName: string, token: string, namespace?: string): string {
  const path = join(facts.directory, fileName)
  const { url, caPem } = facts
  writeFileSync(path, kubeconfig({ url, caPem, token, ...(namespace === undefined ? {} : { namespace }) }), {
    mode: 0o600,
  })
  return path
}

function clusterEnv(facts: AccessFacts, kubeconfigPath: string): NodeJS.ProcessEnv {
  const home = join(facts.directory, 'home')
  mkdirSync(home, { recursive: true })
  const path = [dirname(facts.kubectlPath), process.env.PATH ?? ''].join(delimiter)
  return { ...process.env, HOME: home, KUBECONFIG: kubeconfigPath, PATH: path }
}

function manifestText(manifest: string | object | readonly object[]): string {
  if (typeof manifest === 'string') return manifest
  if (Array.isArray(manifest)) return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifest })
  return JSON.stringify(manifest)
}

async function requestToken(api: ClusterAccess['api'], namespace: string, name: string): Promise<string> {
  const answer = await api({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } },
  })
  const token = (answer.body as { status?: { token?: unknown } }).status?.token
  if (typeof token === 'string') return token
  throw new Error(`No token for service account ${namespace}/${name} (${answer.status}): create the account first`)
}

async function stdoutOf(args: readonly string[], running: Promise<CommandResult>): Promise<string> {
  const { code, stdout, stderr } = await running
  if (code === 0) return stdout
  throw new Error(`"kubectl ${args.join(' ')}" ended with code ${code}: ${stderr.trim() || stdout.trim()}`)
}

/** Runs a command to its end, with a bound in time; the end is data, not an exception. */
export function run(path: string, args: readonly string[], options: KubectlOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      path,
      [...args],
      { env: options.env ?? process.env, timeout: options.timeoutMs ?? 60_000, maxBuffer: 64 << 20, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ code, stdout, stderr: error?.killed ? `${stderr}\nstopped: it took too long` : stderr })
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}
