/** `cloudWatch` against a server that takes GetMetricData of the JSON protocol only, signed, and roles that AWS' token service gives. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createAwsCredentialSource } from '../../../../analysis/reconcile/aws-credentials.ts'
import { systemClock } from '../../../../controller/runtime/clock.ts'
import { assertSigned } from './aws-signature.ts'
import { type Handler, type Lab, openLab, type Reply } from './lab.ts'

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'own-secret-of-a-test',
  sessionToken: 'own/session+token==',
}
const region = 'eu-west-1'
const INTERVAL_MS = 900_000

const metricDataQueries = [
  { id: 'rate', expression: 'errors / requests', label: 'Errors', period: '60' },
  {
    id: 'errors',
    returnData: false,
    metricStat: {
      metric: {
        namespace: 'AWS/ApplicationELB',
        metricName: 'HTTPCode_Target_5XX_Count',
        dimensions: [{ name: 'TargetGroup', value: 'targetgroup/canary/{{args.group}}' }],
      },
      period: 60,
      stat: 'Sum',
      unit: 'Count',
    },
  },
]

const api =
  (reply: Reply): Handler =>
  (request) => {
    assert.deepEqual([request.method, request.path, request.query], ['POST', '/', {}])
    assert.equal(request.headers['content-type'], 'application/x-amz-json-1.0')
    assert.equal(request.headers['x-amz-target'], 'GraniteServiceVersion20100801.GetMetricData')
    assertSigned(request, { ...credentials, region, service: 'monitoring' })
    const { StartTime, EndTime, ...rest } = JSON.parse(request.body)
    assert.ok(Math.abs(EndTime - Date.now() / 1000) < 60)
    assert.ok(Math.abs(EndTime - StartTime - INTERVAL_MS / 1000) < 0.01)
    assert.deepEqual(rest, {
      MetricDataQueries: [
        { Id: 'rate', Expression: 'errors / requests', Label: 'Errors', Period: 60 },
        {
          Id: 'errors',
          MetricStat: {
            Metric: {
              Namespace: 'AWS/ApplicationELB',
              MetricName: 'HTTPCode_Target_5XX_Count',
              Dimensions: [{ Name: 'TargetGroup', Value: 'targetgroup/canary/73e2' }],
            },
            Period: 60,
            Stat: 'Sum',
            Unit: 'Count',
          },
          ReturnData: false,
        },
      ],
    })
    return reply
  }

const result = (more: object = {}): object => ({
  Id: 'rate',
  Label: 'Errors',
  StatusCode: 'Complete',
  Timestamps: [1767225660, 1767225600],
  Values: [0.02, 0.00001],
  ...more,
})
const answer = (results: readonly object[], more: object = {}): Reply => ({
  body: JSON.stringify({ MetricDataResults: results, Messages: [], ...more }),
})
const refusal = (status: number, type: string, message: string): Reply => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.cloudwatch.v2010_08_01#${type}`, message }),
})

describe('cloudWatch', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab({
      config: (endpoint) => ({ providers: { aws: { region, endpoint } } }),
      aws: () => ({ get: async () => credentials }),
    })
  })
  after(() => lab.close())

  const metric = (successCondition: string) => ({
    provider: {
      cloudWatch: {
        interval: '15m',
        metricDataQueries: JSON.parse(JSON.stringify(metricDataQueries).replace('{{args.group}}', '73e2')),
      },
    },
    successCondition,
  })

  /** answer, condition, mode, phase, value or what the message begins with */
  const rows: readonly (readonly [string, Reply, string, 'strict' | 'argo', string, string])[] = [
    ['good', answer([result()]), 'all(result[0].Values, # < 0.05)', 'strict', 'Successful', '[[0.02 1e-05]]'],
    ['bad', answer([result()]), 'result[0].Values[0] < 0.01', 'strict', 'Failed', '[[0.02 1e-05]]'],
    [
      'two results',
      answer([result(), result({ Values: [3] })]),
      'result[1].Values[0] == 3',
      'strict',
      'Successful',
      '[[0.02 1e-05] [3]]',
    ],
    [
      'what is beside the values',
      answer([result()]),
      'result[0].Label == "Errors" && result[0].Timestamps[0] > 0',
      'strict',
      'Successful',
      '[[',
    ],
    [
      'no values',
      answer([result({ Values: [], Timestamps: [] })]),
      'all(result[0].Values, # < 1)',
      'strict',
      'Inconclusive',
      'NoData: query "rate" returns no values',
    ],
    [
      'no values',
      answer([result({ Values: [], Timestamps: [] })]),
      'all(result[0].Values, # < 1)',
      'argo',
      'Successful',
      '[[]]',
    ],
    ['no results', answer([]), 'len(result) == 0', 'strict', 'Inconclusive', 'NoData: the result is empty'],
    [
      'NaN',
      answer([result({ Values: [1, 'NaN'] })]),
      'result[0].Values[0] == 1',
      'strict',
      'Inconclusive',
      'NoData: query "rate" returns a value that is no number',
    ],
    [
      'partial data',
      answer([result({ StatusCode: 'PartialData' })]),
      'true',
      'strict',
      'Error',
      'cloudWatch: the data of query "rate" is PartialData',
    ],
    ['partial data', answer([result({ StatusCode: 'PartialData' })]), 'true', 'argo', 'Successful', '[[0.02 1e-05]]'],
    [
      'more pages',
      answer([result()], { NextToken: 'n' }),
      'true',
      'strict',
      'Error',
      'cloudWatch: the answer has more pages',
    ],
    [
      'a bad query',
      refusal(400, 'InvalidParameterValueException', 'expression is invalid'),
      'true',
      'strict',
      'Error',
      'cloudWatch: HTTP 400, InvalidParameterValueException: expression is invalid',
    ],
    [
      'no right',
      refusal(400, 'AccessDeniedException', 'User: arn:aws:iam::123456789012:user/hush may not'),
      'true',
      'strict',
      'Error',
      'cloudWatch: HTTP 400, AccessDeniedException',
    ],
    [
      'a throttle',
      refusal(400, 'ThrottlingException', 'Rate exceeded'),
      'true',
      'strict',
      'Error',
      'cloudWatch: HTTP 400, ThrottlingException',
    ],
    ['a proxy', { status: 502, body: '<html>hush' }, 'true', 'strict', 'Error', 'cloudWatch: HTTP 502'],
    [
      'another service',
      { body: '{}' },
      'true',
      'strict',
      'Error',
      'cloudWatch: the answer is not that of GetMetricData',
    ],
  ]
  for (const [name, reply, condition, mode, phase, said] of rows)
    test(`${name} (${mode}) is ${phase}`, async () => {
      lab.serve(api(reply))
      const { measurement, run } = await lab.measure(metric(condition), mode)
      assert.equal(measurement.phase, phase, measurement.message)
      const told = measurement.phase === 'Error' || said.startsWith('NoData') ? measurement.message : measurement.value
      assert.ok(told?.startsWith(said), told)
      assert.ok(!/hush|session|own-secret/.test(JSON.stringify(run.status)))
    })

  test('what CloudWatch remarks is kept', async () => {
    lab.serve(api(answer([result()], { Messages: [{ Code: 'MaxMetricsExceeded', Value: 'too many' }] })))
    const { measurement } = await lab.measure(metric('true'))
    assert.deepEqual(measurement.metadata, { messages: 'MaxMetricsExceeded: too many' })
  })

  test('a session’s token that comes back is masked', async () => {
    lab.serve(api(answer([result()], { Messages: [{ Code: 'Echo', Value: credentials.sessionToken }] })))
    const { measurement } = await lab.measure(metric('true'))
    assert.deepEqual(measurement.metadata, { messages: 'Echo: *****' })
  })
})

