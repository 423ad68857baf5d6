/**
 * Builds etcd, kube-apiserver, kube-controller-manager and kubectl from source with the machine's own Go toolchain and
 * the module in `build/`, which alone decides the versions. It must not download a toolchain or a finished binary, and
 * leaves either all four binaries in the target folder or none.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MODULE = join(dirname(fileURLToPath(import.meta.url)), 'build')
const PACKAGES = [
  'go.etcd.io/etcd/server/v3',
  'k8s.io/kubernetes/cmd/kube-apiserver',
  'k8s.io/kubernetes/cmd/kube-controller-manager',
  'k8s.io/kubernetes/cmd/kubectl',
]
const BUILD_LIMIT_MS = 60 * 60_000

export interface Versions {
  readonly kubernetes: string
  readonly etcd: string
}

type Log = (line: string) => void

/** The versions that `build/go.mod` pins. */
export function pinnedVersions(): Versions {
  const goMod = readFileSync(join(MODULE, 'go.mod'), 'utf8')
  return {
    kubernetes: pinned(goMod, 'k8s.io/kubernetes'),
    etcd: pinned(goMod, 'go.etcd.io/etcd/server/v3'),
  }
}

function pinned(goMod: string, path: string): string {
  for (const line of goMod.split('\n')) {
    const [name, version] = line
      .replace(/^require/, '')
      .trim()
      .split(' ')
    if (name === path && version?.startsWith('v')) return version
  }
  throw new Error(`build/go.mod requires no ${path}: add it with "go get"`)
}

/** The Go toolchain at hand if it can build the pinned versions, or a reason why there is none. */
export function goToolchain(): { readonly version: string } | { readonly missing: string } {
  const wanted = readFileSync(join(MODULE, 'go.mod'), 'utf8').match(/^go (\d+\.\d+)/m)?.[1] ?? '?'
  try {
    const version = execFileSync('go', ['env', 'GOVERSION'], { env: goEnv(), encoding: 'utf8', timeout: 30_000 }).trim()
    const isNewEnough = compareMinor(version.replace(/^go/, ''), wanted) >= 0
    return isNewEnough ? { version } : { missing: `the Go toolchain is ${version}, and ${wanted} or newer is needed` }
  } catch {
    return { missing: 'there is no Go toolchain on the PATH' }
  }
}

function compareMinor(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number.parseFloat)
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number.parseFloat)
  return leftMajor - rightMajor || leftMinor - rightMinor
}

/** Builds into a folder beside `target` and renames it in one step, so that a half-built `target` never exists. */
export async function buildWithGo(target: string, log: Log): Promise<void> {
  mkdirSync(dirname(target), { recursive: true })
  const building = mkdtempSync(`${target}.building-`)
  try {
    const flags = ['-v', '-mod=readonly', '-trimpath', '-ldflags', linkerFlags(releaseTime())]
    await runGoBuild([...flags, '-o', `${building}/`, ...PACKAGES], log)
    renameSync(join(building, 'server'), join(building, 'etcd'))
    rmSync(target, { recursive: true, force: true })
    renameSync(building, target)
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}

/** The version variables that the release build sets, so that /version and `kubectl version` tell the truth. */
function linkerFlags(buildDate: string): string {
  const { kubernetes } = pinnedVersions()
  const [major = '', minor = ''] = kubernetes.slice(1).split('.')
  const facts = {
    gitVersion: kubernetes,
    gitMajor: major,
    gitMinor: minor,
    gitCommit: '',
    gitTreeState: 'archive',
    buildDate,
  }
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  const settings = packages.flatMap((path) =>
    Object.entries(facts).map(([name, value]) => `-X ${path}.${name}=${value}`),
  )
  return ['-s', '-w', ...settings].join(' ')
}

/** The time of the release, not of this build: the same source then gives the same binary. */
function releaseTime(): string {
  const json = execFileSync('go', ['list', '-m', '-json', `k8s.io/kubernetes@${pinnedVersions().kubernetes}`], {
    cwd: MODULE,
    env: goEnv(),
    encoding: 'utf8',
    timeout: 120_000,
  })
  const time: unknown = (JSON.parse(json) as { Time?: unknown }).Time
  return typeof time === 'string' ? time : '1970-01-01T00:00:00Z'
}

function goEnv(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOWORK: 'off' }
}

function runGoBuild(args: readonly string[], log: Log): Promise<void> {
  const startedAt = Date.now()
  const child = spawn('go', ['build', ...args], { cwd: MODULE, env: goEnv(), stdio: ['ignore', 'ignore', 'pipe'] })
  if (child.pid !== undefined) setPriority(child.pid, 10)
  const output: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(...text.split('\n').filter(Boolean)))
  const stopWatching = watchBuild(child, () => {
    const compiled = output.filter((line) => !line.startsWith('go: ')).length
    log(`Building with Go: ${compiled} packages compiled, ${Math.round((Date.now() - startedAt) / 1000)} s`)
  })
  return new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`"go build" failed; its last words:\n${output.slice(-15).join('\n')}`))
    })
  }).finally(stopWatching)
}

/** Reports progress and bounds the build; the build never outlives this process. */
function watchBuild(child: ChildProcess, report: () => void): () => void {
  const progress = setInterval(report, 15_000)
  const end = () => child.kill('SIGTERM')
  const limit = setTimeout(end, BUILD_LIMIT_MS)
  process.once('exit', end)
  return () => {
    clearInterval(progress)
    clearTimeout(limit)
    process.removeListener('exit', end)
    report()
  }
}
