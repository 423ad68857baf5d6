/** What people and other controllers do to a Rollout while it is being rolled out, as data. Who does it is `actors.ts`. */

export type Action = { readonly atMs: number } & (
  | { readonly kind: 'setImage'; readonly image: string }
  | { readonly kind: 'promote' | 'promoteFull' | 'abort' | 'retry' | 'pause' | 'resume' | 'restart' }
  /** A GitOps tool applies the manifests once more, routes without weights included. */
  | { readonly kind: 'reapply' }
  | { readonly kind: 'scale'; readonly replicas: number }
  /** Alertmanager posts to every replica of the controller, `times` times, until somebody has taken it. */
  | { readonly kind: 'alert'; readonly status: 'firing' | 'resolved'; readonly times: number }
)

export function renderAction({ atMs, kind, ...rest }: Action): string {
  const details = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [`${(atMs / 1000).toFixed(1)} s`, kind, ...details].join(' ')
}
