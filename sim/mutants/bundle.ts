/**
 * Bundles code of the project with one text of one file replaced. Takes a third of a second, and the checkout stays as it is. A bundle stands far
 * from its sources, so each source keeps its own `import.meta.url`.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { type Mutant, mutate, ROOT } from './mutant.ts'

/** Below node_modules, where packages that a bundle leaves out are found. */
const FOLDER = join(ROOT, 'node_modules', '.cache', 'penstock-mutants')

/** Tells at its end what it has cost, also when it is asked to end. */
const METER = `
import { writeSync } from 'node:fs'
process.once('exit', () => {
  const { user, system } = process.cpuUsage()
  writeSync(3, String((user + system) / 1000))
})
process.once('SIGTERM', () => process.exit(1))`

let bundles = 0

/**
 * @param code of an entry that imports by paths from the root, such as `./controller/main.ts`
 * @param mutant undefined: the product as it is
 * @returns the path of a file to run; undefined when the mutant's file is no part of it
 */
export async function bundle(code: string, mutant: Mutant | undefined): Promise<string | undefined> {
  mkdirSync(FOLDER, { recursive: true })
  bundles += 1
  const outfile = join(FOLDER, `${process.pid}-${bundles}.mjs`)
  const replaced = { isDone: false }
  await build({
    stdin: { contents: `${METER}\n${code}\n`, resolveDir: ROOT, loader: 'ts' },
    absWorkingDir: ROOT,
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
    plugins: [withText(mutant, replaced)],
  })
  return mutant && !replaced.isDone ? undefined : outfile
}

const withText = (mutant: Mutant | undefined, replaced: { isDone: boolean }): Plugin => ({
  name: 'mutant',
  setup(building) {
    building.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
      if (relative(ROOT, path) !== mutant?.file) return { contents: source, loader: 'ts' }
      replaced.isDone = true
      return { contents: mutate(mutant, source), loader: 'ts' }
    })
  },
})
