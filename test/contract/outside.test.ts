/**
 * Every store of objects outside Kubernetes keeps what `controller/traffic/outside.ts` asks. A new store is checked by adding its harness to the
 * list.
 */
import { fakeConsulHarness } from './outside/consul.ts'
import type { OutsideHarness } from './outside/harness.ts'
import { memoryHarness } from './outside/memory.ts'
import { describeOutside } from './outside/suite.ts'

const harnesses: readonly OutsideHarness[] = [memoryHarness, fakeConsulHarness]

for (const harness of harnesses) describeOutside(harness)
