/**
 * Decides where the real control plane comes from: a folder or cluster that the user names, the cache, or a build with
 * Go. It must never quietly do without one: when nothing serves it throws one error that names the options.
 */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isExecutable } from './child.ts'
import { buildWithGo, goToolchain, pinnedVersions } from './go-build.ts'
import { withLock } from './lock.ts'

const BINARIES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const
const BUILD_WAIT_MS = 60 * 60_000

/** Four binaries to start, or a cluster that runs already and that we must not stop. */
export type ControlPlaneSource =
  | { readonly kind: 'binaries'; readonly directory: string; readonly from: string }
  | { readonly kind: 'cluster'; readonly kubeconfigPath: string }

type Environment = Readonly<Record<string, string | undefined>>
type Log = (line: string) => void

export interface FindOptions {
  readonly env?: Environment
  readonly log?: Log
  /** False: answer only with what is there now. */
  readonly mayBuild?: boolean
}

/** The first source that serves, in this order: PENSTOCK_CONTROL_PLANE, TEST_KUBECONFIG, KUBEBUILDER_ASSETS, cache, Go. */
export async function findControlPlane(options: FindOptions = {}): Promise<ControlPlaneSource> {
  const env = options.env ?? process.env
  const log = options.log ?? ((line) => process.stderr.write(`control plane: ${line}\n`))
  const named = namedByUser(env, log)
  if (named) return named
  const cache = cacheDirectory(env)
  if (isComplete(cache)) return { kind: 'binaries', directory: cache, from: 'cache' }
  const go = goToolchain()
  if (options.mayBuild === false || 'missing' in go) {
    throw new Error(adviceWhenNothingServes('missing' in go ? go.missing : 'it is not built yet'))
  }
  return await buildIntoCache(cache, go.version, log)
}

/** `${XDG_CACHE_HOME:-~/.cache}/penstock/control-plane/<versions>`; new versions get a new folder. */
export function cacheDirectory(env: Environment = process.env): string {
  const { kubernetes, etcd } = pinnedVersions()
  const home = env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), '.cache')
  return join(home, 'penstock', 'control-plane', `${kubernetes}-etcd-${etcd}`)
}

/** A folder named on purpose must be complete; envtest's folder may lack the controller manager and is then passed by. */
function namedByUser(env: Environment, log: Log): ControlPlaneSource | undefined {
  const own = env.PENSTOCK_CONTROL_PLANE
  if (own) {
    const missing = missingBinaries(own)
    if (missing.length === 0) return { kind: 'binaries', directory: own, from: 'PENSTOCK_CONTROL_PLANE' }
    throw new Error(`PENSTOCK_CONTROL_PLANE=${own} lacks ${missing.join(', ')}: add them to the folder or unset it`)
  }
  const kubeconfigPath = env.TEST_KUBECONFIG
  if (kubeconfigPath) {
    if (existsSync(kubeconfigPath)) return { kind: 'cluster', kubeconfigPath }
    throw new Error(`TEST_KUBECONFIG=${kubeconfigPath} does not exist: name an existing kubeconfig file or unset it`)
  }
  const assets = env.KUBEBUILDER_ASSETS
  if (!assets) return undefined
  const missing = missingBinaries(assets)
  if (missing.length === 0) return { kind: 'binaries', directory: assets, from: 'KUBEBUILDER_ASSETS' }
  log(`KUBEBUILDER_ASSETS=${assets} lacks ${missing.join(', ')}; looking further`)
  return undefined
}

async function buildIntoCache(cache: string, goVersion: string, log: Log): Promise<ControlPlaneSource> {
  const onWait = (pid: number) => log(`process ${pid} builds it already; waiting for it`)
  await withLock({ path: `${cache}.lock`, timeoutMs: BUILD_WAIT_MS, onWait }, async () => {
    if (isComplete(cache)) return
    const { kubernetes, etcd } = pinnedVersions()
    log(`building Kubernetes ${kubernetes} and etcd ${etcd} with ${goVersion}, once; two cores take 5 to 15 minutes`)
    await buildWithGo(cache, log)
  })
  const missing = missingBinaries(cache)
  if (missing.length > 0) throw new Error(`The build left ${cache} without ${missing.join(', ')}: remove it, try again`)
  return { kind: 'binaries', directory: cache, from: 'go build' }
}

function missingBinaries(directory: string): readonly string[] {
  return BINARIES.filter((name) => !isExecutable(join(directory, name)))
}

function isComplete(directory: string): boolean {
  return missingBinaries(directory).length === 0
}

function adviceWhenNothingServes(why: string): string {
  return (
    `There is no control plane for the tests (${why}): put Go on the PATH and run "npx tsx test/control-plane/cli.ts ` +
    `build", or set PENSTOCK_CONTROL_PLANE to a folder with ${BINARIES.join(', ')}, or set TEST_KUBECONFIG to the ` +
    'kubeconfig of a cluster that the tests may use.'
  )
}
