/** The newest part of a container's output, bounded in bytes; older output is forgotten. It does not know where the bytes go. */
export interface OutputRing {
  append(chunk: Buffer): void
  /** What is kept, from the first whole line on. */
  read(): string
}

export const DEFAULT_RING_BYTES = 256 * 1024

export function createOutputRing(limitBytes = DEFAULT_RING_BYTES): OutputRing {
  let chunks: Buffer[] = []
  let sizeBytes = 0
  let hasLost = false
  return {
    append(chunk) {
      chunks.push(chunk)
      sizeBytes += chunk.length
      // Compacting only at twice the limit keeps the copying linear in what was written.
      if (sizeBytes <= 2 * limitBytes) return
      const kept = Buffer.concat(chunks).subarray(-limitBytes)
      chunks = [Buffer.from(kept)]
      sizeBytes = kept.length
      hasLost = true
    },
    read() {
      const text = Buffer.concat(chunks).toString('utf8')
      return hasLost ? text.slice(text.indexOf('\n') + 1) : text
    },
  }
}
