/**
 * A pure reading of an object, made once for each object that is frozen, as everything in a cache is: what is frozen to its leaves cannot change, and
 * the reading goes with the object. What is not frozen is read every time.
 */

/** `read` must depend on its argument alone, and the argument must be frozen whole or not at all. */
export function onceFrozen<T extends object, R>(read: (value: T) => R): (value: T) => R {
  const known = new WeakMap<T, { readonly result: R }>()
  return (value) => {
    if (!Object.isFrozen(value)) return read(value)
    const found = known.get(value)
    if (found) return found.result
    const result = read(value)
    known.set(value, { result })
    return result
  }
}
