/**
 * A local Git repository of manifests, made with the real `git`. It ignores the user's own Git configuration, so that signing keys, hooks
 * and templates of this machine have no part in the story.
 */
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Repository {
  readonly directory: string
  /** Makes `files` (name to text) the whole content and commits it. Returns the commit's abbreviated name. */
  commit(files: ReadonlyMap<string, string>, message: string): Promise<string>
  /** The files of the newest commit, by name in alphabetical order. */
  readHead(): Promise<ReadonlyMap<string, string>>
}

const AUTHOR = { name: 'Story', email: 'story@sandbox.invalid' }

/** Creates an empty repository. Throws one sentence when there is no `git`. */
export async function createRepository(directory: string): Promise<Repository> {
  const env = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: directory,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: AUTHOR.name,
    GIT_AUTHOR_EMAIL: AUTHOR.email,
    GIT_COMMITTER_NAME: AUTHOR.name,
    GIT_COMMITTER_EMAIL: AUTHOR.email,
  }
  const git = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('git', [...args], {
      cwd: directory,
      env,
      timeout: 30_000,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  }
  await mkdir(directory, { recursive: true })
  try {
    await git('init', '--quiet', '--initial-branch=main')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw isMissing ? new Error('missing: git (Debian: apt-get install -y git)') : error
  }
  return {
    directory,
    async commit(files, message) {
      const known = (await git('ls-files')).split('\n').filter((name) => name !== '')
      for (const name of known) if (!files.has(name)) await rm(join(directory, name), { force: true })
      for (const [name, text] of files) await writeFile(join(directory, name), text)
      await git('add', '--all', '.')
      await git('commit', '--quiet', '--allow-empty', '--message', message)
      return (await git('rev-parse', '--short', 'HEAD')).trim()
    },
    async readHead() {
      const names = (await git('ls-tree', '--name-only', 'HEAD')).split('\n').filter((name) => name !== '')
      const texts = await Promise.all(names.map((name) => git('show', `HEAD:${name}`)))
      return new Map(names.map((name, index) => [name, texts[index] ?? '']))
    },
  }
}
