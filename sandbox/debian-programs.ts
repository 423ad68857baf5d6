/**
 * Where real programs of the sandbox are: named by the environment, on PATH, unpacked before, or fetched from Debian's package archive without
 * installing anything. When nothing serves, one sentence says how to get them. It starts none of them.
 */
import { execFile } from 'node:child_process'
import { access, constants, mkdir, readdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Program {
  /** Environment variable that names its file. */
  readonly variable: string
  /** File names under which distributions know it. */
  readonly files: readonly string[]
  readonly debianPackage: string
  /** Packages of the libraries that not every Debian has. */
  readonly libraryPackages?: readonly string[]
}

export interface FoundProgram {
  readonly file: string
  /** What its process needs besides: the folder of its libraries when it was unpacked and not installed. */
  readonly env: Readonly<Record<string, string>>
}

type Env = Readonly<Record<string, string | undefined>>

const multiarchFolders: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

async function findFirst(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isExecutable(path)) return path
  return undefined
}

const cacheOf = (env: Env): string => join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'penstock', 'programs')

/** Servers are in sbin, which is not on everybody's PATH. */
function listPlaces(program: Program, env: Env): readonly string[] {
  const cache = join(cacheOf(env), 'usr')
  const folders = [
    ...(env.PATH ?? '').split(delimiter),
    '/usr/bin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/local/sbin',
    join(cache, 'bin'),
    join(cache, 'sbin'),
  ]
  return folders.filter((folder) => folder !== '').flatMap((folder) => program.files.map((file) => join(folder, file)))
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

function envOf(file: string, env: Env): FoundProgram['env'] {
  const folder = multiarchFolders[process.arch]
  const cache = cacheOf(env)
  return folder !== undefined && file.startsWith(cache) ? { LD_LIBRARY_PATH: join(cache, 'usr', 'lib', folder) } : {}
}

/**
 * Finds all of `programs`, fetching what is missing where `apt-get` is at hand. Throws one sentence that names what is missing and how to
 * get it.
 */
export async function findPrograms<Name extends string>(
  programs: Readonly<Record<Name, Program>>,
  env: Env,
  say: (text: string) => void = () => {},
): Promise<Readonly<Record<Name, FoundProgram>>> {
  const names = Object.keys(programs) as Name[]
  const locate = (name: Name): Promise<string | undefined> => {
    const named = env[programs[name].variable]
    return named === undefined ? findFirst(listPlaces(programs[name], env)) : findFirst([named])
  }
  const missing: Program[] = []
  for (const name of names) if ((await locate(name)) === undefined) missing.push(programs[name])
  if (missing.length > 0 && missing.every((program) => env[program.variable] === undefined)) {
    say(`fetching ${missing.map((program) => program.debianPackage).join(' and ')} from Debian's package archive`)
    const packages = missing.flatMap(({ debianPackage, libraryPackages = [] }) => [debianPackage, ...libraryPackages])
    await fetchFromDebian(packages, env).catch(() => undefined)
  }
  const found: Partial<Record<Name, FoundProgram>> = {}
  for (const name of names) {
    const file = await locate(name)
    if (file !== undefined) found[name] = { file, env: envOf(file, env) }
  }
  if (isComplete(found, names)) return found
  const how = names
    .filter((name) => found[name] === undefined)
    .map((name) => {
      const { debianPackage, variable } = programs[name]
      return `${name} (Debian: apt-get install -y ${debianPackage}; or set ${variable} to its file)`
    })
  throw new Error(`missing: ${how.join(', ')}`)
}

const isComplete = <Name extends string>(
  found: Partial<Record<Name, FoundProgram>>,
  names: readonly Name[],
): found is Record<Name, FoundProgram> => names.every((name) => found[name] !== undefined)
