/** Short stand-ins for long contents, to tell whether something is what it was: two hashes of 32 bits each, so that different ones never look alike by chance. */

export interface Digest {
  readonly number: (value: number) => void
  /** Cheap for names that were there before. */
  readonly name: (name: string) => void
  readonly text: () => string
}

/** Of every bit of what it is given, in order. */
export function createDigest(): Digest {
  const double = new Float64Array(1)
  const words = new Uint32Array(double.buffer)
  const names = new Map<string, number>()
  const hash = createHash()

  return {
    number(value) {
      double[0] = value
      hash.word(words[0] ?? 0)
      hash.word(words[1] ?? 0)
    },
    name(name) {
      const known = names.get(name)
      hash.word(known ?? names.size)
      if (known !== undefined) return
      names.set(name, names.size)
      hash.word(name.length)
      for (let index = 0; index < name.length; index += 1) hash.word(name.charCodeAt(index))
    },
    text: () => hash.both().join(' '),
  }
}

/** Of a part of a text, as a whole number of 53 bits. */
export function digestText(text: string, from = 0, to: number = text.length): number {
  const hash = createHash()
  for (let index = from; index < to; index += 1) hash.word(text.charCodeAt(index))
  const [one, other] = hash.both()
  return (one >>> 0) * 2 ** 21 + (other >>> 11)
}

function createHash() {
  let [one, other] = [0x811c9dc5, 0x2545f491]
  return {
    word(value: number): void {
      one = Math.imul(one ^ value, 0x01000193)
      one ^= one >>> 15
      other = Math.imul(other ^ value, 0x5bd1e995)
      other ^= other >>> 13
    },
    both: (): readonly [number, number] => [one, other],
  }
}
