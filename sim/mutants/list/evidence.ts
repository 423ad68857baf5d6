/** Guards outside of the decision about a Rollout: what a measurement is worth, whom a tenant's URL may reach, whose rules a shared route holds. */
import type { Mutant } from '../mutant.ts'

const judge = 'analysis/domain/judge.ts'
const verdict = 'analysis/domain/verdict.ts'
const judgeTest = 'test/unit/analysis/judge.test.ts'
const parents = 'controller/traffic/gateway-api/parents.ts'

export const evidenceMutants: readonly Mutant[] = [
  {
    id: 'no-success-is-a-success',
    file: judge,
    before: "if (mode === 'argo' || (result.successful ?? 0) > 0) return",
    after: 'if (mode) return',
    removes: 'a metric passes only with a successful measurement',
    invariant: 'S12',
    witness: 'tale canary whose measurements all fail within their limit',
  },
  {
    id: 'terminated-before-measured-is-a-success',
    file: judge,
    before: "return mode === 'argo' ? { phase: 'Successful' } : terminated",
    after: "return mode ? { phase: 'Successful' } : terminated",
    removes: 'a run that was ended before it measured anything has not passed',
    invariant: 'S12',
    witness: 'tale canary, aborted before anything is measured',
  },
  {
    id: 'provider-errors-abort',
    file: judge,
    before: "if (mode === 'argo' || phase === 'Failed') return { phase, message }",
    after: "if (mode === 'argo' || phase !== 'Inconclusive') return { phase, message }",
    removes: 'a provider that is down halts an update and does not abort it',
    invariant: 'S13',
    witness: 'tale canary whose Prometheus is down',
  },
  {
    id: 'nothing-asked-is-a-success',
    file: verdict,
    before: "    return mode === 'argo'\n      ? decided('Successful')\n      : noData('neither",
    after: "    return mode\n      ? decided('Successful')\n      : noData('neither",
    removes: 'a metric without conditions judges nothing',
    invariant: 'S12',
    witness: 'tale canary whose metric asks for nothing',
  },
  {
    id: 'not-a-number-is-a-value',
    file: verdict,
    before: "const missing = mode === 'strict' ? findMissingData(reading.value) : undefined",
    after: 'const missing = undefined',
    removes: 'NaN, infinite, null and empty results are no data',
    invariant: 'S12',
    witness: `test ${judgeTest}`,
  },
  {
    id: 'empty-body-is-a-value',
    file: 'analysis/providers/web.ts',
    before: "if (response.body.trim() === '' && mode === 'strict') return { kind: 'noData', why: 'the body is empty' }",
    after: '',
    removes: 'an empty body is no data',
    invariant: 'S12',
    witness: 'test test/unit/analysis/providers.test.ts',
  },
  {
    id: 'errors-wait-for-the-interval',
    file: 'analysis/domain/schedule.ts',
    before: "if (last.phase === 'Error') return finishedAtMs + ERROR_RETRY_MS",
    after: '',
    removes: 'a measurement that failed is taken again soon',
    invariant: 'S13',
    witness: 'tale canary whose Prometheus is down for a moment',
  },
  {
    id: 'runs-in-any-order-of-keys',
    file: 'controller/domain/analysis/render-run.ts',
    before: 'Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))',
    after: 'map',
    removes: 'equal input gives equal bytes',
    invariant: 'S19',
    witness: 'test test/unit/analysis/analysis-runs.test.ts › equal input gives equal bytes',
  },
  {
    id: 'metadata-service-may-be-asked',
    file: 'controller/runtime/outbound-policy.ts',
    before: "if (metadata.check(effective, family)) return 'it is a link-local or cloud metadata address'",
    after: '',
    removes: 'a URL of a tenant leads to no metadata service',
    invariant: 'S24 S26',
    witness:
      'test test/unit/runtime/outbound-policy.test.ts › an allow-listed name opens loopback for that name only, and never metadata',
  },
  {
    id: 'rules-of-others-are-replaced',
    file: 'controller/traffic/gateway-api/render.ts',
    before: 'const isTheirs = (at: number) => !own.has(at)',
    after: 'const isTheirs = (at: number) => at === firstBase',
    removes: 'rules of a shared route that are not ours stay',
    invariant: 'S20',
    witness:
      "test test/unit/traffic/gateway-api/managed-rules.test.ts › a user's rule for the canary alone stays through all of it (GW#217)",
  },
  {
    id: 'refused-route-is-confirmed',
    file: parents,
    before: "condition.status === 'True' || condition.observedGeneration === undefined",
    after: 'condition.status',
    removes: 'a route that its gateway has not accepted carries nothing',
    invariant: 'S5 S12',
    witness: 'test test/unit/traffic/gateway-api/parents.test.ts',
  },
  {
    id: 'former-generation-is-confirmed',
    file: parents,
    before: "return observedGeneration < generation ? 'pending' : 'confirmed'",
    after: "return observedGeneration < 0 ? 'pending' : 'confirmed'",
    removes: 'a gateway confirms what it has looked at',
    invariant: 'S5 S12',
    witness: 'tale canary behind a slow gateway, promoted',
  },
  {
    id: 'route-is-written-over',
    file: 'controller/traffic/codec/patch.ts',
    before:
      "[{ op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion ?? '' }, ...changes]",
    after: 'changes',
    removes: 'a route is written only as it was read',
    invariant: 'S16 S20',
    witness: 'tale canary, promoted',
  },
]
