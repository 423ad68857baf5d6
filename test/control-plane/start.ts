/**
 * Starts a control plane for tests: etcd and kube-apiserver at once, kube-controller-manager when asked. It decides the
 * order, what counts as ready, and that a failed start leaves nothing behind; it must not know the product.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClusterAccess, clusterAccess } from './access.ts'
import { attachToCluster } from './attach.ts'
import { findControlPlane } from './binaries.ts'
import { lastLines, type ServerProcess, startServer } from './child.ts'
import type { ControlPlane, ControlPlaneOptions, ControlPlaneProcesses } from './control-plane.ts'
import { apiServerArgs, controllerManagerArgs, DEFAULT_CONTROLLERS, etcdArgs, filesOf, type Layout } from './flags.ts'
import { callApi } from './https-json.ts'
import { freePort, waitFor, waitForClosedPort } from './wait.ts'

const READY_LIMIT_MS = 90_000
const STOP_GRACE_MS = 3_000
const START_ATTEMPTS = 3

/** One cluster under our hands: what it is called, and which processes live now. */
interface Cluster {
  readonly layout: Layout
  readonly adminToken: string
  readonly options: ControlPlaneOptions
  /** Registered with the process, for a caller that never says stop. */
  readonly removeFiles: () => void
  readonly servers: { -readonly [Name in keyof ControlPlaneProcesses]: ControlPlaneProcesses[Name] }
}

/** Starts a control plane from the first source that serves (see `binaries.ts`). */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const source = await findControlPlane(options.log ? { log: options.log } : {})
  if (source.kind === 'cluster') return await attachToCluster(source.kubeconfigPath)
  for (let attempt = 1; ; attempt++) {
    const cluster = await startServers(source.directory, options)
    try {
      const access = await waitUntilReady(cluster)
      return describe(cluster, access, source.from)
    } catch (error) {
      const failure = withLogs(error, cluster)
      await endServers(cluster)
      const portWasTaken = failure.message.includes('address already in use')
      if (!portWasTaken || attempt >= START_ATTEMPTS) throw failure
    }
  }
}

