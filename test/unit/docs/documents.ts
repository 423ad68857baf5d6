/** The written documents and the sources they speak of, as text by path from the root of the repository. Reads files, judges nothing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export const exists = (path: string): boolean => existsSync(join(root, path))
export const readText = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Paths below `folder` that end with one of `endings`, sorted; none when there is no such folder. */
export function listFiles(folder: string, endings: readonly string[]): readonly string[] {
  if (!exists(folder)) return []
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

/** Every document that people read: those of the root and all of docs/. */
export const listDocuments = (): readonly string[] => [
  ...['README.md', 'AGENTS.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].filter(exists),
  ...listFiles('docs', ['.md']),
]

export interface Block {
  readonly language: string
  readonly text: string
  /** Line of its first line of text, from 1. */
  readonly line: number
}

/** The fenced blocks of a Markdown text, in order. */
export function listBlocks(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { readonly language: string; readonly line: number; readonly lines: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line)
    if (!fence) open?.lines.push(line)
    else if (open) {
      blocks.push({ language: open.language, line: open.line, text: `${open.lines.join('\n')}\n` })
      open = undefined
    } else open = { language: fence[1] ?? '', line: index + 2, lines: [] }
  }
  return blocks
}

/** The text without its fenced blocks. */
export const withoutBlocks = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```/gm, '')

/** Cells of the rows of the first table below a heading, without its head. Throws where the heading is missing. */
export function tableBelow(markdown: string, heading: string): readonly (readonly string[])[] {
  const at = markdown.indexOf(`\n${heading}\n`)
  if (at < 0) throw new Error(`there is no heading "${heading}"`)
  const lines = markdown.slice(at).split('\n')
  const first = lines.findIndex((line) => line.startsWith('|---'))
  const last = lines.findIndex((line, index) => index > first && !line.startsWith('|'))
  return lines.slice(first + 1, last < 0 ? undefined : last).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** What stands in code marks. */
export const namesIn = (text = ''): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
