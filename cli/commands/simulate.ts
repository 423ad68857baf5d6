/**
 * `penstock simulate -f FILE`: the user's own release, many times, in simulated clusters where things go wrong: whether an invariant breaks, and how long
 * a bad version keeps its requests. It needs no cluster. The simulator itself is loaded only here.
 */
import type { Rollout } from '../../controller/api/rollout.ts'
import { createProgress } from '../backtest/progress.ts'
import { CliError, type ExitCode } from '../cli-error.ts'
import type { CliDeps } from '../deps.ts'
import type { Problem } from '../lint/problem.ts'
import { tellErrors } from '../lint/tell-errors.ts'
import { readManifestTexts } from '../manifest-files.ts'
import { type CommonOptions, sendJson } from '../options.ts'
import { type PlannedRollout, planRollout } from '../plan/plan-rollouts.ts'
import { readManifests } from '../plan/read-manifests.ts'
import { renderEnd } from '../plan/render-timeline.ts'
import { readOrder } from '../simulate/read-order.ts'
import { renderReport } from '../simulate/render-report.ts'
import { renderStory } from '../simulate/render-story.ts'
import type { SeedStory, Simulation } from '../simulate/simulator.ts'
import { tallySeeds } from '../simulate/tally.ts'
import { printable } from '../terminal.ts'

export interface SimulateOptions extends Pick<CommonOptions, 'json' | 'color'> {
  readonly file: readonly string[]
  readonly seeds?: string
  readonly seed?: string
}

/** A Rollout that is ready to be played. */
interface Prepared {
  readonly planned: PlannedRollout
  readonly simulation: Simulation
}

const DEFAULT_SEEDS = 20
const MOST_SEEDS = 1_000
const LARGEST_SEED = 2 ** 32 - 1
/** Of the plan whose moments faults strike at; the pods of a seed take a time of their own. */
const POD_READY_MS = 10_000

/** 0: no invariant broke; 1: one did; 2: a manifest that cannot be played. */
export async function runSimulate(options: SimulateOptions, deps: CliDeps): Promise<ExitCode> {
  const seeds = readSeeds(options)
  const prepared = await prepareAll(options, deps)
  if (!prepared) return 2
  const stories = await playAll(prepared, seeds, deps)
  const isTold = options.seed !== undefined
  if (options.json === true) sendJson(deps, { rollouts: stories.map((one) => renderJson(one, isTold)) })
  else print(deps, stories.map((one) => renderText(one, isTold)).join('\n'))
  const isBroken = stories.some(({ played }) => played.some(({ outcome }) => outcome.broken.length > 0))
  return isBroken ? 1 : 0
}

/** The seeds to play: 1 to N, or the one that is asked for. */
function readSeeds({ seeds, seed }: SimulateOptions): readonly number[] {
  if (seeds !== undefined && seed !== undefined)
    throw new CliError('--seed tells one seed, --seeds plays many: give one of them', 2)
  if (seed !== undefined) return [readNumber('--seed', seed, [0, LARGEST_SEED])]
  const count = seeds === undefined ? DEFAULT_SEEDS : readNumber('--seeds', seeds, [1, MOST_SEEDS])
  return Array.from({ length: count }, (_, index) => index + 1)
}

function readNumber(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new CliError(`${name} "${text}" is not a whole number from ${least} to ${most}`, 2)
  return value
}

/** Undefined when a manifest is wrong, or asks for what the simulator has no model of; every problem is told. */
async function prepareAll({ file }: SimulateOptions, deps: CliDeps): Promise<readonly Prepared[] | undefined> {
  const texts = await readManifestTexts(file, deps)
  if (await tellErrors(texts, deps)) return undefined
  const manifests = readManifests(texts.map(({ text }) => text))
  if (manifests.rollouts.length === 0) throw new CliError('none of the files holds a Rollout', 2)
  const simulator = await deps.loadSimulator()
  const prepared = manifests.rollouts.map((rollout) => {
    const planned = planRollout(withoutPause(rollout), manifests, POD_READY_MS)
    if ('problems' in planned) return planned
    const simulation = simulator.prepare(readOrder(rollout, manifests, planned))
    return 'problems' in simulation ? { name: planned.name, ...simulation } : { planned, simulation }
  })
  const refused = prepared.flatMap((one) => ('problems' in one ? [one] : []))
  for (const { name, problems } of refused) for (const problem of problems) tell(deps, name, problem)
  return refused.length > 0 ? undefined : prepared.flatMap((one) => ('simulation' in one ? [one] : []))
}

/** Of a Rollout that is paused as a whole nothing could be played. */
const withoutPause = ({ spec: { paused: _paused, ...spec }, ...rollout }: Rollout): Rollout => ({ ...rollout, spec })

function tell({ terminal }: CliDeps, name: string, { field, message, fix }: Problem): void {
  const advice = fix === undefined ? '' : ` (${fix})`
  terminal.err(`penstock: ${printable(`Rollout ${name}: ${field}: ${message}${advice}`)}\n`)
}

interface PlayedRollout extends Prepared {
  readonly played: readonly SeedStory[]
}

async function playAll(
  prepared: readonly Prepared[],
  seeds: readonly number[],
  deps: CliDeps,
): Promise<readonly PlayedRollout[]> {
  const progress = deps.terminal.isTty ? createProgress(deps.terminal) : undefined
  const stories: PlayedRollout[] = []
  try {
    for (const one of prepared) {
      const played: SeedStory[] = []
      progress?.begin(`${one.planned.name}: playing seed`, seeds.length)
      for (const seed of seeds) {
        played.push(await playSeed(one, seed, deps))
        progress?.advance()
      }
      stories.push({ ...one, played })
    }
  } finally {
    progress?.end()
  }
  return stories
}

async function playSeed({ planned, simulation }: Prepared, seed: number, { signal }: CliDeps): Promise<SeedStory> {
  if (signal.aborted) throw new CliError('interrupted; --seeds takes a smaller number', 1)
  const story = await simulation.play(seed)
  if ('refusal' in story) throw new CliError(`Rollout ${planned.name}: ${story.refusal}`, 2)
  return story
}

function renderText({ planned, simulation, played }: PlayedRollout, isTold: boolean): string {
  const subject = {
    name: planned.name,
    strategy: planned.strategy,
    expected: renderEnd(planned.timeline),
    assumptions: simulation.assumptions,
  }
  if (isTold) return played.map((story) => renderStory(story, subject)).join('\n')
  return renderReport({ ...subject, tally: tallySeeds(played.map(({ outcome }) => outcome)) })
}

function renderJson({ planned, simulation, played }: PlayedRollout, isTold: boolean): object {
  const { name, strategy, replicas } = planned
  const outcomes = played.map(({ outcome }) => outcome)
  const told = isTold ? { stories: played.map(({ cast, lines }) => ({ cast, lines })) } : {}
  return {
    name,
    strategy,
    replicas,
    assumptions: simulation.assumptions,
    tally: tallySeeds(outcomes),
    outcomes,
    ...told,
  }
}

function print({ terminal }: CliDeps, text: string): void {
  for (const line of text.trimEnd().split('\n')) terminal.out(`${printable(line)}\n`)
}
