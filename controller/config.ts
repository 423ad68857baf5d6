/**
 * Flags and environment, read once, checked and frozen. Nobody else touches `process.env` or `process.argv`. A wrong flag is one sentence that
 * names it; flags of Argo Rollouts that mean nothing here are accepted and reported, so that its manifests start us unchanged.
 */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { defaultRouterIds, parseRouterIds } from './api/enabled-routers.ts'
import { stepPluginNames } from './api/step-plugin-config.ts'
import { notifySettingsSchema } from './notify/settings.ts'

const port = z.coerce.number().int().min(0).max(65_535)
const count = z.coerce.number().int().min(1).max(1_000)
const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const routers = z.string().transform((text, context) => {
  const ids = parseRouterIds(text)
  if (!('problem' in ids)) return ids
  context.addIssue(ids.problem)
  return z.NEVER
})

const consulAddress = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text.replace(/\/$/, ''),
    'must be http or https, a host and a port, and nothing else',
  )

const settingsSchema = z.object({
  kubeconfig: z
    .string()
    .min(1)
    .optional()
    .describe("path of a kubeconfig; absent: KUBECONFIG, ~/.kube/config, then the pod's service account"),
  context: z.string().min(1).optional().describe('context of the kubeconfig'),
  namespace: z.string().min(1).optional().describe('namespace of `--namespaced`, and of the Lease outside a cluster'),
  namespaced: flag.default(false).describe('serve one namespace only'),
  'instance-id': z
    .string()
    .min(1)
    .optional()
    .describe('serve only objects with this instance-id label; absent: only objects without one'),
  metricsPort: port.default(8090).describe('port of /metrics'),
  healthzPort: port.default(8080).describe('port of /healthz and /readyz'),
  'webhook-port': port.default(8088).describe('port of the alert receiver'),
  'bind-address': z.string().min(1).optional().describe('interface of every port; absent: every one'),
  'leader-elect': flag.default(true).describe('take the Lease before writing; false only where one process runs'),
  'leader-election-namespace': z.string().min(1).optional().describe('namespace of the Lease'),
  'rollout-threads': count.default(10).describe('Rollouts worked on at the same time'),
  'experiment-threads': count.default(10).describe('Experiments worked on at the same time'),
  'analysis-threads': count.default(30).describe('AnalysisRuns worked on at the same time'),
  qps: z.coerce.number().positive().default(200).describe('API calls a second, for each API group'),
  burst: z.coerce.number().positive().default(400).describe('API calls at once, for each API group'),
  loglevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('debug, info, warn or error'),
  logformat: z.enum(['json', 'text', '']).default('json').describe('json or text'),
  compat: z.enum(['strict', 'argo']).default('strict').describe('strict, or argo: read verdicts as Argo Rollouts does'),
  'allow-outbound': z
    .array(z.string().min(1))
    .default([])
    .describe('address, CIDR or host that metric and message URLs may lead to though it is local; repeatable'),
  routers: routers
    .default(defaultRouterIds)
    .describe("traffic routers to drive, with commas between them; absent: Argo's own and argoproj-labs/gatewayAPI"),
  'aws-verify-target-group': flag
    .default(false)
    .describe('ask AWS whether its load balancers serve the weights of trafficRouting.alb'),
  'alb-tag-key-resource-id': z
    .string()
    .min(1)
    .default('ingress.k8s.aws/resource')
    .describe('tag of target groups that names their Service'),
  'consul-address': consulAddress
    .optional()
    .describe("URL of Consul's HTTP API for the router penstock/consul-kv; absent: no Consul is driven"),
  'consul-token-file': z
    .string()
    .min(1)
    .optional()
    .describe('file with the token for Consul, read anew for each call; absent: CONSUL_HTTP_TOKEN'),
  'consul-ca-file': z.string().min(1).optional().describe("file with the authority of Consul's certificate"),
  'consul-kv-prefix': z.string().default('penstock/').describe('keys that Rollouts may name in Consul begin with it'),
  'disable-step-plugin': z
    .array(z.enum(stepPluginNames))
    .default([])
    .describe('step plugin whose steps count as done without being called; repeatable'),
  'step-plugin-namespace': z
    .array(z.string().min(1))
    .default([])
    .describe('namespace that wait-until steps and penstock/kubernetes metrics may read besides their own; repeatable'),
  'webhook-token-file': z
    .array(z.string().min(1))
    .max(4)
    .default([])
    .describe('file with the bearer tokens of the alert receiver; repeatable; absent: the receiver is off'),
  'webhook-insecure': flag.default(false).describe('take alerts without a token'),
  'webhook-tls-cert': z.string().min(1).optional().describe('certificate of the alert receiver'),
  'webhook-tls-key': z.string().min(1).optional().describe('its key'),
  'admission-port': port.default(8443).describe('port of the admission webhook'),
  'admission-tls-cert': z
    .string()
    .min(1)
    .optional()
    .describe('certificate of the admission webhook; absent: the webhook is off'),
  'admission-tls-key': z.string().min(1).optional().describe('its key'),
  'alert-mapping': z.string().min(1).optional().describe('YAML file: how alerts name rollouts'),
  'slack-webhook-url-file': z.string().optional().describe('file with the URL of a Slack incoming webhook'),
  'slack-token-file': z.string().optional().describe('file with a Slack bot token; needs --slack-channel'),
  'slack-channel': z.string().optional().describe('channel that the bot writes to'),
  'slack-api-url': z.string().optional().describe("base URL of Slack's API"),
  'notify-templates': z.string().optional().describe('YAML file with the texts of messages'),
})
type Settings = z.infer<typeof settingsSchema>

