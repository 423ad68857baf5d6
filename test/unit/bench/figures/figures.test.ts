/** Pictures and tables of the documents are those that the code draws today. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { drawGuide } from '../../../bench/figures/draw-guide.ts'
import { drawPictures, readGuide, readPicture } from '../../../bench/figures/figures.ts'
import { createPanel } from '../../../bench/figures/panel.ts'
import { caughtAfter, minutesUntilCaught } from '../../../bench/figures/power.ts'
import { drawPath, drawText, renderSvg } from '../../../bench/figures/svg.ts'
import { listFiles } from '../../docs/documents.ts'

const STALE = 'it would be drawn otherwise today: npm run bench -- figures'

describe('pictures of the statistics', () => {
  test('are those that the code draws', async () => {
    const pictures = await drawPictures()
    for (const [name, text] of Object.entries(pictures))
      assert.ok((await readPicture(name)) === text, `docs/images/statistics/${name}: ${STALE}`)
    assert.deepEqual(
      listFiles('docs/images/statistics', ['']).map((path) => path.replace(/^.*\//, '')),
      Object.keys(pictures).sort(),
    )
  })

  test('are well-formed enough: every element is closed, no coordinate is missing', async () => {
    for (const [name, text] of Object.entries(await drawPictures())) {
      assert.equal(text.match(/<text/g)?.length, text.match(/<\/text>/g)?.length, name)
      assert.doesNotMatch(text, /NaN|Infinity|undefined/, name)
      assert.match(text, /<title>[^<]{20,}<\/title>/, name)
    }
  })
})

describe('tables and texts of the guide', () => {
  test('are those that the engine says', async () => {
    const guide = await readGuide()
    assert.ok(drawGuide(guide) === guide, `docs/guides/gates.md: ${STALE}`)
    assert.match(guide, /<!-- drawn: time-to-threefold -->/)
  })
  test('a block that there is not', () =>
    assert.throws(() => drawGuide('<!-- drawn: x -->\n<!-- end -->'), /nothing is called "x"/))

  test('more traffic and more weight catch more, and sooner', () => {
    const at = (rps: number, weight: number) => caughtAfter({ rps, weight, phi: 1 }, 5) ?? Number.POSITIVE_INFINITY
    assert.ok(at(1000, 0.1) < at(100, 0.1) && at(100, 0.1) < at(20, 0.1))
    assert.ok(at(100, 0.5) < at(100, 0.05))
    const until = (rps: number) => minutesUntilCaught({ rps, weight: 0.1, phi: 1 }, 3, 600) ?? Number.POSITIVE_INFINITY
    assert.ok(until(1000) < until(100) && until(100) < until(20))
    assert.equal(minutesUntilCaught({ rps: 0.001, weight: 0.05, phi: 1 }, 3, 60), undefined)
  })
})

describe('drawing', () => {
  const panel = createPanel({
    title: 'a < b',
    at: [100, 50],
    size: [200, 100],
    x: { label: 'x', from: 0, to: 10, ticks: [[0, '0']] },
    y: { label: 'y', from: 1, to: 100, isLog: true, ticks: [[10, '10']] },
  })
  test('places values, logarithmic ones too, and keeps those outside at the edge', () => {
    assert.deepEqual(panel.place(0, 1), [100, 150])
    assert.deepEqual(panel.place(5, 10), [200, 100])
    assert.deepEqual(panel.place(99, 1000), [300, 50])
    assert.deepEqual(panel.place(5, 0), [200, 150])
  })
  test('writes text as text', () => {
    assert.ok(panel.frame.includes('a &lt; b'))
    assert.equal(drawText('a&b', { at: [1.04, 2.06] }), '<text x="1" y="2.1" text-anchor="start">a&amp;b</text>')
  })
  test('has a light and a dark side', () => {
    const line = drawPath(
      [
        [0, 0],
        [1, 1],
      ],
      'line s-blue',
    )
    const svg = renderSvg({ width: 10, height: 10, title: 'x', parts: [line] })
    assert.match(svg, /\.ground\{fill:#ffffff\}[\s\S]*@media \(prefers-color-scheme:dark\)\{\n\.ground\{fill:#161b22\}/)
    assert.ok(svg.includes('<path class="line s-blue" d="M0 0L1 1"/>'))
  })
})
