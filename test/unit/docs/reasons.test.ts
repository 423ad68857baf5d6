/**
 * The catalogue of reasons tells of every reason in the code and of no other. Reasons are found in the sources by their spelling, so that a
 * new one fails here until somebody writes down what it means; what is spelt alike and is no reason is listed here.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { noticeKinds } from '../../../controller/api/notice.ts'
import { ignoredReasons } from '../../../webhooks/match.ts'
import { listFiles, readText } from './documents.ts'

const sources = ['controller/domain', 'controller/reconcile', 'webhooks', 'analysis/reconcile']
  .flatMap((folder) => listFiles(folder, ['.ts']))
  // The words of the API server about pods; no reason among them.
  .filter((path) => !path.startsWith('controller/domain/validation/pods/'))
  .map((path) => ({ path, text: readText(path) }))

/** Kinds, operators and names of things that look like reasons. */
const noReasons = new Set([
  'AdmissionReview',
  'AnalysisRun',
  'AnalysisTemplate',
  'ClusterAnalysisTemplate',
  'DoesNotExist',
  'Invalid',
  'NoData',
  'NoPreviousStatus',
  'PenstockHeartbeat',
  'PostPromotion',
  'PrePromotion',
  'ReplicaSet',
  'StableIngress',
])

/** Reasons that are put together: the text in the source, and what comes of it. */
const composed: readonly { readonly path: string; readonly template: string; readonly reasons: readonly string[] }[] = [
  {
    path: 'controller/domain/analysis/analyses.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own text.
    template: '`Analysis${status.phase}`',
    reasons: ['AnalysisFailed', 'AnalysisError'],
  },
  {
    path: 'controller/domain/canary/experiments.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own text.
    template: '`Experiment${phase}`',
    reasons: ['ExperimentFailed', 'ExperimentError'],
  },
  {
    path: 'controller/domain/experiment/summarize.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own text.
    template: "`Experiment${to ?? ''}`",
    reasons: ['Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive'].map(
      (phase) => `Experiment${phase}`,
    ),
  },
  {
    path: 'controller/domain/experiment/summarize.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own text.
    template: "`Template${status ?? ''}`",
    reasons: ['Progressing', 'Running', 'Successful', 'Failed', 'Error'].map((status) => `Template${status}`),
  },
  {
    path: 'controller/domain/analysis/analyses.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own text.
    template: '`AnalysisRun${phase}`',
    reasons: ['Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive'].map(
      (phase) => `AnalysisRun${phase}`,
    ),
  },
  {
    path: 'controller/domain/experiment/summarize.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own text.
    template: '`AnalysisRun${phase}`',
    reasons: ['AnalysisRunPending', 'AnalysisRunRunning'],
  },
  {
    path: 'analysis/reconcile/report.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own text.
    template: '`${subject}${phase}`',
    reasons: ['Metric', 'AnalysisRun'].flatMap((subject) =>
      ['Successful', 'Failed', 'Error', 'Inconclusive'].map((phase) => `${subject}${phase}`),
    ),
  },
]

/** Two or more capitalised words in quotes; or one, where it is given as a reason. */
const patterns: readonly RegExp[] = [
  /'([A-Z][a-z]+(?:[A-Z][a-z]*)+)'/g,
  /\breason: '([A-Z][a-z]+)'/g,
  /'ignored', (?:[^,\n]* \? )?'([A-Z][a-z]+)'/g,
]

const literals = sources.flatMap(({ text }) =>
  patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, word = '']) => word)),
)
/** Why a run is Inconclusive: the first word of its message. */
const causes = [...readText('analysis/domain/judge.ts').matchAll(/cause: (?:\w+ \? )?'(\w+)'(?: : '(\w+)')?/g)].flatMap(
  ([, one = '', other]) => (other === undefined ? [one] : [one, other]),
)

const used = new Set([
  ...literals.filter((word) => !noReasons.has(word)),
  ...composed.flatMap(({ reasons }) => reasons),
  ...ignoredReasons,
  ...noticeKinds,
  ...causes,
])
/** Reasons stand in the first column of the tables, one or more a row. */
const documented = readText('docs/reference/reasons.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, word = '']) => word))

const sorted = (words: Iterable<string>): readonly string[] => [...new Set(words)].sort()

describe('the catalogue of reasons', () => {
  test('names every reason of the code', () => {
    assert.deepEqual(
      sorted(used).filter((word) => !documented.includes(word)),
      [],
    )
  })
  test('names no reason that the code does not know', () => {
    assert.deepEqual(
      sorted(documented).filter((word) => !used.has(word)),
      [],
    )
  })
  test('is looked for where reasons are', () => {
    assert.ok(used.has('InvalidSpec') && used.has('OlderThanCanary') && used.has('Heartbeat') && used.has('NoEvidence'))
    for (const word of noReasons) assert.ok(literals.includes(word), `${word} is not in the sources any more`)
    for (const { path, template } of composed) assert.ok(readText(path).includes(template), `${path}: ${template}`)
  })
})
