/** Order statistics of small samples. Medians, because one slow round says something of the machine only. */

/** @throws RangeError on an empty sample */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/**
 * The value below which a share of the sample lies, interpolated between neighbours.
 * @param share 0 … 1
 * @throws RangeError on an empty sample
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]
  const above = sorted[Math.ceil(position)]
  if (below === undefined || above === undefined) throw new RangeError('an empty sample')
  return below + (above - below) * (position - Math.floor(position))
}
