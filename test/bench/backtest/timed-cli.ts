/** The CLI as a process that tells at its end, as the last line of standard error, what it took. */
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, rssMb: maxRSS / 1024 }
  process.stderr.write(`\n${JSON.stringify(usage)}\n`)
})
await import('../../../cli/main.ts')
