/** The store in memory, for the suite: what others have to keep, it keeps too. */
import { apiVersionOf } from '../../../controller/kube/kinds.ts'
import { boxes, createMemoryOutside } from '../../fakes/outside-store.ts'
import type { OutsideHarness } from './harness.ts'

export const memoryHarness: OutsideHarness = {
  name: 'memory',
  createsAndDeletes: true,
  async open() {
    const memory = createMemoryOutside()
    const numberOf = (object: object | undefined): number => Number(object && 'value' in object ? object.value : 0)
    return {
      store: memory.store,
      ref: (index) => ({ kind: boxes, name: `box-${index}` }),
      render: (ref, value) => ({
        apiVersion: apiVersionOf(boxes),
        kind: boxes.kind,
        metadata: { name: ref.name },
        value,
      }),
      contentOf: numberOf,
      change: (_, value) => [{ op: 'replace', path: '/value', value }],
      put: async (ref, value) => memory.put(ref, value === undefined ? undefined : { value }),
      async actual(ref) {
        const object = memory.get(ref)
        return object && numberOf(object)
      },
      sever: async () => memory.sever(),
      restore: async () => memory.restore(),
      loseNextAnswer: () => memory.loseNextAnswer(),
      async until(condition) {
        for (let turn = 0; turn < 20 && !condition(); turn += 1) await new Promise((resolve) => setImmediate(resolve))
        if (!condition()) throw new Error('it did not come to that')
      },
      close: () => memory.store.stop(),
    }
  },
}
