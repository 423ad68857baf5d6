#!/usr/bin/env node
// Starts the CLI: the TypeScript source through tsx in a checkout, the bundle where there are no development tools. Node 20 runs no
// TypeScript itself, so this one file is JavaScript.
import { existsSync } from 'node:fs'

const source = new URL('./main.ts', import.meta.url)
const bundle = new URL('../dist/cli.js', import.meta.url)
const tsx = existsSync(source) ? await import('tsx/esm/api').catch(() => undefined) : undefined

if (tsx) {
  tsx.register()
  await import(source.href)
} else if (existsSync(bundle)) {
  await import(bundle.href)
} else {
  process.stderr.write(
    'penstock: neither tsx nor dist/cli.js is here; run `npm ci` in the checkout, or `npm run build`\n',
  )
  process.exitCode = 1
}
