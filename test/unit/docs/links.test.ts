/** What the documents point at exists: files behind relative links, headings behind anchors, npm scripts, make targets, paths in code marks. */
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { describe, test } from 'node:test'
import { exists, listDocuments, readText, withoutBlocks } from './documents.ts'

const scripts = Object.keys((JSON.parse(readText('package.json')) as { scripts: Record<string, string> }).scripts)
/** What npm itself knows besides the project's scripts. */
const npmCommands = ['ci', 'install', 'start', 'test']
const targets = [...readText('Makefile').matchAll(/^([a-z][\w-]*):/gm)].map(([, name = '']) => name)

/** How a heading becomes an anchor on the usual code hosts. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const anchorsOf = (markdown: string): readonly string[] =>
  [...withoutBlocks(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))

function findDeadLinks(path: string, markdown: string): readonly string[] {
  const links = [...withoutBlocks(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => !/^[a-z]+:/.test(link)).filter((link) => !isAlive(path, markdown, link))
}

function isAlive(path: string, markdown: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file))
  if (!exists(target)) return false
  return anchor === undefined || anchorsOf(file === '' ? markdown : readText(target)).includes(anchor)
}

/** Commands stand in code marks or at the start of a line of a block; elsewhere the same words may be English. */
const findUnknownScripts = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/(?:`|^\$? ?|&& )npm (?:run )?(?:-s )?([a-z][\w:]*)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => !scripts.includes(name) && !npmCommands.includes(name))

const findUnknownTargets = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/(?:`|^\$? ?)make ([a-z][\w-]*)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => !targets.includes(name))

const topFolders = 'controller|analysis|webhooks|charts|cli|sandbox|test|docs'
/** `controller/domain/canary/weights.ts`, `test/golden/`; a name with a placeholder (`traffic/<name>.ts`) speaks of what is to come. */
const findMissingPaths = (markdown: string): readonly string[] =>
  [...markdown.matchAll(new RegExp(`\`((?:${topFolders})/[\\w./-]*)\``, 'g'))]
    .map(([, path = '']) => path)
    .filter((path) => !exists(path))

describe('documents', () => {
  for (const path of listDocuments()) {
    const markdown = readText(path)
    test(`${path}: relative links lead somewhere`, () => assert.deepEqual(findDeadLinks(path, markdown), []))
    test(`${path}: npm scripts and make targets exist`, () =>
      assert.deepEqual([...findUnknownScripts(markdown), ...findUnknownTargets(markdown)], []))
    test(`${path}: paths in code marks exist`, () => assert.deepEqual(findMissingPaths(markdown), []))
  }
})

test('each check does find what is wrong', () => {
  assert.deepEqual(findDeadLinks('docs/x.md', '[a](nowhere.md) [b](#no-such) [c](https://example.test)'), [
    'nowhere.md',
    '#no-such',
  ])
  assert.deepEqual(findUnknownScripts('`npm run fly`, `npm ci`, npm and make'), ['fly'])
  assert.deepEqual(findUnknownTargets('`make war`, `make test`, they make love'), ['war'])
  assert.deepEqual(findMissingPaths('`controller/nothing.ts` and `controller/main.ts`'), ['controller/nothing.ts'])
})
