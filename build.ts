/**
 * Bundles the product: `controller.js` and `cli.js`, one file each, with everything they need. A bundle starts several times faster than
 * the sources and carries no development tools.
 *
 *   npm run build [-- FOLDER]     `dist` when absent; the folder is emptied first
 */
import { chmodSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('.', import.meta.url))

/** CommonJS packages inside an ES module bundle still call `require` for Node's own modules. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"

const outdir = resolve(root, process.argv[2] ?? 'dist')
rmSync(outdir, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: { controller: 'controller/main.ts', cli: 'cli/main.ts' },
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
})
for (const name of ['controller', 'cli']) chmodSync(join(outdir, `${name}.js`), 0o755)
