/**
 * No credential of a metric leaves the controller but in the request: not when the other side repeats everything that it was sent, not when the
 * connection fails with the address in its message. Looked for in the status, in events and in the log at its most talkative.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { AnalysisRunSpec, Metric } from '../../../controller/api/analysis.ts'
import { secrets } from '../../../controller/kube/kinds.ts'
import { type HttpRequest, type HttpResponse, TransportError } from '../../../controller/runtime/http.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { createAnalysisCluster } from './analysis-cluster.ts'

const SECRET = 'hu5h-hu5h/+"x'
const TOKEN = 'iss0ed-t0ken'
const fromSecret = '{{args.token}}'

/** Fails, and says why with all that it was told. */
const echo = ({ url, headers, body }: HttpRequest): HttpResponse => ({
  status: 400,
  headers: {},
  body: JSON.stringify({
    status: 'error',
    errorType: 'bad_data',
    error: `refused: ${url} ${JSON.stringify(headers)} ${body ?? ''}`,
  }),
})
const value = (request: HttpRequest): HttpResponse => ({
  status: 200,
  headers: {},
  body: JSON.stringify({
    answer: JSON.stringify(request),
    status: 'success',
    data: { resultType: 'vector', result: [] },
  }),
})
const breakOff = ({ url, headers }: HttpRequest): HttpResponse => {
  throw new TransportError('network', `${url} broke off after ${JSON.stringify(headers)}`)
}

const oauth2 = (clientSecret: string) => ({
  oauth2: { tokenUrl: 'http://tokens/token', clientId: 'penstock', clientSecret },
})
const places: readonly (readonly [name: string, credential: (secret: string) => Readonly<Record<string, unknown>>])[] =
  [
    ['a header', (secret) => ({ headers: [{ key: 'X-Token', value: secret }] })],
    ['a bearer header', (secret) => ({ headers: [{ key: 'Authorization', value: `Bearer ${secret}` }] })],
    [
      'basic authentication',
      (secret) => ({ authentication: { basicAuth: { username: 'penstock', password: secret } } }),
    ],
    ['OAuth2', (secret) => ({ authentication: oauth2(secret) })],
  ]
const providers: readonly (readonly [
  name: string,
  provider: (more: Readonly<Record<string, unknown>>) => Metric['provider'],
])[] = [
  ['prometheus', (more) => ({ prometheus: { address: 'http://prometheus', query: 'up', ...more } })],
  ['web', (more) => ({ web: { url: 'http://service/', jsonPath: '{$.answer}', ...more } })],
  [
    'penstock/gate',
    (more) => ({
      plugin: {
        'penstock/gate': {
          gate: 'errorRate',
          address: 'http://prometheus',
          service: 'shop',
          canary: 'b',
          stable: 'a',
          ...more,
        },
      },
    }),
  ],
]

async function run(context: TestContext, spec: AnalysisRunSpec, answer: (request: HttpRequest) => HttpResponse) {
  const clock = createFakeClock()
  const requests: HttpRequest[] = []
  const logged: string[] = []
  const http = {
    async send(request: HttpRequest): Promise<HttpResponse> {
      requests.push(request)
      if (!request.url.startsWith('http://tokens/')) return answer(request)
      return { status: 200, headers: {}, body: JSON.stringify({ access_token: TOKEN, expires_in: 3600 }) }
    },
  }
  const cluster = await createAnalysisCluster({ clock, http, logged })
  context.after(() => cluster.close())
  await cluster.client.create(secrets, {
    metadata: { name: 'credentials', namespace: 'default' },
    data: { token: Buffer.from(SECRET).toString('base64') },
  } as never)
  await cluster.createRun('run', spec)
  cluster.startController()
  for (let step = 0; step < 40; step += 1) await clock.advance(500)
  const { status } = (await cluster.getRun('run')) ?? {}
  return { requests, shown: [JSON.stringify(status), ...(await cluster.eventLines()), ...logged] }
}

const forms = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  JSON.stringify(secret).slice(1, -1),
  JSON.stringify(JSON.stringify(secret)).slice(3, -3),
]
/** In whatever form it was sent. */
const known = [...forms(SECRET), ...forms(TOKEN), Buffer.from(`penstock:${SECRET}`).toString('base64')]

function assertHidden(shown: readonly string[]): void {
  for (const text of shown)
    for (const form of known) assert.ok(!text.includes(form), `${form} is in ${text.slice(0, 2000)}`)
}

const answers = { echo, value, breakOff }

const args = [{ name: 'token', valueFrom: { secretKeyRef: { name: 'credentials', key: 'token' } } }]

for (const [provider, providerWith] of providers)
  describe(`credentials of ${provider} stay in the request`, () => {
    for (const [place, credential] of places)
      for (const [what, answer] of Object.entries(answers))
        for (const [origin, secret] of [
          ['a Secret', fromSecret],
          ['the spec', SECRET],
        ] as const)
          test(`${place}, from ${origin}, ${what}`, async (context) => {
            const metric = { name: 'metric', successCondition: 'true', provider: providerWith(credential(secret)) }
            const { requests, shown } = await run(context, { metrics: [metric], args }, answer)
            const sent = JSON.stringify(requests.map((request) => request.headers))
            const credentials = place === 'OAuth2' ? forms(TOKEN) : known
            assert.ok(
              credentials.some((form) => sent.includes(form)),
              `none was sent: ${sent}`,
            )
            assertHidden(shown)
          })
  })
