/** Whether one text contains another, in linear time: both may come from a tenant's endpoint, and the engine's own search may take their product. */

const SHORT = 64

/** As `text.includes(part)`. */
export function containsText(text: string, part: string): boolean {
  if (part.length <= SHORT) return text.includes(part)
  const fallbacks = findFallbacks(part)
  let matched = 0
  for (let index = 0; index < text.length; index += 1) {
    while (matched > 0 && text.charCodeAt(index) !== part.charCodeAt(matched)) matched = fallbacks[matched - 1] ?? 0
    if (text.charCodeAt(index) === part.charCodeAt(matched)) matched += 1
    if (matched === part.length) return true
  }
  return false
}

/** Knuth, Morris and Pratt: for each prefix of `part`, the length of the longest other prefix that ends it. */
function findFallbacks(part: string): Int32Array {
  const fallbacks = new Int32Array(part.length)
  let matched = 0
  for (let index = 1; index < part.length; index += 1) {
    while (matched > 0 && part.charCodeAt(index) !== part.charCodeAt(matched)) matched = fallbacks[matched - 1] ?? 0
    if (part.charCodeAt(index) === part.charCodeAt(matched)) matched += 1
    fallbacks[index] = matched
  }
  return fallbacks
}
