/** A program that runs one pod's process and never stops by itself; it prints the process's id. */
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { decideBehaviour, noPodDelays } from '../../../sandbox/node/behaviour.ts'
import type { Pod } from '../../../sandbox/node/objects.ts'
import { createProcessRuntime } from '../../../sandbox/node/processes/process-runtime.ts'

const runtime = createProcessRuntime({
  clock: systemClock,
  workingDirectory: fileURLToPath(new URL('.', import.meta.url)),
  baseEnv: { PATH: process.env.PATH ?? '' },
})
const command = [process.execPath, 'app.js', '--ignore-sigterm']
const pod: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'uid' },
  spec: { containers: [{ name: 'app', image: 'process.penstock.dev/app', command }] },
}
runtime.ensure(pod, decideBehaviour(pod, noPodDelays), `127.10.${process.pid % 250}.1`)
const timer = setInterval(() => {
  const pid = /pid=\d+/.exec(runtime.readLog('shop', 'web') ?? '')?.[0]
  if (pid === undefined) return
  process.stdout.write(`${pid}\n`)
  clearInterval(timer)
}, 10)
setInterval(() => {}, 60_000)
