/** The reference of colours against the code: the table of routers is made from their capabilities, and the tables of fields name every field. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { colorStepSchema } from '../../../controller/api/color-step.ts'
import {
  type RouterCapabilities,
  routerCapabilities,
  routerField,
  routerIds,
} from '../../../controller/api/router-capabilities.ts'
import { LONGEST_CONFIG } from '../../../controller/api/step-plugin-config.ts'
import { namesIn, readText, tableBelow } from './documents.ts'

const PATH = 'docs/reference/color.md'
const HEADING = '## Which router can what'
const reference = readText(PATH)

const yesOrNo = (can: boolean): string => (can ? 'yes' : 'no')
const ID_RANGE = { any: 'any modulus', powerOfTen: 'powers of ten', none: 'no' } as const

const rows = routerIds.map((id) => {
  const { headers, color, single }: RouterCapabilities = routerCapabilities[id]
  return [
    `\`${routerField(id)}\``,
    headers.join(', ') || 'no',
    yesOrNo(color.cookie),
    ID_RANGE[color.idRange],
    yesOrNo(color.cidr),
    single ? 'one, of one comparison' : headers.length > 0 ? 'several' : '–',
  ]
})

/** As golden files are: PENSTOCK_UPDATE_GOLDEN=1 writes the table. */
function updateTable(): void {
  const at = reference.indexOf('|---', reference.indexOf(HEADING))
  const end = reference.indexOf('\n\n', at)
  const head = reference.slice(0, reference.indexOf('\n', at))
  const table = rows.map((cells) => `\n| ${cells.join(' | ')} |`).join('')
  writeFileSync(new URL(`../../../${PATH}`, import.meta.url), `${head}${table}${reference.slice(end)}`)
}

describe('the reference of colours', () => {
  test('says of every router what the code says', () => {
    if (process.env.PENSTOCK_UPDATE_GOLDEN) updateTable()
    else assert.deepEqual(tableBelow(reference, HEADING), rows, 'write the table with PENSTOCK_UPDATE_GOLDEN=1')
  })

  test('names every field, and no other', () => {
    const { name, match } = colorStepSchema.shape
    const fieldsBelow = (heading: string) => tableBelow(reference, heading).flatMap(([cell]) => namesIn(cell))
    assert.ok(name && match)
    assert.deepEqual(fieldsBelow('## Fields of `config`'), Object.keys(colorStepSchema.shape))
    assert.deepEqual(fieldsBelow('## Fields of `match`'), Object.keys(match.unwrap().element.shape))
  })

  test('knows the limits', () => {
    assert.ok(reference.includes(`at most ${LONGEST_CONFIG} characters of JSON`))
    const match = { headers: [{ name: 'a', value: { exact: 'b' } }] }
    const takes = (count: number): boolean =>
      colorStepSchema.safeParse({ name: 'a', match: Array.from({ length: count }, () => match) }).success
    assert.deepEqual([takes(16), takes(17), reference.includes('up to 16 alternatives')], [true, false, true])
  })
})
