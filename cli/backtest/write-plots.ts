/** A picture of each case that says something: healthy rollouts that were ended, one that passed, and every past release. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from '../cli-error.ts'
import { timeOf } from './format-time.ts'
import { renderPlot } from './plot-svg.ts'
import type { PolicyReport } from './render-report.ts'

interface Picture {
  readonly name: string
  readonly svg: string
}

/** Gives the number of files. Throws CliError when they cannot be written. */
export async function writePlots(directory: string, reports: readonly PolicyReport[]): Promise<number> {
  const pictures = reports.flatMap(listPictures)
  try {
    await mkdir(directory, { recursive: true })
    for (const { name, svg } of pictures) await writeFile(join(directory, `${name}.svg`), svg)
  } catch (error) {
    throw new CliError(`cannot write plots to ${directory}: ${error instanceof Error ? error.message : ''}`, 1, {
      cause: error,
    })
  }
  return pictures.length
}

function listPictures({ result }: PolicyReport): readonly Picture[] {
  const { plan, pseudo, releases } = result
  const weights = plan.stages.map(({ weightPercent }) => weightPercent)
  const common = { gates: plan.gates, weights }
  const passed = pseudo.find(({ played }) => played.outcome === 'passed')
  const shown = pseudo.filter(
    (one) => one === passed || one.played.outcome === 'aborted' || one.played.outcome === 'held',
  )
  return [
    ...shown.map(({ window, played }) => ({
      name: nameOf(plan.name, 'healthy', window.since),
      svg: renderPlot({
        ...common,
        since: window.since,
        played,
        title: `${plan.name}: healthy rollout from ${timeOf(window.since)}: ${played.outcome}`,
      }),
    })),
    ...releases.map(({ release, played }) => ({
      name: nameOf(plan.name, `release-${release.canary}`, release.since),
      svg: renderPlot({
        ...common,
        since: release.since,
        played,
        title: `${plan.name}: ${release.canary} over ${release.stable} from ${timeOf(release.since)}: ${played.outcome}`,
      }),
    })),
  ]
}

/** Letters, digits and dashes: names come from files and labels. */
const nameOf = (policy: string, what: string, at: number): string =>
  `${policy}-${what}-${timeOf(at)}`.replaceAll(/[^a-zA-Z0-9-]+/g, '-').slice(0, 120)
