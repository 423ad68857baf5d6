/**
 * Cuts a byte stream into lines with a bound on their length. A last line without its newline is dropped: the stream was cut
 * in the middle of it, and half an object must never be taken for a whole one.
 */
import { StringDecoder } from 'node:string_decoder'

export class LineTooLongError extends Error {
  constructor(maxLength: number) {
    super(`a line of the stream is longer than ${maxLength} characters`)
    this.name = 'LineTooLongError'
  }
}

/** Yields each complete, non-empty line of `chunks`; throws {@link LineTooLongError} past `maxLength` characters. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, maxLength: number): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  // Parts of the unfinished line, joined once: appending to one string would cost quadratic time on huge lines.
  let parts: string[] = []
  let pendingLength = 0
  for await (const chunk of chunks) {
    const text = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      if (pendingLength + end - start > maxLength) throw new LineTooLongError(maxLength)
      const line = parts.join('') + text.slice(start, end)
      parts = []
      pendingLength = 0
      start = end + 1
      if (line.trim() !== '') yield line
    }
    pendingLength += text.length - start
    if (pendingLength > maxLength) throw new LineTooLongError(maxLength)
    if (start < text.length) parts.push(text.slice(start))
  }
}
