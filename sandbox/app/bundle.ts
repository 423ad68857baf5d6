/**
 * Makes one plain JavaScript file of the demo's service, so that a pod starts in a tenth of a second on every Node. It needs esbuild,
 * which `npm install` brings.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The file that pods run as `node app.mjs`. */
export const APP_FILE = 'app.mjs'

/** Writes `app.mjs` into `directory`. */
export async function bundleApp(directory: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('./main.ts', import.meta.url))],
    outfile: `${directory}/${APP_FILE}`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
  })
}
