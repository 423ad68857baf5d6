/**
 * Gives the tests a real Consul: the one that PENSTOCK_CONSUL names, one on PATH, the cached one, or the last that Debian packaged, fetched once from
 * Debian's archive and checked against its digest. Nothing is installed. It never does without: the error names the ways to get one.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { isExecutable } from '../control-plane/child.ts'

const run = promisify(execFile)

/** Debian 11; later ones have no Consul. */
const VERSION = '1.8.7+dfsg1-2+b3'
const HOSTS = ['deb.debian.org', 'archive.debian.org'] as const
const DIGESTS: Readonly<Partial<Record<NodeJS.Architecture, readonly [architecture: string, sha256: string]>>> = {
  x64: ['amd64', 'e4e888bba104daba1d9161f49bfc52649a7e4efd45b1a7ead5bc54f2cb9c89d9'],
  arm64: ['arm64', '7318cfa77a7ba6f71dd096e44353279de246ffc6561216ace42353685dcf8255'],
}
const LONGEST_BYTES = 64 * 1024 * 1024
const FETCH_MS = 180_000

/** Path of a Consul that can be run. */
export async function findConsul(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = env.PENSTOCK_CONSUL
  if (named) {
    if (isExecutable(named)) return named
    throw new Error(`PENSTOCK_CONSUL=${named} cannot be run: name a consul binary or unset it`)
  }
  const onPath = (env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'consul'))
  const cache = join(env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), '.cache'), 'penstock', 'consul', VERSION)
  const cached = join(cache, 'consul')
  const found = [...onPath, cached].find(isExecutable)
  if (found !== undefined) return found
  try {
    await fetchInto(cache)
    return cached
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`There is no Consul for the tests (${why}): put consul on PATH or set PENSTOCK_CONSUL to its file`)
  }
}

/** Unpacks beside the cache and renames, so that a half-written binary is never taken for a whole one. */
async function fetchInto(cache: string): Promise<void> {
  const [architecture, sha256] = DIGESTS[process.arch] ?? []
  if (architecture === undefined || sha256 === undefined) throw new Error(`Debian has none for ${process.arch}`)
  process.stderr.write(`consul: fetching ${VERSION} from Debian's archive, once\n`)
  const bytes = await fetchPackage(`consul_${VERSION}_${architecture}.deb`, sha256)
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(`${cache}/unpack-`)
  try {
    const file = join(folder, 'consul.deb')
    await writeFile(file, bytes)
    await run('dpkg-deb', ['-x', file, folder], { timeout: 60_000 })
    await rename(join(folder, 'usr', 'bin', 'consul'), join(cache, 'consul'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fetchPackage(name: string, sha256: string): Promise<Buffer> {
  const failures: string[] = []
  for (const host of HOSTS) {
    try {
      const url = `http://${host}/debian/pool/main/c/consul/${encodeURIComponent(name)}`
      const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS) })
      const length = Number(answer.headers.get('content-length'))
      if (!answer.ok || !(length > 0 && length <= LONGEST_BYTES)) throw new Error(`answers ${answer.status}`)
      const bytes = Buffer.from(await answer.arrayBuffer())
      if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes
      throw new Error('sends another file than the one that is known')
    } catch (error) {
      failures.push(`${host} ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(failures.join(', '))
}
