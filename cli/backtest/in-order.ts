/** Does work a few at a time and takes the results in the order of the items: no more than `parallel` are under way or waiting for their turn. */
export async function mapInOrder<Item, Result>(
  items: readonly Item[],
  parallel: number,
  work: (item: Item) => Promise<Result>,
  take: (result: Result, item: Item) => void,
): Promise<void> {
  const underWay: { readonly item: Item; readonly result: Promise<Result> }[] = []
  const takeNext = async (): Promise<void> => {
    const next = underWay.shift()
    if (next) take(await next.result, next.item)
  }
  try {
    for (const item of items) {
      if (underWay.length >= parallel) await takeNext()
      underWay.push({ item, result: work(item) })
    }
    while (underWay.length > 0) await takeNext()
  } catch (error) {
    // Nobody asks for the others any more.
    await Promise.allSettled(underWay.map(({ result }) => result))
    throw error
  }
}
