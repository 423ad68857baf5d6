/** The managed routes that a router can carry, by its capabilities: one of each kind, and every comparison that it knows. */
import type { ColorMatch } from '../../../controller/api/color-step.ts'
import type { RouterCapabilities } from '../../../controller/api/router-capabilities.ts'
import type { ManagedRoute } from '../../../controller/api/traffic.ts'

export const MANAGED_NAMES = ['beta', 'vip', 'shadow'] as const

/** The header route of the sample, for each comparison that the router knows. */
export const headerRoutes = ({ headers }: RouterCapabilities): readonly ManagedRoute[] =>
  headers.map((kind) => ({
    kind: 'header',
    name: 'beta',
    match: [{ headerName: 'x-env', headerValue: { [kind]: kind === 'regex' ? 'can.*' : 'canary' } }],
  }))

export function colorRoutes({ headers, color }: RouterCapabilities): readonly ManagedRoute[] {
  const [kind] = headers
  const matches: readonly ColorMatch[] = [
    ...(kind ? [{ headers: [{ name: 'x-version', value: { [kind]: 'v2' } }] }] : []),
    ...(color.cookie ? [{ cookies: [{ name: 'color', value: { exact: 'canary' } }] }] : []),
    ...(color.idRange === 'none' ? [] : [{ idRange: { header: 'x-user', modulo: 1000, from: 1, to: 50 } }]),
    ...(color.idRange === 'any' ? [{ idRange: { header: 'x-user', modulo: 7, from: 1, to: 3 } }] : []),
    ...(color.cidr ? [{ cidrs: ['10.0.0.0/8', '2001:db8::/32'] }] : []),
  ]
  return matches.map((match) => ({ kind: 'color', name: 'vip', match: [match] }))
}

export const mirrorRoutes = ({ mirror }: RouterCapabilities): readonly ManagedRoute[] =>
  mirror
    ? [
        { kind: 'mirror', name: 'shadow', match: [{}], percentage: 100 },
        { kind: 'mirror', name: 'shadow', match: [{ method: { exact: 'GET' } }], percentage: 25 },
      ]
    : []

/** One of each kind, at the same time, in the order of {@link MANAGED_NAMES}. */
export const oneOfEach = (capabilities: RouterCapabilities): readonly ManagedRoute[] =>
  [headerRoutes, colorRoutes, mirrorRoutes].flatMap((list) => list(capabilities).slice(0, 1))
