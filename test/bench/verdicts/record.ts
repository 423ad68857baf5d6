/** Keeps a run beside the page that quotes it, and draws the page's tables anew. */
import { readFile, writeFile } from 'node:fs/promises'
import { type NoiseSet, noiseSets } from './noise.ts'
import { drawPage, parseRecord, renderRecord } from './page.ts'
import type { VerdictsResult } from './results.ts'

const page = new URL('../../../docs/verdicts.md', import.meta.url)
const recordOf = (set: NoiseSet): URL => new URL(`../../../docs/verdicts/${set}.jsonl`, import.meta.url)

/** The recorded runs by noise; those that were never made are absent. */
export async function readRecords(): Promise<Partial<Record<NoiseSet, VerdictsResult>>> {
  const records: Partial<Record<NoiseSet, VerdictsResult>> = {}
  for (const set of noiseSets) {
    const text = await readFile(recordOf(set), 'utf8').catch(() => undefined)
    if (text !== undefined) records[set] = parseRecord(text)
  }
  return records
}

export const readPage = (): Promise<string> => readFile(page, 'utf8')

export async function recordRun(result: VerdictsResult): Promise<void> {
  await writeFile(recordOf(result.settings.noise), renderRecord(result))
  await writeFile(page, drawPage(await readPage(), await readRecords()))
}