describe('cloudWatch without a region', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab({ aws: () => ({ get: async () => credentials }) })
  })
  after(() => lab.close())
  test('is an error that says what to set', async () => {
    const { measurement } = await lab.measure({
      provider: { cloudWatch: { metricDataQueries: [{ id: 'a', expression: 'b' }] } },
    })
    assert.equal(measurement.phase, 'Error')
    assert.equal(measurement.message, 'cloudWatch: the controller has no region; set AWS_REGION in its environment')
  })
})

/** A Prometheus and the token service are one server here. */
describe('a role of AWS', () => {
  const roleArn = 'arn:aws:iam::123456789012:role/metrics-reader'
  const taken = { accessKeyId: 'ASIATAKEN', secretAccessKey: 'taken-secret', sessionToken: 'taken-session' }
  let assumed = 0
  let lab: Lab
  let mayAssume = true
  before(async () => {
    lab = await openLab({
      aws: (endpoint) => createAwsCredentialSource(systemClock, { endpoint, credentials }),
    })
  })
  after(() => lab.close())

  const answerOfToken = (): string =>
    `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>${taken.accessKeyId}</AccessKeyId><SecretAccessKey>${taken.secretAccessKey}</SecretAccessKey><SessionToken>${taken.sessionToken}</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
  const both: Handler = (request) => {
    if (request.path !== '/') {
      assert.equal(request.path, '/aps-workspaces/api/v1/query')
      assertSigned(request, { ...taken, region, service: 'aps' })
      assert.equal(new URLSearchParams(request.body).get('query'), 'up')
      return { body: '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}' }
    }
    assertSigned(request, { ...credentials, region, service: 'sts' })
    const form = new URLSearchParams(request.body)
    assert.deepEqual([form.get('Action'), form.get('RoleArn')], ['AssumeRole', roleArn])
    assumed += 1
    if (mayAssume) return { body: answerOfToken() }
    return {
      status: 403,
      body: '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>arn:hush may not</Message></Error></ErrorResponse>',
    }
  }
  const metric = () => ({
    provider: {
      prometheus: {
        address: `${lab.address}/aps-workspaces`,
        query: 'up',
        authentication: { sigv4: { region, roleArn } },
      },
    },
    successCondition: 'result[0] == 1',
  })

  test('that must not be taken is told by its name and the kind of refusal, and asked for again', async () => {
    mayAssume = false
    lab.serve(both)
    const { measurement } = await lab.measure(metric())
    mayAssume = true
    assert.equal(measurement.phase, 'Error')
    assert.equal(measurement.message, `sigv4: the role ${roleArn} cannot be taken (AccessDenied)`)
  })

  test('is taken once, and what it may is signed with its credentials', async () => {
    assumed = 0
    lab.serve(both)
    for (const mode of ['strict', 'argo'] as const)
      assert.equal((await lab.measure(metric(), mode)).measurement.phase, 'Successful')
    assert.equal(assumed, 1)
  })
})
