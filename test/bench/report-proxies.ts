/** What the suite `proxies` prints, and which of its figures are outside of what they may be. Pure. */
import type { ProxiesResult } from './proxies.ts'
import { isPlausible, MOST_POINTS_OFF, pointsOff } from './proxy-share.ts'
import type { Report } from './report.ts'
import { renderTable } from './table.ts'

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`
const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

export function reportProxies({ shares, colors, changes }: ProxiesResult): Report {
  const judged = shares.map((share) => {
    const off = pointsOff(share.toCanary, share.requests, share.canary / share.total)
    // A band in points says nothing of small weights, so chance is asked too.
    const isMet = off <= MOST_POINTS_OFF && isPlausible(share.toCanary, share.requests, share.canary / share.total)
    return { ...share, share: share.toCanary / share.requests, off, isMet }
  })
  const lossless = changes.map((change) => ({ ...change, failed: sumOf(change.failures) }))
  const word = (isMet: boolean): string => (isMet ? 'met' : 'missed')
  const tables = [
    renderTable(
      ['proxy', 'weight', 'requests', 'to canary', 'share', 'points off', ''],
      judged.map((row) => [
        row.proxy,
        `${row.canary} of ${row.total}`,
        ...[row.requests, row.toCanary].map(String),
        percent(row.share),
        row.off.toFixed(2),
        word(row.isMet),
      ]),
    ),
    renderTable(
      ['color', 'requests', 'astray', ''],
      colors.map(({ proxy, name, requests, astray }) => [
        `${proxy}: ${name}`,
        String(requests),
        String(astray),
        word(astray === 0),
      ]),
    ),
    renderTable(
      ['changes under load', 'changes', 'reloads', 'requests', 'repeated', 'failed', ''],
      lossless.map((row) => [
        row.proxy,
        ...[row.changes, row.reloads, row.requests, row.repeated, row.failed].map(String),
        word(row.failed === 0),
      ]),
    ),
  ]
  const missed = [
    ...judged
      .filter(({ isMet }) => !isMet)
      .map((row) => `${row.proxy}, weight ${row.canary} of ${row.total}: ${percent(row.share)}`),
    ...colors
      .filter(({ astray }) => astray > 0)
      .map(({ proxy, name, astray }) => `${proxy}, ${name}: ${astray} astray`),
    ...lossless.filter(({ failed }) => failed > 0).map(({ proxy, failed }) => `${proxy}: ${failed} requests lost`),
  ]
  return {
    text: tables.join('\n'),
    figures: { shares: judged, colors, changes: lossless, mostPointsOff: MOST_POINTS_OFF },
    ...(missed.length === 0 ? {} : { failure: missed.join('; ') }),
  }
}
