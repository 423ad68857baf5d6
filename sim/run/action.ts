/** What people and other controllers do to a Rollout while it is being rolled out, as data. Who does it is `actors.ts`. */

export type AlertName = 'ErrorsHigh' | 'LatencyHigh'

export type Action = { readonly atMs: number } & (
  | { readonly kind: 'setImage'; readonly image: string }
  | { readonly kind: 'promote' | 'promoteFull' | 'abort' | 'retry' | 'pause' | 'resume' | 'restart' }
  /** A GitOps tool applies the manifests once more, routes without weights included. */
  | { readonly kind: 'reapply' }
  | { readonly kind: 'scale'; readonly replicas: number }
  /**
   * Alertmanager posts to a replica of the controller, `times` times, until one has taken it. What is resolved is the last firing of the alert of this
   * name; there is only one when it is absent.
   */
  | {
      readonly kind: 'alert'
      readonly status: 'firing' | 'resolved'
      readonly times: number
      readonly name?: AlertName
      /** It has been firing for so long. */
      readonly forMs?: number
      /** With a token that the receiver does not know. */
      readonly isForged?: boolean
      /** A second Alertmanager of the pair posts the same group so much later. */
      readonly twinAfterMs?: number
      /** The group holds an old alert that is resolved as well, and tells that one was left out. */
      readonly isTruncated?: boolean
      /** Besides those that name the Rollout, and in place of them. */
      readonly labels?: Readonly<Record<string, string>>
      /** The revision that it names: what is rolled out, what is stable, or neither; none when absent. */
      readonly about?: 'canary' | 'stable' | 'another'
      /** So many other alerts stand in front of it in the same group. */
      readonly behind?: {
        readonly count: number
        readonly status: 'firing' | 'resolved'
        readonly labels?: Readonly<Record<string, string>>
      }
    }
)

export function renderAction({ atMs, kind, ...rest }: Action): string {
  const details = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [`${(atMs / 1000).toFixed(1)} s`, kind, ...details].join(' ')
}
