/** `graphite` against a server that takes the render API's documented request only. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Handler, type Lab, openLab } from './lab.ts'

const TARGET = 'summarize(sumSeries(app.http.*.*.count),"5min","sum",false)'

const render =
  (answer: unknown, { status = 200, path = '/render' } = {}): Handler =>
  (request) => {
    assert.deepEqual([request.method, request.path, request.body], ['GET', path, ''])
    assert.deepEqual(request.query, { target: TARGET, from: '-5min', format: 'json' })
    return { status, body: typeof answer === 'string' ? answer : JSON.stringify(answer) }
  }

const series = (...values: readonly unknown[]): object => ({
  target: TARGET,
  datapoints: values.map((value, index) => [value, 1_767_225_600 + index * 60]),
})

describe('graphite', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab()
  })
  after(() => lab.close())

  const metric = (successCondition = 'asFloat(result[0]) < 3', path = '') => ({
    // White space is layout, as in Argo's examples.
    provider: {
      graphite: {
        address: `${lab.address}${path}`,
        query: 'target=summarize(\n  sumSeries(app.http.*.*.count),\n  "5min", "sum", false)\n&from=-5min&format=xml',
      },
    },
    successCondition,
  })

  const answers: readonly (readonly [string, unknown, string, RegExp | undefined, string?])[] = [
    ['numbers, gaps left out', [series(1, null, 2.5)], 'Successful', undefined, '[1.000000,2.500000]'],
    ['numbers as text', [series('1.5', '1e2')], 'Successful', undefined, '[1.500000,100.000000]'],
    ['too much', [series(4)], 'Failed', undefined, '[4.000000]'],
    ['nothing but gaps', [series(null, null)], 'Inconclusive', /^NoData: the result is empty$/, '[]'],
    ['no point', [series()], 'Inconclusive', /^NoData: no values found$/],
    ['no series', [], 'Inconclusive', /^NoData: no values found$/],
    ['NaN as text', [series('NaN')], 'Inconclusive', /^NoData: the result contains NaN$/, '[NaN]'],
    ['two series', [series(1), series(9)], 'Error', /^graphite: the query returns 2 series/],
    ['a word', [series('many')], 'Error', /^graphite: a value is not a number$/],
    ['a point of three', [{ target: 'x', datapoints: [[1, 2, 3]] }], 'Error', /not that of a render API/],
    ['a page', '<html>', 'Error', /not that of a render API/],
  ]
  for (const [name, answer, phase, message, value] of answers)
    test(name, async () => {
      lab.serve(render(answer))
      const { measurement } = await lab.measure(metric())
      assert.equal(measurement.phase, phase, measurement.message)
      assert.equal(measurement.value, value)
      if (message) assert.match(measurement.message ?? '', message)
    })

  test('asks below a path', async () => {
    lab.serve(render([series(1)], { path: '/graphite/render' }))
    assert.equal((await lab.measure(metric(undefined, '/graphite/'))).measurement.phase, 'Successful')
  })

  test('a status that is no success, without its body', async () => {
    lab.serve(render('secret page', { status: 500 }))
    assert.equal((await lab.measure(metric())).measurement.message, 'graphite: HTTP 500')
  })

  test('Argo’s reading: no point is an error, of two series the first counts', async () => {
    lab.serve(render([]))
    assert.equal((await lab.measure(metric(), 'argo')).measurement.phase, 'Error')
    lab.serve(render([series(1), series(9)]))
    const { measurement } = await lab.measure(metric(), 'argo')
    assert.deepEqual([measurement.phase, measurement.value], ['Successful', '[1.000000]'])
  })
})
