/**
 * Finds the idioms by which a condition answers for data that is not there: `len(result) == 0 || ...`, `isNaN(result[0]) || ...`,
 * `default(result, 0) < 1`. They were written against Argo's errors; what becomes of them is for others to tell.
 */
import { compileCondition } from './expression/condition.ts'
import { childrenOf, type Node } from './expression/syntax.ts'

/** Each idiom once, in words of the language (`len(result) == 0`), in the order of the text. Text that cannot be read has none. */
export function findNoDataGuards(condition: string): readonly string[] {
  // What an argument holds is not known here; a number reads well wherever a limit stands.
  const compiled = compileCondition(condition.replaceAll(/\{\{[^{}]*\}\}/g, '0'))
  if ('problem' in compiled) return []
  const found: string[] = []
  const walk = (node: Node): void => {
    const guard = guardOf(node)
    if (guard !== undefined) found.push(guard)
    for (const child of childrenOf(node)) walk(child)
  }
  walk(compiled.condition.tree)
  return [...new Set(found)]
}

function guardOf(node: Node): string | undefined {
  if (node.kind === 'call')
    return isAboutResult(node.args[0]) && node.name === 'default' ? 'default(result, ...)' : undefined
  if (node.kind === 'binary' && node.operator === '??') return isAboutResult(node.left) ? 'result ?? ...' : undefined
  if (node.kind === 'conditional') return readAbsence(node.test)
  if (node.kind !== 'binary' || node.operator !== 'or') return undefined
  return readAbsence(node.left) ?? readAbsence(node.right)
}

const ABSENCES = new Set(['isNil', 'isNaN', 'isInf'])

/** How a test that holds without data reads: `isNaN(result)`, `result == nil`, `len(result) == 0`. */
function readAbsence(node: Node): string | undefined {
  if (node.kind === 'call')
    return ABSENCES.has(node.name) && isAboutResult(node.args[0]) ? `${node.name}(result)` : undefined
  if (node.kind !== 'binary') return undefined
  const { operator, left, right } = node
  if (operator === 'or') return readAbsence(left) ?? readAbsence(right)
  if (operator === '==' && isAboutResult(left) && isLiteral(right, null)) return 'result == nil'
  const isEmpty =
    (operator === '==' && isLiteral(right, 0)) ||
    (operator === '<' && isLiteral(right, 1)) ||
    (operator === '<=' && isLiteral(right, 0))
  return isEmpty && left.kind === 'call' && left.name === 'len' && isAboutResult(left.args[0])
    ? 'len(result) == 0'
    : undefined
}

const isLiteral = (node: Node, value: number | null): boolean => node.kind === 'literal' && node.value === value

/** `result`, or a part of it. */
function isAboutResult(node: Node | undefined): boolean {
  for (let at = node; at; at = at.kind === 'member' || at.kind === 'slice' ? at.target : undefined)
    if (at.kind === 'result') return true
  return false
}
