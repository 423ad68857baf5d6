/**
 * Makes sure that the programs the tests run are there, before the first test: installs Debian's packages where it may, builds the control plane
 * once, and otherwise says in one sentence what is missing and how to get it. It never lets a suite be skipped for lack of a program.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { proxyPrograms } from '../sandbox/proxies/programs.ts'
import { findHelm } from './chart/helm.ts'
import { findConsul } from './consul/find-consul.ts'
import { findControlPlane } from './control-plane/binaries.ts'

interface Program {
  /** Any of these on PATH will do. */
  readonly commands: readonly string[]
  readonly debianPackage: string
}

const programs: readonly Program[] = [
  { commands: ['git'], debianPackage: 'git' },
  { commands: ['kubectl'], debianPackage: 'kubernetes-client' },
  { commands: ['prometheus'], debianPackage: 'prometheus' },
  { commands: ['prometheus-alertmanager', 'alertmanager'], debianPackage: 'prometheus-alertmanager' },
  ...Object.values(proxyPrograms).map(({ files, debianPackage }) => ({ commands: files, debianPackage })),
]

/** Servers are in sbin, which is not on everybody's PATH. */
const isOnPath = (command: string): boolean =>
  spawnSync('sh', ['-c', `PATH="$PATH:/usr/sbin" command -v ${command}`]).status === 0
const findMissing = (): readonly Program[] => programs.filter(({ commands }) => !commands.some(isOnPath))

/** RUNLEVEL=1 keeps Debian from starting the servers that it installs: the tests start their own. */
function installPackages(packages: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  execFileSync('apt-get', ['update', '-q'], { env, stdio: 'inherit' })
  execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env, stdio: 'inherit' })
}

async function prepare(withControlPlane: boolean): Promise<void> {
  const missing = findMissing().map(({ debianPackage }) => debianPackage)
  const mayInstall = process.getuid?.() === 0 && isOnPath('apt-get')
  if (missing.length > 0 && mayInstall) installPackages(missing)
  const absent = findMissing()
  if (absent.length > 0) {
    const how = absent.map(
      ({ commands, debianPackage }) => `${commands[0]} (Debian: apt-get install -y ${debianPackage})`,
    )
    throw new Error(`missing: ${how.join(', ')}`)
  }
  await findHelm()
  await findConsul()
  if (withControlPlane) await findControlPlane({ log: (line) => process.stderr.write(`${line}\n`) })
}

try {
  await prepare(!process.argv.includes('--no-control-plane'))
} catch (error) {
  process.stderr.write(`penstock: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
