/**
 * What AWS says of a load balancer: its target groups, their targets, and how its listener rules share requests among them. Reads only. The SDK is
 * loaded with the first question: who does not ask does not pay for it.
 */
import type {
  ElasticLoadBalancingV2,
  ElasticLoadBalancingV2ClientConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2'

export interface TargetGroup {
  readonly arn: string
  readonly name: string
  /** Value of the tag that tells which Service it stands for. */
  readonly resource: string
  readonly healthyTargets: number
}

export interface LoadBalancer {
  readonly arn: string
  readonly name: string
  readonly targetGroups: readonly TargetGroup[]
  /** Of every rule with a forward to these target groups: weights by the group's ARN. */
  readonly forwards: readonly Readonly<Record<string, number>>[]
}

export interface ElbReader {
  /**
   * Undefined when there is no load balancer of this host name. Rejects when AWS does not answer or refuses.
   *
   * @param owner start of the tag's value: other target groups of a shared load balancer are left out
   */
  describe(hostname: string, owner: string, signal: AbortSignal): Promise<LoadBalancer | undefined>
}

export interface ElbOptions {
  /** The tag of a target group that names its Service. */
  readonly resourceTag: string
  /** Where and as whom to ask; when absent what the environment says, as every program on AWS understands it. */
  readonly connection?: Pick<ElasticLoadBalancingV2ClientConfig, 'endpoint' | 'region' | 'credentials'>
}

/** AWS answers no more resources in one question for tags. */
const TAGS_AT_ONCE = 20
const CALL_MS = 10_000

export function createElbReader({ resourceTag, connection }: ElbOptions): ElbReader {
  let opened: Promise<ElasticLoadBalancingV2> | undefined
  const identities = new Map<string, { readonly arn: string; readonly name: string }>()

  async function open(): Promise<ElasticLoadBalancingV2> {
    // By its default: a bundle knows a CommonJS package that is loaded late by nothing else.
    const { ElasticLoadBalancingV2 } = (await import('@aws-sdk/client-elastic-load-balancing-v2')).default
    return new ElasticLoadBalancingV2({
      ...connection,
      maxAttempts: 2,
      requestHandler: { requestTimeout: CALL_MS, connectionTimeout: CALL_MS },
    })
  }

  async function identify(elb: ElasticLoadBalancingV2, hostname: string, abortSignal: AbortSignal) {
    const known = identities.get(hostname)
    if (known) return known
    const all = await collect(async (Marker) => {
      const page = await elb.describeLoadBalancers({ PageSize: 300, ...Marker }, { abortSignal })
      return [page.LoadBalancers, page.NextMarker]
    })
    const found = all.find(({ DNSName }) => DNSName === hostname)
    if (!found?.LoadBalancerArn) return undefined
    const identity = { arn: found.LoadBalancerArn, name: found.LoadBalancerName ?? '' }
    identities.set(hostname, identity)
    return identity
  }

  return {
    async describe(hostname, owner, abortSignal) {
      opened ??= open()
      const elb = await opened
      const identity = await identify(elb, hostname, abortSignal)
      if (!identity) return undefined
      try {
        const targetGroups = await readTargetGroups(elb, { arn: identity.arn, owner, resourceTag }, abortSignal)
        const forwards = await readForwards(elb, identity.arn, new Set(targetGroups.map(({ arn }) => arn)), abortSignal)
        return { ...identity, targetGroups, forwards }
      } catch (error) {
        // A load balancer that was replaced has another ARN.
        identities.delete(hostname)
        throw error
      }
    },
  }
}

interface Wanted {
  readonly arn: string
  readonly owner: string
  readonly resourceTag: string
}

async function readTargetGroups(
  elb: ElasticLoadBalancingV2,
  { arn: LoadBalancerArn, owner, resourceTag }: Wanted,
  abortSignal: AbortSignal,
): Promise<readonly TargetGroup[]> {
  const all = await collect(async (Marker) => {
    const page = await elb.describeTargetGroups({ LoadBalancerArn, ...Marker }, { abortSignal })
    return [page.TargetGroups, page.NextMarker]
  })
  const arns = all.flatMap(({ TargetGroupArn }) => TargetGroupArn ?? [])
  const resources = new Map<string, string>()
  for (let at = 0; at < arns.length; at += TAGS_AT_ONCE) {
    const { TagDescriptions = [] } = await elb.describeTags(
      { ResourceArns: arns.slice(at, at + TAGS_AT_ONCE) },
      { abortSignal },
    )
    for (const { ResourceArn = '', Tags = [] } of TagDescriptions) {
      const tag = Tags.find(({ Key }) => Key === resourceTag)
      if (tag?.Value?.startsWith(owner)) resources.set(ResourceArn, tag.Value)
    }
  }
  const groups: TargetGroup[] = []
  for (const { TargetGroupArn: arn = '', TargetGroupName: name = '' } of all) {
    const resource = resources.get(arn)
    if (resource === undefined) continue
    const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({ TargetGroupArn: arn }, { abortSignal })
    const healthy = TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy')
    groups.push({ arn, name, resource, healthyTargets: healthy.length })
  }
  return groups
}

async function readForwards(
  elb: ElasticLoadBalancingV2,
  LoadBalancerArn: string,
  groups: ReadonlySet<string>,
  abortSignal: AbortSignal,
): Promise<LoadBalancer['forwards']> {
  const listeners = await collect(async (Marker) => {
    const page = await elb.describeListeners({ LoadBalancerArn, ...Marker }, { abortSignal })
    return [page.Listeners, page.NextMarker]
  })
  const forwards: Readonly<Record<string, number>>[] = []
  for (const { ListenerArn } of listeners) {
    const rules = await collect(async (Marker) => {
      const page = await elb.describeRules({ ListenerArn, ...Marker }, { abortSignal })
      return [page.Rules, page.NextMarker]
    })
    for (const { ForwardConfig } of rules.flatMap(({ Actions = [] }) => Actions)) {
      const weights = (ForwardConfig?.TargetGroups ?? []).flatMap(({ TargetGroupArn = '', Weight }) =>
        groups.has(TargetGroupArn) ? [[TargetGroupArn, Weight ?? 1] as const] : [],
      )
      if (weights.length > 0) forwards.push(Object.fromEntries(weights))
    }
  }
  return forwards
}

/** All pages of an answer. */
async function collect<T>(
  page: (marker: { readonly Marker?: string }) => Promise<readonly [T[] | undefined, string | undefined]>,
): Promise<readonly T[]> {
  const all: T[] = []
  let marker: string | undefined
  do {
    const [items = [], next] = await page(marker === undefined ? {} : { Marker: marker })
    all.push(...items)
    marker = next
  } while (marker)
  return all
}
