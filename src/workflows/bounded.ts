/** Runs `task` for every item, at most `width` at once, and returns the results in order. */
export async function eachBounded<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += width) {
    const slice = items.slice(from, from + width);
    results.push(...(await Promise.all(slice.map((item, offset) => task(item, from + offset)))));
  }
  return results;
}
