/** Tells the golden stories with whatever product is bundled, up to the first that is not what its file says. */
import { readFileSync } from 'node:fs'
import { stories } from '../../test/golden/scenarios.ts'
import type { Finding } from './finding.ts'

/** @param only one of them; every one when absent */
export function findChangedStory(only?: string): Finding | undefined {
  const told = stories.filter(({ name }) => only === undefined || name === only)
  if (told.length === 0) throw new Error(`there is no golden story "${only}"`)
  for (const { name, tell } of told) {
    const why = findChange(tell, readFileSync(new URL(`../../test/golden/${name}.txt`, import.meta.url), 'utf8'))
    if (why !== undefined) return { where: name, why }
  }
  return undefined
}

/** The first line that differs. */
function findChange(tell: () => string, expected: string): string | undefined {
  let lines: readonly string[]
  try {
    lines = tell().split('\n')
  } catch (error) {
    return String(error).split('\n')[0]
  }
  const known = expected.split('\n')
  const at = known.findIndex((line, index) => line !== lines[index])
  if (at < 0 && lines.length === known.length) return undefined
  return `line ${at + 1}: ${(lines[at] ?? 'missing').trim()}`
}
