/** The alert receiver's endpoint called without a socket: a request and an answer as Node makes them, and nothing between. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

export type Endpoint = (request: IncomingMessage, response: ServerResponse) => void

/** Of the one Alertmanager that may post. */
export const RECEIVER_TOKEN = 'alerts-of-the-simulator-4f1c'

export interface Posted {
  readonly body: string
  readonly authorization: string
}

/** `answer` hears the status code once, if there is ever one. */
export function post(
  endpoint: Endpoint,
  url: string,
  { body, authorization }: Posted,
  answer: (status: number) => void,
): void {
  const request = new IncomingMessage(new Socket())
  request.method = 'POST'
  request.url = url
  request.headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    authorization,
  }
  const response = new ServerResponse(request)
  response.end = () => {
    answer(response.statusCode)
    return response
  }
  endpoint(request, response)
  request.push(body)
  request.push(null)
}