/** What Argo Rollouts knows and this controller needs no setting for. */
const IGNORED = [
  'rollout-resync',
  'service-threads',
  'ingress-threads',
  'ephemeral-metadata-threads',
  'ephemeral-metadata-update-pod-retries',
  'kloglevel',
  'klog-v',
  'istio-api-version',
  'istio-dr-mode',
  'ambassador-api-version',
  'traffic-split-api-version',
  'traefik-api-group',
  'traefik-api-version',
  'apisix-api-version',
  'ingress-api-version',
  'appmesh-crd-version',
  'aws-target-group-binding-api-version',
  'alb-ingress-classes',
  'nginx-ingress-classes',
  'self-service-notification-enabled',
  'controllers',
  'enable-pprof-address',
  'leader-election-lease-duration',
  'leader-election-renew-deadline',
  'leader-election-retry-period',
  'electOnly',
] as const

/** Argo's settings for Jobs that measure elsewhere. To run them here instead would be another test than the one that was meant. */
const UNSUPPORTED_ENVIRONMENT = [
  'ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG',
  'ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE',
] as const

const LISTS = new Set(['allow-outbound', 'disable-step-plugin', 'step-plugin-namespace', 'webhook-token-file'])
const BOOLEANS = new Set(['namespaced', 'leader-elect', 'webhook-insecure', 'aws-verify-target-group'])

export interface Config {
  readonly settings: Settings
  readonly notify: z.infer<typeof notifySettingsSchema>
  /** Where the Lease lives: the namespace of the pod, of `--namespace`, or `default`. */
  readonly leaseNamespace: string
  /** Restricts the controller to one namespace; undefined: the whole cluster. */
  readonly watchNamespace: string | undefined
  readonly prometheusAddress: string | undefined
  /** What Argo's metric providers read of the environment; the keys are secrets. */
  readonly providers: {
    readonly datadog?: { readonly address: string; readonly apiKey: string; readonly appKey: string }
    readonly aws: { readonly region?: string; readonly endpoint?: string }
  }
  /** A secret. */
  readonly consulToken: string | undefined
  /** The API server's ClusterIP when in a cluster: no tenant's URL may lead there. */
  readonly apiServerHost: string | undefined
  /** Flags of Argo Rollouts that were given and do nothing here. */
  readonly ignored: readonly string[]
}

export class ConfigError extends Error {}

function describeFlag([name, schema]: readonly [string, z.ZodType]): string {
  const { data } = schema.safeParse(undefined)
  const initial = ['string', 'number', 'boolean'].includes(typeof data) ? ` (default ${JSON.stringify(data)})` : ''
  return `  --${name.padEnd(26)} ${schema.description ?? ''}${initial}`
}

