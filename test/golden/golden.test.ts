/** Every scenario's story equals its golden file; `npm run golden -- --update` rewrites them for review. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stories } from './scenarios.ts'

const fileOf = (name: string): string => fileURLToPath(new URL(`./${name}.txt`, import.meta.url))

describe('golden stories', () => {
  for (const { name, tell } of stories) {
    test(name, () => {
      const story = tell()
      if (process.env.PENSTOCK_UPDATE_GOLDEN === '1') writeFileSync(fileOf(name), story)
      assert.equal(story, readFileSync(fileOf(name), 'utf8'))
    })
  }
})
