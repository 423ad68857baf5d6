/** How a part of the API is refused that this version does not drive: in the same words everywhere, and never by ignoring it. */
import type { Problem } from './problem.ts'

export const unsupported = (field: string, fix: string): Problem => ({
  field,
  message: 'is not supported by this version of Penstock',
  fix,
})
