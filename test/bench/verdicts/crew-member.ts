/** A process of `crew.ts`: measures the cells that it is sent, until it is told no more. */

import type { CellTask } from './crew.ts'
import { measureCell } from './measure.ts'

process.on('message', ({ cell, settings }: CellTask) => process.send?.(measureCell(cell, settings)))
