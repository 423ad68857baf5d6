/**
 * Gives the tests the real Helm: the one that PENSTOCK_HELM names, the cached build, or a build with Go of the version that `build/go.mod`
 * pins. It must not download a binary, and never does without: the error names the ways to get one.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CommandResult, run } from '../control-plane/access.ts'
import { isExecutable } from '../control-plane/child.ts'
import { goToolchain } from '../control-plane/go-build.ts'
import { withLock } from '../control-plane/lock.ts'

const MODULE = fileURLToPath(new URL('./build/', import.meta.url))
const PACKAGE = 'helm.sh/helm/v3/cmd/helm'
const BUILD_LIMIT_MS = 30 * 60_000

export const CHART = fileURLToPath(new URL('../../charts/penstock', import.meta.url))
/** What the chart is rendered for; Helm's own guess without a cluster is older than anything we support. */
const KUBE_VERSION = '1.36.0'

/** Path of a Helm that can be run. */
export async function findHelm(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = env.PENSTOCK_HELM
  if (named) {
    if (isExecutable(named)) return named
    throw new Error(`PENSTOCK_HELM=${named} cannot be run: name a Helm 3 binary or unset it`)
  }
  const version = pinnedVersion()
  const home = env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), '.cache')
  const path = join(home, 'penstock', 'helm', version, 'helm')
  if (isExecutable(path)) return path
  const go = goToolchain()
  if ('missing' in go)
    throw new Error(
      `There is no Helm for the chart's tests (${go.missing}): install Go, or set PENSTOCK_HELM to a Helm 3`,
    )
  const onWait = (pid: number) => process.stderr.write(`helm: process ${pid} builds it already; waiting\n`)
  await withLock({ path: `${path}.lock`, timeoutMs: BUILD_LIMIT_MS, onWait }, async () => {
    if (isExecutable(path)) return
    process.stderr.write(`helm: building ${version} with ${go.version}, once; two cores take one to three minutes\n`)
    await buildHelm(path, version)
  })
  return path
}

function pinnedVersion(): string {
  const version = /helm\.sh\/helm\/v3 (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1]
  if (version === undefined)
    throw new Error('test/chart/build/go.mod requires no helm.sh/helm/v3: add it with "go get"')
  return version
}

/** Builds beside `path` and renames, so that a half-written binary is never taken for a whole one. */
function buildHelm(path: string, version: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  const linkerFlags = `-s -w -X helm.sh/helm/v3/internal/version.version=${version}`
  const args = ['build', '-mod=readonly', '-trimpath', '-ldflags', linkerFlags, '-o', `${path}.new`, PACKAGE]
  const env = { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOWORK: 'off' }
  const child = spawn('go', args, { cwd: MODULE, env, stdio: ['ignore', 'ignore', 'pipe'], timeout: BUILD_LIMIT_MS })
  if (child.pid !== undefined) setPriority(child.pid, 10)
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4_000)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code !== 0) return reject(new Error(`building Helm failed; its last words:\n${words}`))
      renameSync(`${path}.new`, path)
      resolve()
    })
  })
}

export interface RenderOptions {
  /** Values file content, as data. */
  readonly values?: object
  readonly namespace?: string
  readonly release?: string
}

const inCluster = ({ namespace = 'penstock-system', release = 'penstock' }: RenderOptions) => ({ namespace, release })

/** `helm template` of the chart, CRDs included; the end is data. */
export async function renderChart(options: RenderOptions = {}): Promise<CommandResult> {
  const { namespace, release } = inCluster(options)
  const args = [
    'template',
    release,
    CHART,
    '-n',
    namespace,
    '--kube-version',
    KUBE_VERSION,
    '--include-crds',
    '-f',
    '-',
  ]
  return run(await findHelm(), args, { input: JSON.stringify(options.values ?? {}) })
}

/** `helm lint --strict`. */
export async function lintChart(values: object = {}): Promise<CommandResult> {
  const args = ['lint', CHART, '--strict', '--kube-version', KUBE_VERSION, '-f', '-']
  return run(await findHelm(), args, { input: JSON.stringify(values) })
}
