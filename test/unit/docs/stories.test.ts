/** A piece of a story that a document shows stands in that story, word for word. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listBlocks, listDocuments, readText } from './documents.ts'

const shown = listDocuments().flatMap((path) => {
  const text = readText(path)
  return listBlocks(text)
    .filter((block) => /^t=\d/.test(block.text))
    .map((block) => ({ path, text: block.text, below: text.slice(text.indexOf(block.text) + block.text.length) }))
})

describe('stories in documents', () => {
  test('there are some', () => assert.ok(shown.length > 0))
  for (const { path, text, below } of shown)
    test(`${path}: the story is named below, and tells it so`, () => {
      const [, golden] = /^```\n\n[^\n]*`(test\/golden\/[\w-]+\.txt)`/.exec(below) ?? []
      assert.ok(golden, 'no story is named')
      assert.ok(readText(golden).includes(text), `not in ${golden}`)
    })
})
