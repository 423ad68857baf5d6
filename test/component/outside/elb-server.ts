/**
 * The Elastic Load Balancing API as far as it is read, on a local port: answers in the XML of its public reference, from facts that a test changes.
 * It can refuse, and it counts what it is asked.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ElbFacts {
  /** Load balancers by host name; of the first of them all that follows. */
  hostnames: string[]
  /** Value of the tag by name of the target group, and states of its targets. */
  groups: { name: string; tag: string; targets: string[] }[]
  /** Of each listener the rules: weights by name of the target group. */
  listeners: Record<string, number>[][]
  /** An error code that every question is answered with. */
  refusal?: string
  /** Items in an answer that comes in pages. */
  pageSize: number
}

export const arnOfGroup = (name: string): string =>
  `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/73e2d6bc24d8a067`
export const arnOfLoadBalancer = (at: number): string =>
  `arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/k8s-shop-${at}/50dc6c495c0c9188`
const arnOfListener = (at: number): string => `${arnOfLoadBalancer(0).replace('loadbalancer', 'listener')}/${at}`

const members = (items: readonly string[]): string => items.map((item) => `<member>${item}</member>`).join('')

const answers: Readonly<
  Record<string, (facts: ElbFacts, form: URLSearchParams) => readonly [list: string, items: readonly string[]]>
> = {
  DescribeLoadBalancers: ({ hostnames }) => [
    'LoadBalancers',
    hostnames.map(
      (name, at) =>
        `<LoadBalancerArn>${arnOfLoadBalancer(at)}</LoadBalancerArn><LoadBalancerName>k8s-shop-${at}</LoadBalancerName><DNSName>${name}</DNSName><Type>application</Type>`,
    ),
  ],
  DescribeTargetGroups: ({ groups }) => [
    'TargetGroups',
    groups.map(
      ({ name }) => `<TargetGroupArn>${arnOfGroup(name)}</TargetGroupArn><TargetGroupName>${name}</TargetGroupName>`,
    ),
  ],
  DescribeTags: ({ groups }, form) => [
    'TagDescriptions',
    groups
      .filter(({ name }) => [...form.values()].includes(arnOfGroup(name)))
      .map(
        ({ name, tag }) =>
          `<ResourceArn>${arnOfGroup(name)}</ResourceArn><Tags>${members(['<Key>elbv2.k8s.aws/cluster</Key><Value>c</Value>', `<Key>ingress.k8s.aws/resource</Key><Value>${tag}</Value>`])}</Tags>`,
      ),
  ],
  DescribeTargetHealth: ({ groups }, form) => [
    'TargetHealthDescriptions',
    (groups.find(({ name }) => arnOfGroup(name) === form.get('TargetGroupArn'))?.targets ?? []).map(
      (state, at) =>
        `<Target><Id>10.0.0.${at}</Id><Port>8080</Port></Target><TargetHealth><State>${state}</State></TargetHealth>`,
    ),
  ],
  DescribeListeners: ({ listeners }) => [
    'Listeners',
    listeners.map((_, at) => `<ListenerArn>${arnOfListener(at)}</ListenerArn>`),
  ],
  DescribeRules: ({ listeners }, form) => [
    'Rules',
    [
      ...(listeners.find((_, at) => arnOfListener(at) === form.get('ListenerArn')) ?? []).map((weights) => {
        const tuples = Object.entries(weights).map(
          ([name, weight]) => `<TargetGroupArn>${arnOfGroup(name)}</TargetGroupArn><Weight>${weight}</Weight>`,
        )
        return `<Actions>${members([`<Type>forward</Type><ForwardConfig><TargetGroups>${members(tuples)}</TargetGroups></ForwardConfig>`])}</Actions>`
      }),
      `<IsDefault>true</IsDefault><Actions>${members(['<Type>fixed-response</Type><FixedResponseConfig><StatusCode>404</StatusCode></FixedResponseConfig>'])}</Actions>`,
    ],
  ],
}

const unpaged = new Set(['DescribeTags', 'DescribeTargetHealth'])

export async function startElb(facts: ElbFacts) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const form = new URLSearchParams(body)
      const action = form.get('Action') ?? ''
      asked.push(action)
      const answer = answers[action]
      if (facts.refusal !== undefined || !answer) {
        const code = facts.refusal ?? 'InvalidAction'
        response.writeHead(code.startsWith('Throttling') ? 400 : 403, { 'content-type': 'text/xml' })
        return response.end(
          `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>no &lt;right&gt; to do this</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
        )
      }
      const [list, items] = answer(facts, form)
      const from = Number(form.get('Marker') ?? 0)
      const next = unpaged.has(action) ? items.length : from + facts.pageSize
      const marker = next < items.length ? `<NextMarker>${next}</NextMarker>` : ''
      response.writeHead(200, { 'content-type': 'text/xml' })
      return response.end(
        `<${action}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${action}Result><${list}>${members(items.slice(from, next))}</${list}>${marker}</${action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`,
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    asked,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
