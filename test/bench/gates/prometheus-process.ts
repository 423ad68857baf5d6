/** Serves {@link answerQuery} as a process of its own, so that the API server beside it is not held up; tells its port, then the count of queries when asked. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerQuery } from './fake-prometheus.ts'

let queries = 0
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    queries += 1
    response.setHeader('content-type', 'application/json')
    response.end(answerQuery(Buffer.concat(chunks).toString('utf8')))
  })
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('message', () => process.send?.(queries))
process.on('disconnect', () => process.exit(0))
