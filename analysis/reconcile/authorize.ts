/** Adds to a request what proves who asks, when that takes more than a header of the metric's own. It must not send the request. */
import type { HttpRequest } from '../../controller/runtime/http.ts'
import type { HttpAuth } from '../providers/provider.ts'

export type Authorized = { readonly request: HttpRequest } | { readonly problem: string }

export const authorize = (request: HttpRequest, auth: HttpAuth | undefined): Authorized =>
  auth === undefined ? { request } : { problem: `authentication.${auth.kind} is not supported` }
