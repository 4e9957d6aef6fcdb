// The end of a list that can only be read forwards: found by reading at places that lie further and further apart, and
// then halving what lies between the last two.

/** Some items in order, and the place of the last of them if there are more; `null` if not. */
export type Slice<T> = { readonly items: readonly T[]; readonly nextCursor: number | null };

/**
 * The last `count` items. `readAfter` reads the first `count` items beyond a place; places rise with the items. Where
 * everything fits into one slice it takes one, else about twice the binary logarithm of how many slices there are.
 */
export async function readTail<T>(
  readAfter: (place: number) => Promise<Slice<T>>,
  placeOf: (item: T) => number,
  count: number,
): Promise<readonly T[]> {
  let early = await readAfter(0);
  if (early.nextCursor === null) return early.items;

  // Beyond where `early` begins there are more than `count` items, beyond `place` no more than that.
  let earlyEnd = early.nextCursor;
  let place = earlyEnd;
  let late = await readAfter(place);
  for (let step = count; late.nextCursor !== null; step *= 2) {
    early = late;
    earlyEnd = late.nextCursor;
    place = earlyEnd + step;
    late = await readAfter(place);
  }
  while (earlyEnd < place) {
    const middle = Math.floor((earlyEnd + place) / 2);
    const slice = await readAfter(middle);
    if (slice.nextCursor === null) {
      late = slice;
      place = middle;
    } else {
      early = slice;
      earlyEnd = slice.nextCursor;
    }
  }
  const rest = late.items.filter((item) => placeOf(item) > earlyEnd);
  return [...early.items, ...rest].slice(-count);
}
