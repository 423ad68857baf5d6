/** A colour in a few words, for stories and people: `vip (x-user mod 1000 in 1-50)`. Bounded, because a match may be long. */
import type { ColorMatch } from './color-step.ts'

type StringMatch = NonNullable<ColorMatch['headers']>[number]['value']

const LONGEST = 120

interface Color {
  readonly name: string
  readonly match?: readonly ColorMatch[] | undefined
}

/** Without a match the colour is taken back. */
export const describeColor = ({ name, match = [] }: Color): string =>
  `${name} (${match.length > 0 ? shorten(match.map(describeMatch).join(' or ')) : 'taken back'})`

const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)

function describeMatch({ headers = [], cookies = [], idRange, cidrs }: ColorMatch): string {
  return [
    ...headers.map(({ name, value }) => `${name} ${describeValue(value)}`),
    ...cookies.map(({ name, value }) => `cookie ${name} ${describeValue(value)}`),
    ...(idRange
      ? [`${idRange.header ?? `cookie ${idRange.cookie}`} mod ${idRange.modulo} in ${idRange.from}-${idRange.to}`]
      : []),
    ...(cidrs ? [`client in ${cidrs.join(', ')}`] : []),
  ].join(' and ')
}

function describeValue({ exact, prefix, regex }: StringMatch): string {
  if (exact !== undefined) return `= ${exact}`
  return prefix === undefined ? `~ ${regex}` : `starts with ${prefix}`
}
