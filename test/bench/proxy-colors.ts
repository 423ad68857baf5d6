/** Ways to tell requests apart that every proxy here is measured with, as a rollout asks for them. Values have what has to be quoted somewhere. */
import type { ColorMatch } from '../../controller/api/color-step.ts'
import type { ManagedRoute } from '../../controller/api/traffic.ts'
import type { ColorCase } from './driven-proxy.ts'

export interface RoutedColor extends Omit<ColorCase, 'drive'> {
  readonly route: ManagedRoute
}

/** The managed route that all of them are. */
export const COLOR_ROUTE = 'colour'

const byHeader = (
  headerName: string,
  headerValue: { exact: string } | { prefix: string } | { regex: string },
): ManagedRoute => ({ kind: 'header', name: COLOR_ROUTE, match: [{ headerName, headerValue }] })

const byColor = (match: ColorMatch): ManagedRoute => ({ kind: 'color', name: COLOR_ROUTE, match: [match] })

export const routedColors: readonly RoutedColor[] = [
  {
    name: 'header exact',
    route: byHeader('x-version', { exact: "v2's" }),
    requests: [
      { headers: { 'x-version': "v2's" }, goesTo: 'canary' },
      { headers: { 'x-version': "v2's.1" }, goesTo: 'stable' },
      { headers: { 'x-version': "V2's" }, goesTo: 'stable' },
      { headers: {}, goesTo: 'stable' },
    ],
  },
  {
    name: 'header prefix',
    route: byHeader('x-user', { prefix: 'beta.' }),
    requests: [
      { headers: { 'x-user': 'beta.ann' }, goesTo: 'canary' },
      { headers: { 'x-user': 'betaXann' }, goesTo: 'stable' },
      { headers: { 'x-user': 'a.beta.ann' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'header regex',
    route: byHeader('x-region', { regex: 'eu-(west|north)-[0-9]+' }),
    requests: [
      { headers: { 'x-region': 'eu-north-12' }, goesTo: 'canary' },
      { headers: { 'x-region': 'eu-south-1' }, goesTo: 'stable' },
      { headers: { 'x-region': 'eu-west-1b' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'cookie',
    route: byColor({ cookies: [{ name: 'canary', value: { exact: 'always' } }] }),
    requests: [
      { headers: { cookie: 'canary=always' }, goesTo: 'canary' },
      { headers: { cookie: 'a=b; canary=always; c=d' }, goesTo: 'canary' },
      { headers: { cookie: 'xcanary=always' }, goesTo: 'stable' },
      { headers: { cookie: 'canary=always2' }, goesTo: 'stable' },
      { headers: { cookie: 'canary=never' }, goesTo: 'stable' },
    ],
  },
  {
    name: 'range of ids',
    route: byColor({ idRange: { header: 'x-user-id', modulo: 1000, from: 1, to: 50 } }),
    requests: [
      { headers: { 'x-user-id': '77050' }, goesTo: 'canary' },
      { headers: { 'x-user-id': '1' }, goesTo: 'canary' },
      { headers: { 'x-user-id': '77051' }, goesTo: 'stable' },
      { headers: { 'x-user-id': '5000' }, goesTo: 'stable' },
      { headers: { 'x-user-id': 'x50' }, goesTo: 'stable' },
    ],
  },
]