async function startServers(binaries: string, options: ControlPlaneOptions): Promise<Cluster> {
  const layout: Layout = {
    directory: mkdtempSync(join(tmpdir(), 'penstock-control-plane-')),
    binaries,
    etcdPort: await freePort(),
    etcdPeerPort: await freePort(),
    apiServerPort: await freePort(),
    controllerManagerPort: await freePort(),
  }
  const adminToken = randomBytes(24).toString('hex')
  writeCredentials(layout, adminToken)
  const etcd = startBinary(layout, 'etcd', etcdArgs(layout))
  const apiServer = startBinary(layout, 'kube-apiserver', apiServerArgs(layout, options.apiServerArgs ?? []))
  const removeFiles = () => {
    if (!options.keepFiles) rmSync(layout.directory, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', removeFiles)
  return { layout, adminToken, options, removeFiles, servers: { etcd, apiServer, controllerManager: undefined } }
}

function writeCredentials(layout: Layout, adminToken: string): void {
  const files = filesOf(layout)
  mkdirSync(files.home, { recursive: true })
  writeFileSync(files.tokens, `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(files.serviceAccountKey, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
}

function startBinary(layout: Layout, name: string, args: readonly string[]): ServerProcess {
  const env = { ...process.env, HOME: filesOf(layout).home }
  return startServer({ path: join(layout.binaries, name), args, env, logPath: join(layout.directory, `${name}.log`) })
}

/** Ready is /readyz as admin: by then RBAC's default roles exist. */
async function waitUntilReady(cluster: Cluster): Promise<ClusterAccess> {
  const { layout, adminToken, servers } = cluster
  const files = filesOf(layout)
  const giveUp = () => servers.etcd.ending() ?? servers.apiServer.ending()
  const waiting = { what: 'kube-apiserver to be ready', timeoutMs: READY_LIMIT_MS, giveUp }
  const caPem = await waitFor(async () => authorityIn(files.apiServerCertificate), waiting)
  writeFileSync(files.authority, caPem)
  const target = { url: `https://127.0.0.1:${layout.apiServerPort}`, caPem }
  await waitFor(async () => (await callApi(target, { path: '/readyz', token: adminToken })).status === 200, waiting)
  const answer = await callApi(target, { path: '/version', token: adminToken })
  const version = String((answer.body as { gitVersion?: unknown }).gitVersion)
  const kubectlPath = join(layout.binaries, 'kubectl')
  return clusterAccess({ ...target, adminToken, version, kubectlPath, directory: layout.directory })
}

/** The server writes its own certificate first, then the authority that signed it. */
function authorityIn(certificatePath: string): string | undefined {
  const blocks = readFileSync(certificatePath, 'utf8').match(
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g,
  )
  return blocks?.[1]
}

function describe(cluster: Cluster, access: ClusterAccess, from: string): ControlPlane {
  const { layout, servers } = cluster
  return {
    ...access,
    directory: layout.directory,
    from,
    processes: servers,
    startControllerManager: () => startControllerManager(cluster, access),
    stopControllerManager: () => stopControllerManager(cluster),
    restartApiServer: (options) => restartApiServer(cluster, access, options?.signal ?? 'SIGTERM'),
    compact: () => compactStore(layout.etcdPort),
    stop: () => stopServers(cluster),
  }
}

/** Useful from the moment its service account controller has done its first work. */
async function startControllerManager(cluster: Cluster, access: ClusterAccess): Promise<void> {
  const { layout, servers, options } = cluster
  if (servers.controllerManager?.isRunning()) return
  const controllers = options.controllers ?? DEFAULT_CONTROLLERS
  const server = startBinary(layout, 'kube-controller-manager', controllerManagerArgs(layout, controllers))
  servers.controllerManager = server
  const waiting = { what: 'kube-controller-manager to work', timeoutMs: READY_LIMIT_MS, giveUp: () => server.ending() }
  const url = `https://127.0.0.1:${layout.controllerManagerPort}`
  try {
    const caPem = await waitFor(async () => authorityIn(filesOf(layout).controllerManagerCertificate), waiting)
    await waitFor(async () => (await callApi({ url, caPem }, { path: '/healthz' })).status === 200, waiting)
    if (!controllers.includes('serviceaccount')) return
    const path = '/api/v1/namespaces/default/serviceaccounts/default'
    await waitFor(async () => (await access.api({ path })).status === 200, waiting)
  } catch (error) {
    throw withLogs(error, cluster)
  }
}

async function stopControllerManager({ servers, layout }: Cluster): Promise<void> {
  if (servers.controllerManager === undefined) return
  await servers.controllerManager.end(STOP_GRACE_MS)
  await waitForClosedPort(layout.controllerManagerPort)
  servers.controllerManager = undefined
}

async function restartApiServer(cluster: Cluster, access: ClusterAccess, signal: NodeJS.Signals): Promise<void> {
  const { layout, servers, options } = cluster
  servers.apiServer.signal('SIGCONT')
  servers.apiServer.signal(signal)
  await servers.apiServer.end(STOP_GRACE_MS)
  await waitForClosedPort(layout.apiServerPort)
  servers.apiServer = startBinary(layout, 'kube-apiserver', apiServerArgs(layout, options.apiServerArgs ?? []))
  const giveUp = () => servers.etcd.ending() ?? servers.apiServer.ending()
  const waiting = { what: 'the restarted kube-apiserver to be ready', timeoutMs: READY_LIMIT_MS, giveUp }
  try {
    await waitFor(async () => (await access.api({ path: '/readyz' })).status === 200, waiting)
  } catch (error) {
    throw withLogs(error, cluster)
  }
}

/** Through etcd's JSON gateway: no client of its own is needed. */
async function compactStore(port: number): Promise<void> {
  const post = async (path: string, body: object): Promise<{ readonly header?: { readonly revision?: string } }> => {
    const response = await fetch(`http://127.0.0.1:${port}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`etcd refused ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as { readonly header?: { readonly revision?: string } }
  }
  const { header } = await post('maintenance/status', {})
  await post('kv/compaction', { revision: header?.revision, physical: true })
}

async function stopServers(cluster: Cluster): Promise<void> {
  await endServers(cluster)
  const { controllerManagerPort, apiServerPort, etcdPort, etcdPeerPort } = cluster.layout
  const ports = [controllerManagerPort, apiServerPort, etcdPort, etcdPeerPort]
  await Promise.all(ports.map((port) => waitForClosedPort(port)))
}

/** The clients end before what they talk to, or each would wait for the next. */
async function endServers({ servers, removeFiles }: Cluster): Promise<void> {
  for (const server of [servers.controllerManager, servers.apiServer, servers.etcd]) {
    await server?.end(STOP_GRACE_MS)
  }
  process.removeListener('exit', removeFiles)
  removeFiles()
}

function withLogs(error: unknown, { servers }: Cluster): Error {
  const logs = [servers.etcd, servers.apiServer, servers.controllerManager]
    .filter((server) => server !== undefined)
    .map((server) => `--- last lines of ${server.name}:\n${lastLines(server.logPath)}`)
  const sentence = error instanceof Error ? error.message : String(error)
  return new Error([sentence, ...logs].join('\n'), { cause: error })
}
