/**
 * Tells the story on the terminal as it happens: stages, weights, verdicts, reasons. It prints what changed and nothing twice; colours
 * only where somebody looks.
 */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import { readGateVerdict } from '../../controller/api/verdict.ts'
import type { Observation } from './observation.ts'

export type Tone = 'plain' | 'good' | 'bad' | 'faint' | 'bold'

export interface Narrator {
  say(text: string, tone?: Tone): void
  title(text: string): void
  /** Prints what changed since the last call. */
  observe(observation: Observation): void
}

export interface NarratorOptions {
  readonly write: (text: string) => void
  readonly hasColours: boolean
  /** Milliseconds since the start of the story. */
  readonly elapsedMs: () => number
}

const codes: Readonly<Record<Tone, string>> = { plain: '0', good: '32', bad: '31', faint: '2', bold: '1' }

const renderTime = (elapsedMs: number): string => {
  const seconds = Math.floor(elapsedMs / 1000)
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`
}

const LONGEST_LINE = 180

const firstLine = (text: string): string => {
  const [line = ''] = text.split('\n')
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line
}

/** The verdict of a gate that took the release back whole, what the others found on a line; what could not be read by its phase. */
export function renderRun(run: AnalysisRun): readonly string[] {
  const results = run.status?.metricResults ?? []
  const lines = results.flatMap((result) => {
    const text = readGateVerdict(result.measurements?.at(-1))?.text ?? `${result.name} ${result.phase ?? ''}`
    return result.phase === 'Failed' ? text.split('\n') : [firstLine(text)]
  })
  return [
    `gates ${run.status?.phase ?? ''}${results.length === 0 ? `: ${run.status?.message || 'no result'}` : ''}`,
    ...lines,
  ]
}

const bar = (weight: number): string => '█'.repeat(Math.round(weight / 5)).padEnd(20, '░')

export function createNarrator(options: NarratorOptions): Narrator {
  const paint = (text: string, tone: Tone): string =>
    options.hasColours && tone !== 'plain' ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text
  const say = (text: string, tone: Tone = 'plain'): void =>
    options.write(`${paint(renderTime(options.elapsedMs()), 'faint')}  ${paint(text, tone)}\n`)
  const toldRuns = new Set<string>()
  let toldStatus = ''
  let toldWeights = 0

  const tellWeights = (observation: Observation): void => {
    const weights = observation.weights()
    for (const { weight } of weights.slice(toldWeights)) say(`traffic  ${bar(weight)} ${weight} % canary`)
    toldWeights = weights.length
  }
  const tellRuns = (observation: Observation): void => {
    for (const run of observation.runs()) {
      const phase = run.status?.phase ?? ''
      const id = `${run.metadata.uid}/${phase}`
      if (phase === '' || phase === 'Pending' || phase === 'Running' || toldRuns.has(id)) continue
      toldRuns.add(id)
      const [lead = '', ...lines] = renderRun(run)
      const tone = phase === 'Successful' ? 'good' : 'bad'
      say(lead, tone)
      for (const line of lines) options.write(`       ${paint(line, tone)}\n`)
    }
  }
  const tellStatus = (observation: Observation): void => {
    const rollout = observation.rollout()
    const { phase = '', message = '' } = rollout?.status ?? {}
    const step = rollout?.status?.currentStepIndex
    const steps = rollout?.spec.strategy?.canary?.steps?.length ?? 0
    const status = `${phase}|${message}|${step ?? ''}`
    if (phase === '' || status === toldStatus) return
    toldStatus = status
    const where = typeof step === 'number' && phase !== 'Degraded' ? `  step ${Math.min(step + 1, steps)}/${steps}` : ''
    const tone = phase === 'Healthy' ? 'good' : phase === 'Degraded' ? 'bad' : 'faint'
    say(`${phase}${where}${message === '' ? '' : `  ${firstLine(message)}`}`, tone)
  }
  return {
    say,
    title: (text) => options.write(`\n${paint(text, 'bold')}\n`),
    observe(observation) {
      tellWeights(observation)
      tellRuns(observation)
      tellStatus(observation)
    },
  }
}
