/**
 * Bundles the product: `controller.js` and `cli.js` with everything they need; what the controller seldom needs stands in files beside it, and so does
 * the simulator of `penstock simulate`, where its sources are: an image of the controller has none. A bundle starts several times faster than the sources
 * and carries no development tools.
 *
 *   npm run build [-- FOLDER]     `dist` when absent; the folder is emptied first
 */
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('.', import.meta.url))

/** CommonJS packages inside an ES module bundle still call `require` for Node's own modules. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"

const SIMULATOR = 'sim/user/simulator.ts'

/** The CLI's only door to the simulator (docs/adr/0016): a file beside it that is read when somebody simulates. */
const simulatorBeside: Plugin = {
  name: 'simulator-beside',
  setup(building) {
    building.onResolve({ filter: /\/sim\/user\/simulator\.ts$/ }, () => ({ path: './simulator.js', external: true }))
  },
}

/** A bundle has none of the files beside it that its sources read when they are loaded: their text goes into it. */
const textsInside: Plugin = {
  name: 'texts-inside',
  setup(building) {
    building.onLoad({ filter: /\/(?:sim|sandbox)\/.*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const contents = source.replaceAll(
        /readFileSync\(\s*new URL\('([^']+)', import\.meta\.url\),\s*'utf8',?\s*\)/g,
        (_read, file: string) => JSON.stringify(readFileSync(join(dirname(path), file), 'utf8')),
      )
      if (contents.includes('import.meta.url')) throw new Error(`${path} reads a file that no bundle would find`)
      return { contents, loader: 'ts' }
    })
  },
}

const outdir = resolve(root, process.argv[2] ?? 'dist')
rmSync(outdir, { recursive: true, force: true })
await bundle('controller', 'controller/main.ts', { splitting: true, chunkNames: 'controller-[hash]' })
await bundle('cli', 'cli/main.ts', { plugins: [simulatorBeside] })
if (existsSync(join(root, SIMULATOR))) await bundle('simulator', SIMULATOR, { plugins: [textsInside] })

/** With `splitting` a file that is imported when it is needed is read only then. */
async function bundle(
  name: string,
  entry: string,
  options: Pick<BuildOptions, 'splitting' | 'chunkNames' | 'plugins'>,
): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: { [name]: entry },
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
    logLevel: 'warning',
    ...options,
  })
  chmodSync(join(outdir, `${name}.js`), 0o755)
}
