/**
 * Lints the text of one manifest file: every document in it, each problem with its line and column. Pure. Objects of other groups are
 * counted and left alone.
 */
import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { Validators } from '../deps.ts'
import { type LocatedProblem, type Problem, parseField } from './problem.ts'

const API_VERSION = 'argoproj.io/v1alpha1'
/** Larger files are refused: a manifest of a rollout has kilobytes. */
const MAX_TEXT_LENGTH = 4 * 1024 * 1024

export interface LintReport {
  /** Objects that were checked, and those of other kinds that were not. */
  readonly checked: number
  readonly skipped: number
  readonly problems: readonly LocatedProblem[]
}

/** Objects of any shape that have a name: what rules of other objects may know of them. */
export function readObjects(text: string): readonly KubeObject[] {
  if (text.length > MAX_TEXT_LENGTH) return []
  return [...parseAllDocuments(text)].flatMap((document): KubeObject[] => {
    const object = document.errors.length > 0 ? undefined : readObject(document)
    if (!isRecord(object) || !isRecord(object.metadata)) return []
    const { metadata } = object
    return asText(metadata.name) === '' ? [] : [{ ...object, metadata: { ...metadata, name: asText(metadata.name) } }]
  })
}

/** `others`: objects that come with it, in this file and beside it. */
export function lintText(
  file: string,
  text: string,
  validators: Validators,
  others: readonly KubeObject[] = [],
): LintReport {
  if (text.length > MAX_TEXT_LENGTH)
    return { checked: 0, skipped: 0, problems: [whole(file, 'is larger than 4 MiB', 'split it')] }
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines })
  const reports = [...documents].map((document) => lintDocument(file, document, { lines, validators, others }))
  return {
    checked: reports.filter((report) => report.checked).length,
    skipped: reports.filter((report) => !report.checked).length,
    problems: reports
      .flatMap((report) => report.problems)
      .toSorted((left, right) => left.line - right.line || left.column - right.column),
  }
}

const whole = (file: string, message: string, fix: string): LocatedProblem => ({
  file,
  line: 1,
  column: 1,
  kind: '',
  name: '',
  field: '',
  message,
  fix,
  severity: 'error',
})

interface LintContext {
  readonly lines: LineCounter
  readonly validators: Validators
  readonly others: readonly KubeObject[]
}

interface DocumentReport {
  readonly checked: boolean
  readonly problems: readonly LocatedProblem[]
}

function lintDocument(
  file: string,
  document: Document.Parsed,
  { lines, validators, others }: LintContext,
): DocumentReport {
  const locate = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? document.contents?.range?.[0] ?? 0)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (document.errors.length > 0)
    return {
      checked: true,
      problems: document.errors.map((error) => ({
        ...whole(
          file,
          (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
          'correct the YAML',
        ),
        ...locate(error.pos[0]),
      })),
    }
  const object: unknown = readObject(document)
  if (!isRecord(object)) return { checked: false, problems: [] }
  const kind = asText(object.kind)
  const validate = Object.hasOwn(validators, kind) ? validators[kind] : undefined
  if (!validate || !asText(object.apiVersion).startsWith('argoproj.io/')) return { checked: false, problems: [] }
  const metadata = isRecord(object.metadata) ? object.metadata : {}
  const name = asText(metadata.name) || asText(metadata.generateName)
  const named = { ...object, metadata: { ...metadata, name } }
  const problems = listProblems(name, named, (one) => validate(one, others)).map((problem) => ({
    ...problem,
    severity: problem.severity ?? ('error' as const),
    file,
    kind,
    name,
    ...locate(offsetOf(document, problem.field)),
  }))
  return { checked: true, problems }
}

/** Rules look at the spec, so what is missing around it is told beside them. */
function listProblems(name: string, object: KubeObject, validate: Validators[string]): readonly Problem[] {
  const around: Problem[] = []
  if (object.apiVersion !== API_VERSION)
    around.push({ field: 'apiVersion', message: `must be ${API_VERSION}`, fix: `write apiVersion: ${API_VERSION}` })
  if (name === '') around.push({ field: 'metadata.name', message: 'is missing', fix: 'give the object a name' })
  return [...around, ...(validate?.(object) ?? [])]
}

/** The document as plain data; undefined when aliases would blow it up. */
function readObject(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    return undefined
  }
}

/** Where the field stands in the text; of a missing field, where its nearest existing parent stands. */
function offsetOf(document: Document.Parsed, field: string): number | undefined {
  const path = parseField(field)
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const asText = (value: unknown): string => (typeof value === 'string' ? value : '')
