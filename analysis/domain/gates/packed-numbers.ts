/**
 * A column of whole numbers that only grows at its end, in a byte or two for each: steady counters and the times of scrapes hardly change their step. What
 * is no whole number is kept as it is. Nothing is lost either way.
 */

export interface PackedNumbers {
  /** Changes of the step from one number to the next, each in as many characters as it takes. */
  packed: string
  /** How many numbers are in `packed`, the last of them, and the step before it. */
  packedLength: number
  last: number
  step: number
  /** The newest ones as they are. */
  rest: number[]
}

/** So many are left unpacked at least: those are read at every look. */
const FRESH = 8
/** So many are packed at once. */
const BATCH = 8
/** Changes of steps between numbers up to here are whole, and stay so when they are doubled. */
const LARGEST = 2 ** 50

export const createPackedNumbers = (): PackedNumbers => ({ packed: '', packedLength: 0, last: 0, step: 0, rest: [] })

export const lengthOf = ({ packedLength, rest }: PackedNumbers): number => packedLength + rest.length

export const newestOf = ({ rest }: PackedNumbers): number | undefined => rest[rest.length - 1]

export function pushNumber(numbers: PackedNumbers, value: number): void {
  const { rest } = numbers
  rest.push(value)
  if (rest.length < FRESH + BATCH || !rest.every(isPackable)) return
  const characters: number[] = []
  for (const next of rest.slice(0, BATCH)) {
    const step = next - numbers.last
    addCharacters(characters, zigzag(step - numbers.step))
    numbers.step = step
    numbers.last = next
  }
  numbers.packed += String.fromCharCode(...characters)
  numbers.packedLength += BATCH
  numbers.rest = rest.slice(BATCH)
}

/** All of them from `index` on; cheap where they are among the newest. */
export function readNumbers(numbers: PackedNumbers, index = 0): number[] {
  const { packedLength, rest } = numbers
  if (index >= packedLength) return rest.slice(index - packedLength)
  const all = unpack(numbers)
  for (const value of rest) all.push(value)
  return index === 0 ? all : all.slice(index)
}

/** A column of its own with the first `length` numbers. */
export function copyNumbers(numbers: PackedNumbers, length: number): PackedNumbers {
  const copy = createPackedNumbers()
  for (const value of readNumbers(numbers).slice(0, length)) pushNumber(copy, value)
  return copy
}

/** Bytes in memory, roughly. */
export const bytesOf = ({ packed, rest }: PackedNumbers): number => OVERHEAD_BYTES + packed.length + 8 * rest.length
const OVERHEAD_BYTES = 120

const isPackable = (value: number): boolean =>
  Number.isInteger(value) && Math.abs(value) <= LARGEST && !Object.is(value, -0)

/** Small for what is near 0, whatever its sign. */
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)

/** Seven bits a character, the lowest first; the eighth says that more follow. Arithmetic, as bit operations end at 32. */
function addCharacters(characters: number[], value: number): void {
  let left = value
  while (left >= 128) {
    characters.push(128 + (left % 128))
    left = Math.floor(left / 128)
  }
  characters.push(left)
}

function unpack({ packed, packedLength }: PackedNumbers): number[] {
  const values: number[] = []
  let [last, step, at] = [0, 0, 0]
  for (let index = 0; index < packedLength; index += 1) {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const code = packed.charCodeAt(at++)
      value += (code % 128) * scale
      if (code < 128) break
    }
    step += value % 2 === 0 ? value / 2 : -(value + 1) / 2
    last += step
    values.push(last)
  }
  return values
}
