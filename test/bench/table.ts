/** Plain text tables for the terminal: first column left, the others right. Pure. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const renderLine = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return `${lines.map(renderLine).join('\n')}\n`
}

/** At most one decimal. */
export const renderFigure = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toFixed(1))
