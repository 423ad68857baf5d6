/**
 * The page and the JSON schema of verdicts say what the code says. The schema file is written by
 * `npx tsx test/unit/docs/verdict-schema.ts > docs/reference/verdict.schema.json && npm run format`.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { judgeGate } from '../../../analysis/domain/gates/judge-gate.ts'
import { gateVerdictSchema, verdictOutcomes } from '../../../controller/api/verdict.ts'
import { gateCase, latencyCase } from '../../builders/gate-case.ts'
import { readText } from './documents.ts'
import { renderVerdictSchema } from './verdict-schema.ts'

const page = readText('docs/reference/verdict.md')
const file = readText('docs/reference/verdict.schema.json')

/** Paths of all fields: `noise.phi`, `problems[].what`. */
function listFields(schema: unknown, path = ''): readonly string[] {
  const { properties, items } = (schema ?? {}) as { properties?: Record<string, unknown>; items?: unknown }
  if (items !== undefined) return listFields(items, `${path}[]`)
  return Object.entries(properties ?? {}).flatMap(([name, field]) => {
    const full = path === '' ? name : `${path}.${name}`
    const inner = listFields(field, full)
    return inner.length === 0 ? [full] : inner
  })
}

describe('docs: verdicts', () => {
  test('the schema file is the one of the code', () =>
    assert.deepEqual(JSON.parse(file), JSON.parse(renderVerdictSchema())))

  test('the page tells every field, and none that does not exist', () => {
    const rows = [...page.matchAll(/^\| `([^|]+)` \|/gm)].flatMap(([, cell = '']) => cell.split('`, `'))
    // Rows of the tables of reasons begin with a capital or are headings.
    const told = rows.filter((name) => !/^[A-Z]/.test(name) && !['error', 'hold'].includes(name))
    assert.deepEqual([...told].sort(), [...listFields(JSON.parse(file))].sort())
  })

  test('the page tells every reason that a look can have', () => {
    const reasons = [
      'Regression',
      'HardFloor',
      'AbortUndecided',
      'Proven',
      'WouldHaveBeenCaught',
      'ProceedUndecided',
      'Watching',
      'Undecided',
    ]
    for (const reason of [...reasons, ...verdictOutcomes]) assert.ok(page.includes(`\`${reason}\``), reason)
  })

  test('the page tells everything that may be wrong with samples', () => {
    const sources = ['analysis/domain/gates/problems.ts', 'analysis/domain/gates/data-facts.ts'].map(readText)
    const reasons = sources.flatMap((source) =>
      [...source.matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, reason = '']) => reason),
    )
    assert.ok(reasons.length > 15, reasons.join())
    for (const reason of reasons) assert.ok(page.includes(`\`${reason}\``), reason)
  })

  test('verdicts fit the schema that is handed out, and what was tampered with does not', () => {
    const schema = z.fromJSONSchema(JSON.parse(file))
    for (const given of [gateCase({ canaryRate: 0.02 }), gateCase(), latencyCase(), gateCase({}, { series: [] })]) {
      const verdict = JSON.parse(JSON.stringify(judgeGate(given)))
      assert.equal(schema.safeParse(verdict).error, undefined)
      for (const wrong of [{ outcome: 'maybe' }, { evidence: '7' }, { version: 2 }, { noise: {} }, { extra: 1 }])
        assert.equal(schema.safeParse({ ...verdict, ...wrong }).success, false, JSON.stringify(wrong))
    }
    assert.ok(gateVerdictSchema)
  })
})
