/** Every place at which a tale can be disturbed, from the passage of an undisturbed telling. */
import type { Ending } from './tell.ts'
import type { Passage, Position, Trouble } from './trouble.ts'

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

/** Events are read by people alone. */
const isEvent = (write = ''): boolean => / events\//.test(write)

export interface Places {
  /** What comes before it is left alone. */
  readonly from: Position
  /** Somebody else writes what the controller writes. */
  readonly rivals?: boolean | undefined
}

export function listTroubles({ passage }: Ending, { from, rivals = false }: Places): readonly Trouble[] {
  const seen = new Set(passage.lines)
  const writes = positions(passage.writes.length, from.writes)
  // Whether an event is there or not changes nothing for whoever starts anew: to die at one is to die at the write before, or at the next that is lost.
  const counted = writes.filter((atWrite) => !isEvent(passage.writes[atWrite - 1]))
  return [
    ...counted.flatMap((atWrite): Trouble[] => [
      { kind: 'crash', atWrite, applied: true },
      { kind: 'crash', atWrite, applied: false },
    ]),
    ...(rivals ? listRivals(passage, counted) : []),
    ...positions(passage.reads.length, from.reads).flatMap((atRead) =>
      VERSIONS.map((versions): Trouble => ({ kind: 'stale', atRead, versions })),
    ),
    ...LATE_KINDS.filter((plural) => seen.has(plural)).flatMap((plural) =>
      VERSIONS.map((lines): Trouble => ({ kind: 'late', plural, lines })),
    ),
    ...positions(passage.lines.length, from.lines).map((atLine): Trouble => ({ kind: 'drop', atLine })),
  ]
}

/** What is created cannot be written by somebody else before. */
function* listRivals({ writes }: Passage, counted: readonly number[]): Generator<Trouble> {
  for (const atWrite of counted) {
    if (writes[atWrite - 1]?.startsWith('patch ')) yield { kind: 'touch', atWrite }
    yield { kind: 'repeat', atWrite }
  }
}
