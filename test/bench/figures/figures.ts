/**
 * `npm run bench -- figures`: draws the pictures of `docs/statistics.md` and the tables of `docs/guides/gates.md` anew. Nothing is measured: pictures
 * come from simulations with fixed seeds, from formulas and from the recorded run. A unit test draws them as well and compares bytes.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { readRecords } from '../verdicts/record.ts'
import { drawBuckets } from './buckets-figure.ts'
import { drawGuide } from './draw-guide.ts'
import { drawEvidence } from './evidence-figure.ts'
import { drawFalseAborts } from './false-aborts-figure.ts'
import { drawNoise } from './noise-figure.ts'
import { drawPower } from './power-figure.ts'

const folder = new URL('../../../docs/images/statistics/', import.meta.url)
const guide = new URL('../../../docs/guides/gates.md', import.meta.url)

/** Pictures by file name. One of the recorded run is left out as long as there is none. */
export async function drawPictures(): Promise<Readonly<Record<string, string>>> {
  const { own } = await readRecords()
  return {
    'evidence.svg': drawEvidence(),
    'noise.svg': drawNoise(),
    'buckets.svg': drawBuckets(),
    'power.svg': drawPower(),
    ...(own ? { 'false-aborts.svg': drawFalseAborts(own) } : {}),
  }
}

export const readPicture = (name: string): Promise<string> => readFile(new URL(name, folder), 'utf8')
export const readGuide = (): Promise<string> => readFile(guide, 'utf8')

/** Writes them and names what was written. */
export async function drawFigures(): Promise<readonly string[]> {
  const pictures = await drawPictures()
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(pictures)) await writeFile(new URL(name, folder), text)
  await writeFile(guide, drawGuide(await readGuide()))
  return [...Object.keys(pictures).map((name) => `docs/images/statistics/${name}`), 'docs/guides/gates.md']
}
