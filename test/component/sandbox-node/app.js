/** The application of the tests: answers /ready on HOST:PORT until /unready is asked, and says when it is told to stop. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'

let ready = true
const server = createServer((request, response) => {
  if (request.url === '/unready') ready = false
  response.statusCode = request.url === '/ready' && !ready ? 503 : 200
  response.end(process.env.HOSTNAME)
})
server.listen(Number(process.env.PORT), process.env.HOST, () => console.log(`pid=${process.pid}`))

if (process.argv.includes('--with-child')) {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  console.log(`child=${child.pid}`)
}

process.on('SIGTERM', () => {
  console.log('SIGTERM')
  if (process.argv.includes('--ignore-sigterm')) return
  process.exit(0)
})
