/**
 * The figures in `docs/verdicts.md`: tables between marks are drawn from the recorded runs, so no number there is typed. Pure: texts in, texts out.
 *
 *   <!-- figures: targets own -->   …   <!-- end -->
 */
import { tabulateLosses } from './losses.ts'
import { type NoiseSet, noiseSets } from './noise.ts'
import { renderMarkdown } from './render.ts'
import { sections, tabulateSection, tabulateTargets, tabulateTogether } from './report.ts'
import type { VerdictsResult } from './results.ts'

const MARK = /<!-- figures: (\S+) (\S+) -->\n[\s\S]*?<!-- end -->/g

/** Every table that a page can ask for, by name. */
const tables: Readonly<Record<string, (result: VerdictsResult) => string>> = {
  run: renderRun,
  targets: (result) => renderMarkdown(tabulateTargets(result)),
  together: (result) => renderMarkdown(tabulateTogether(result)),
  losses: (result) => renderMarkdown(tabulateLosses(result)),
  ...Object.fromEntries(
    sections.map((section) => [
      `${section.gate}-${section.group}`,
      (result: VerdictsResult) => renderMarkdown(tabulateSection(result, section)),
    ]),
  ),
}

function renderRun({ settings: { seed, rollouts, noise } }: VerdictsResult): string {
  return `\`npm run bench -- verdicts --seed ${seed} --noise ${noise} --rollouts ${rollouts} --record\``
}

/** The page with its tables as these runs have them. Throws for a table that there is not. */
export function drawPage(page: string, runs: Readonly<Partial<Record<NoiseSet, VerdictsResult>>>): string {
  return page.replace(MARK, (block: string, name: string, set: string) => {
    const draw = tables[name]
    const noise = noiseSets.find((one) => one === set)
    if (!draw || !noise) throw new Error(`no table "${name} ${set}"`)
    const run = runs[noise]
    return run ? `<!-- figures: ${name} ${set} -->\n\n${draw(run)}\n\n<!-- end -->` : block
  })
}

/** One cell a line, so that two runs can be compared by line. */
export function renderRecord({ settings, cells, healthy }: VerdictsResult): string {
  const round = (_: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value
  return [{ settings }, ...cells.map((cell) => ({ cell })), ...healthy.map((together) => ({ together }))]
    .map((line) => `${JSON.stringify(line, round)}\n`)
    .join('')
}

interface RecordLine {
  readonly settings?: VerdictsResult['settings']
  readonly cell?: VerdictsResult['cells'][number]
  readonly together?: VerdictsResult['healthy'][number]
}

/** Of a file that {@link renderRecord} made. */
export function parseRecord(text: string): VerdictsResult {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): RecordLine => JSON.parse(line))
  const settings = lines[0]?.settings
  if (!settings) throw new Error('a record begins with its settings')
  return {
    settings,
    cells: lines.flatMap(({ cell }) => cell ?? []),
    healthy: lines.flatMap(({ together }) => together ?? []),
  }
}
