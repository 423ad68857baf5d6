/** Every place at which a tale can be disturbed, from the passage of an undisturbed telling. */
import type { Ending } from './tell.ts'
import type { Position, Trouble } from './trouble.ts'

const LATE_KINDS = [
  'rollouts',
  'replicasets',
  'services',
  'endpointslices',
  'httproutes',
  'pods',
  'analysisruns',
  'experiments',
]
const VERSIONS = [1, 2, 3]

const positions = (count: number, from: number): readonly number[] =>
  Array.from({ length: Math.max(0, count - from) }, (_, at) => from + at + 1)

/** `from`: what comes before it is left alone. */
export function listTroubles({ passage }: Ending, from: Position): readonly Trouble[] {
  const seen = new Set(passage.lines)
  return [
    ...positions(passage.writes.length, from.writes).flatMap((atWrite) =>
      [true, false].map((applied): Trouble => ({ kind: 'crash', atWrite, applied })),
    ),
    ...positions(passage.reads.length, from.reads).flatMap((atRead) =>
      VERSIONS.map((versions): Trouble => ({ kind: 'stale', atRead, versions })),
    ),
    ...LATE_KINDS.filter((plural) => seen.has(plural)).flatMap((plural) =>
      VERSIONS.map((lines): Trouble => ({ kind: 'late', plural, lines })),
    ),
    ...positions(passage.lines.length, from.lines).map((atLine): Trouble => ({ kind: 'drop', atLine })),
  ]
}
