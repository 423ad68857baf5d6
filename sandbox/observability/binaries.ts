/**
 * Where the real Prometheus and Alertmanager are: named by the environment, on PATH, unpacked before, or fetched from Debian's package
 * archive without installing anything. When nothing serves, one sentence says how to get them.
 */
import { execFile } from 'node:child_process'
import { access, constants, mkdir, readdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Binaries {
  readonly prometheus: string
  readonly alertmanager: string
}

interface Tool {
  readonly name: keyof Binaries
  readonly variable: string
  /** File names under which distributions know it. */
  readonly files: readonly string[]
  readonly debianPackage: string
}

const tools: readonly Tool[] = [
  { name: 'prometheus', variable: 'PENSTOCK_PROMETHEUS', files: ['prometheus'], debianPackage: 'prometheus' },
  {
    name: 'alertmanager',
    variable: 'PENSTOCK_ALERTMANAGER',
    files: ['alertmanager', 'prometheus-alertmanager'],
    debianPackage: 'prometheus-alertmanager',
  },
]

type Env = Readonly<Record<string, string | undefined>>

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

async function findFirst(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isExecutable(path)) return path
  return undefined
}

const cacheOf = (env: Env): string => join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'penstock', 'observability')

function listPlaces(tool: Tool, env: Env): readonly string[] {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', join(cacheOf(env), 'usr', 'bin')]
  return folders.filter((folder) => folder !== '').flatMap((folder) => tool.files.map((file) => join(folder, file)))
}

/** Unpacks the packages into the cache: no root, no service started, nothing outside the cache touched. */
async function fetchFromDebian(packages: readonly string[], env: Env): Promise<void> {
  const cache = cacheOf(env)
  const download = join(cache, 'download')
  await mkdir(download, { recursive: true })
  try {
    const fetchPackages = () => run('apt-get', ['download', ...packages], { cwd: download, timeout: 180_000 })
    // A bare machine has no package lists yet; only root may fetch them.
    await fetchPackages().catch(async (error: unknown) => {
      if (process.getuid?.() !== 0) throw error
      await run('apt-get', ['update', '-qq'], { timeout: 180_000 })
      await fetchPackages()
    })
    for (const file of await readdir(download))
      await run('dpkg-deb', ['-x', join(download, file), cache], { timeout: 60_000 })
  } finally {
    await rm(download, { recursive: true, force: true })
  }
}

/** Finds both, fetching what is missing where `apt-get` is at hand. Throws one sentence that names what is missing and how to get it. */
export async function findBinaries(env: Env, say: (text: string) => void = () => {}): Promise<Binaries> {
  const locate = (tool: Tool): Promise<string | undefined> => {
    const named = env[tool.variable]
    return named === undefined ? findFirst(listPlaces(tool, env)) : findFirst([named])
  }
  const missing: Tool[] = []
  for (const tool of tools) if ((await locate(tool)) === undefined) missing.push(tool)
  if (missing.length > 0 && missing.every((tool) => env[tool.variable] === undefined)) {
    say(`fetching ${missing.map((tool) => tool.debianPackage).join(' and ')} from Debian's package archive`)
    await fetchFromDebian(
      missing.map((tool) => tool.debianPackage),
      env,
    ).catch(() => undefined)
  }
  const found: Partial<Record<keyof Binaries, string>> = {}
  for (const tool of tools) {
    const path = await locate(tool)
    if (path !== undefined) found[tool.name] = path
  }
  const { prometheus, alertmanager } = found
  if (prometheus !== undefined && alertmanager !== undefined) return { prometheus, alertmanager }
  const absent = tools.filter((tool) => found[tool.name] === undefined)
  const how = absent.map(
    (tool) => `${tool.name} (Debian: apt-get install -y ${tool.debianPackage}; or set ${tool.variable} to its file)`,
  )
  throw new Error(`missing: ${how.join(', ')}`)
}
