/** Packages that are loaded when they are first needed are found in a bundle as well, where a CommonJS package has no names of its own. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))

const program = `
import { createAwsCredentialSource } from './analysis/reconcile/aws-credentials.ts'
import { signRequest } from './analysis/reconcile/sigv4.ts'
import { createElbReader } from './controller/outside/aws/elb.ts'
import { systemClock } from './controller/runtime/clock.ts'
const { signal } = new AbortController()
const identity = { region: 'eu-west-1', profile: undefined, roleArn: undefined }
const credentials = await createAwsCredentialSource(systemClock).get(identity, signal)
const request = { method: 'GET', url: 'https://aws.example/', timeoutMs: 1, maxBytes: 1, target: 'aws' }
const signed = await signRequest(request, { service: 'aps', region: 'eu-west-1', credentials, now: 0 })
console.log(signed.headers.authorization.slice(0, 36))
const connection = { endpoint: 'http://127.0.0.1:1', region: 'eu-west-1', credentials }
await createElbReader({ resourceTag: 't', connection }).describe('host', 'owner', signal).catch((error) => console.log(error.code))
`

describe('packages that are loaded late', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'penstock-late-'))
  after(() => rmSync(outdir, { recursive: true, force: true }))

  test('AWS is found from a bundle', { timeout: 120_000 }, async () => {
    await build({
      absWorkingDir: root,
      stdin: { contents: program, resolveDir: root, sourcefile: 'program.ts', loader: 'ts' },
      outdir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      splitting: true,
      banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
      logLevel: 'warning',
    })
    const env = { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'of-a-test' }
    const { stdout } = await run(process.execPath, [join(outdir, 'stdin.mjs')], { cwd: outdir, env })
    assert.deepEqual(stdout.trim().split('\n'), ['AWS4-HMAC-SHA256 Credential=AKIDEXAM', 'ECONNREFUSED'])
  })
})