export const USAGE = `penstock controller: progressive delivery for Kubernetes

Usage: npm start -- [flags]

${Object.entries(settingsSchema.shape).map(describeFlag).join('\n')}
  --help

Environment: ARGO_ROLLOUTS_PROMETHEUS_ADDRESS is the address of prometheus metrics that name none; POD_NAMESPACE that of the Lease;
CONSUL_HTTP_TOKEN the token for Consul where --consul-token-file is absent; DD_API_KEY, DD_APP_KEY and DD_ADDRESS those of datadog metrics that name no
Secret; AWS_REGION and AWS_ENDPOINT_URL_CLOUDWATCH where cloudWatch metrics are, with the credentials that AWS' default chain finds.
Flags of Argo Rollouts that are not listed are accepted and have no effect.`

/** Throws {@link ConfigError} with one sentence; 'help' when help was asked for. */
export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Config | 'help' {
  const given = parseFlags(argv)
  if (given.help) return 'help'
  const unsupported = UNSUPPORTED_ENVIRONMENT.find((name) => env[name])
  if (unsupported)
    throw new ConfigError(
      `${unsupported} is not supported: Jobs of metrics run in the namespace of their AnalysisRun; unset it`,
    )
  const settings = settingsSchema.safeParse(
    Object.fromEntries(Object.entries(given.values).filter(([name]) => name in settingsSchema.shape)),
  )
  if (!settings.success) throw invalid(settings.error, '--')
  const values = settings.data
  const notify = notifySettingsSchema.safeParse(
    definedOnly({
      slackWebhookUrlFile: values['slack-webhook-url-file'],
      slackTokenFile: values['slack-token-file'],
      slackChannel: values['slack-channel'],
      slackApiUrl: values['slack-api-url'],
      notifyTemplates: values['notify-templates'],
    }),
  )
  if (!notify.success) throw invalid(notify.error, '')
  const podNamespace = env.POD_NAMESPACE ?? values.namespace
  return Object.freeze({
    settings: values,
    notify: notify.data,
    leaseNamespace: values['leader-election-namespace'] ?? podNamespace ?? 'default',
    watchNamespace: values.namespaced ? (values.namespace ?? podNamespace ?? 'default') : undefined,
    prometheusAddress: env.ARGO_ROLLOUTS_PROMETHEUS_ADDRESS,
    providers: readProviderSettings(env),
    consulToken: env.CONSUL_HTTP_TOKEN,
    apiServerHost: env.KUBERNETES_SERVICE_HOST,
    ignored: Object.keys(given.values).filter((name) => (IGNORED as readonly string[]).includes(name)),
  })
}

/** Datadog's three belong together, as in Argo; AWS' are those that every program on AWS reads. */
function readProviderSettings(env: Readonly<Record<string, string | undefined>>): Config['providers'] {
  const { DD_ADDRESS: address, DD_API_KEY: apiKey, DD_APP_KEY: appKey } = env
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION
  const endpoint = env.AWS_ENDPOINT_URL_CLOUDWATCH || env.AWS_ENDPOINT_URL
  return {
    ...(address !== undefined && apiKey && appKey ? { datadog: { address, apiKey, appKey } } : {}),
    aws: { ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}) },
  }
}

function parseFlags(argv: readonly string[]): {
  readonly help: boolean
  readonly values: Readonly<Record<string, unknown>>
} {
  const names = [...Object.keys(settingsSchema.shape), ...IGNORED]
  const options = Object.fromEntries(
    names.map((name) => [name, { type: 'string', multiple: LISTS.has(name) } as const]),
  )
  // `--leader-elect` alone means true, as Go's flag packages have it.
  const args = argv.map((arg) => (BOOLEANS.has(arg.replace(/^--/, '')) ? `${arg}=true` : arg))
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean' } }, strict: true })
    const { help, ...rest } = values as Record<string, unknown>
    return { help: help === true, values: rest }
  } catch (error) {
    const message =
      error instanceof Error ? error.message.split('\n')[0]?.replace(/\. To specify.*/, '') : 'a flag does not parse'
    throw new ConfigError(`${message}; see --help`)
  }
}

function invalid(error: z.ZodError, prefix: string): ConfigError {
  const issue = error.issues[0]
  return new ConfigError(`${prefix}${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'does not fit'}`)
}

const definedOnly = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
