/** One seed as a story for people: what it drew, then line by line what happened. Pure. */
import { renderTime } from '../plan/playback.ts'
import { renderColumns } from '../terminal.ts'
import { type Report, renderMoment, round } from './render-report.ts'
import type { SeedOutcome, SeedStory, StoryLine } from './simulator.ts'

export function renderStory(
  { outcome, cast, lines }: SeedStory,
  { name, strategy, expected, assumptions }: Omit<Report, 'tally'>,
): string {
  const heading = ['  AT', 'NEW GETS', 'NEW PODS', 'WHAT HAPPENS']
  return [
    `Rollout ${name}: ${strategy}, seed ${outcome.seed}`,
    `  when all goes well ${expected}`,
    ...cast.map((sentence) => `  ${sentence}`),
    '',
    renderColumns([heading, ...lines.map(renderLine)]),
    '',
    renderOutcome(outcome),
    ...outcome.broken.flatMap(({ id, words, sentence, atMs }) => [
      `  ${id} broke ${renderMoment(atMs)}: ${sentence}`,
      `    ${words}`,
    ]),
    ...(outcome.broken.length === 0 ? ['  no invariant broke'] : []),
    ...(assumptions.length > 0 ? ['  taken for granted:', ...assumptions.map((one) => `    ${one}`)] : []),
    '',
  ].join('\n')
}

const renderLine = ({ atMs, newWeightPercent, newPods, text }: StoryLine): readonly string[] => [
  `  ${renderTime(atMs)}`,
  `${newWeightPercent} %`,
  newPods.ready === newPods.wanted ? String(newPods.ready) : `${newPods.ready} of ${newPods.wanted}`,
  text,
]

function renderOutcome({ ending, endMs, caughtBy, exposure }: SeedOutcome): string {
  const by = caughtBy === 'nothing' ? '' : `, by ${caughtBy}`
  const end =
    ending === 'unfinished' ? 'it is too long to be played to its end' : `${ending} after ${round(endMs)}${by}`
  if (!exposure || (exposure.ms === 0 && !exposure.isOpen)) return `  ${end}`
  const least = exposure.isOpen ? 'at least ' : ''
  return `  ${end}; the bad version had requests for ${least}${round(exposure.ms)}, as much as ${round(exposure.wholeMs)} of all`
}
