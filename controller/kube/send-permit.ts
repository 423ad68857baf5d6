/**
 * Asks for permission in the moment in which a connection takes a request, not when it is handed to the pool: until then it may have waited for a
 * handshake or behind other calls, and a process that was paused meanwhile runs these callbacks before any of its timers (S17). It must not
 * know what the request means.
 */
import type { Dispatcher } from 'undici'

/** The same dispatcher, but a request that `isPermitted` refuses when its turn comes fails with `refusal` and no byte of it leaves. */
export const askedWhenSent = (dispatcher: Dispatcher, isPermitted: () => boolean, refusal: () => Error): Dispatcher =>
  dispatcher.compose((dispatch) => (options, handler) => dispatch(options, guard(handler, isPermitted, refusal)))

function guard(
  handler: Dispatcher.DispatchHandler,
  isPermitted: () => boolean,
  refusal: () => Error,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller, context) {
      if (isPermitted()) handler.onRequestStart?.(controller, context)
      else controller.abort(refusal())
    },
    onRequestUpgrade: (...upgrade) => handler.onRequestUpgrade?.(...upgrade),
    onResponseStart: (...start) => handler.onResponseStart?.(...start),
    onResponseData: (...data) => handler.onResponseData?.(...data),
    onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
    onResponseError: (...failure) => handler.onResponseError?.(...failure),
  }
}
