/** The page of every router against the table of capabilities: what a page says it can is what the code says, and the index names them all. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type RouterCapabilities,
  routerCapabilities,
  routerField,
  routerIds,
} from '../../../controller/api/router-capabilities.ts'
import { listFiles, readText, tableBelow } from './documents.ts'

const pageOf = (id: string): string => `docs/reference/routers/${id.replace('/', '-')}.md`

const yesOrNo = (can: boolean): string => (can ? 'yes' : 'no')
const ID_RANGE = { any: 'any modulus', powerOfTen: 'powers of ten', none: 'no' } as const

/** The rows that the page has to show, the last one with words of its own behind `by` or `no`. */
const rowsOf = ({ headers, color, ...can }: RouterCapabilities): readonly (readonly [string, string])[] => [
  ['header routes', headers.length > 0 ? headers.join(', ') : 'no'],
  ['mirror', yesOrNo(can.mirror)],
  ['experiments', yesOrNo(can.additional)],
  ['ping-pong', yesOrNo(can.pingPong)],
  ['weights above 100', yesOrNo(can.maxWeight)],
  ['colour: cookie', yesOrNo(color.cookie)],
  ['colour: id range', ID_RANGE[color.idRange]],
  ['colour: client address', yesOrNo(color.cidr)],
]

describe('the pages of routers', () => {
  for (const id of routerIds)
    test(`${id} says what it can`, () => {
      const rows = tableBelow(readText(pageOf(id)), '## Capabilities')
      assert.deepEqual(
        rows.slice(0, -1).map(([name, value]) => [name, value]),
        rowsOf(routerCapabilities[id]),
      )
      const [name, value = ''] = rows.at(-1) ?? []
      assert.equal(name, 'confirmation')
      assert.match(value, routerCapabilities[id].confirms ? /^by / : /^no: /)
    })

  test('are all there are, and the index names each with its field', () => {
    const index = tableBelow(readText('docs/reference/routers.md'), '## Routers')
    assert.deepEqual(
      index.map(([field]) => field),
      routerIds.map((id) => `\`${routerField(id)}\``),
    )
    assert.deepEqual(listFiles('docs/reference/routers', ['.md']), [...routerIds].map(pageOf).sort())
  })
})
