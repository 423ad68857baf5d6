#!/usr/bin/env node
// Starts the CLI: the TypeScript source through tsx in a checkout, the bundle where only that was shipped. Node 20 runs no TypeScript
// itself, so this one file is JavaScript.
import { existsSync } from 'node:fs'

const source = new URL('./main.ts', import.meta.url)
if (existsSync(source)) {
  const { register } = await import('tsx/esm/api')
  register()
  await import(source.href)
} else {
  await import(new URL('../dist/cli.js', import.meta.url).href)
}
