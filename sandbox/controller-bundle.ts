/** The controller as it is shipped, made anew from the sources: what is started and measured here is what the image holds. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Writes the bundle below `directory` and answers with the path of its `controller.js`. */
export async function bundleController(directory: string): Promise<string> {
  const outdir = join(directory, 'bundle')
  await promisify(execFile)(process.execPath, ['--import', 'tsx', 'build.ts', outdir], { cwd: ROOT })
  return join(outdir, 'controller.js')
}

/**
 * How the image starts it: flags of Node and environment as in the Dockerfile. V8 would let the heap grow to a multiple of what lives in it before it collects,
 * which is most of what the process takes when gates read samples; in a young generation that is too small those samples never die. With glibc's own, moving thresholds the process keeps what compiling the
 * bundle or one large answer took, for good.
 */
export const asShipped = {
  nodeFlags: ['--max-semi-space-size=4', '--heap-growing-percent=20'],
  env: { MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' },
} as const
