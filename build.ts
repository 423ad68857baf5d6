/**
 * Bundles the product: `controller.js` and `cli.js` with everything they need; what the controller seldom needs stands in files beside it. A bundle
 * starts several times faster than the sources and carries no development tools.
 *
 *   npm run build [-- FOLDER]     `dist` when absent; the folder is emptied first
 */
import { chmodSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

const root = fileURLToPath(new URL('.', import.meta.url))

/** CommonJS packages inside an ES module bundle still call `require` for Node's own modules. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"

const outdir = resolve(root, process.argv[2] ?? 'dist')
rmSync(outdir, { recursive: true, force: true })
await bundle('controller', 'controller/main.ts', { splitting: true, chunkNames: 'controller-[hash]' })
await bundle('cli', 'cli/main.ts', {})

/** With `splitting` a file that is imported when it is needed is read only then. */
async function bundle(
  name: string,
  entry: string,
  options: Pick<BuildOptions, 'splitting' | 'chunkNames'>,
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
