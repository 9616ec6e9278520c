/** Puts panels into two columns so that the taller one is as short as can be. */

export interface Sized<T> {
  what: T;
  height: number;
}

/**
 * Panels keep their order within a column and the first stays on the left. Among equally
 * good ways, the one that keeps more of the first panels on the left is taken.
 */
export function twoColumns<T>(panels: readonly Sized<T>[]): [T[], T[]] {
  let best: boolean[] = panels.map(() => true);
  let bestHeight = tallest(panels, best);
  for (let way = 0; way < 2 ** panels.length; way += 1) {
    const left = panels.map((_, i) => i === 0 || (way & (1 << i)) === 0);
    const height = tallest(panels, left);
    if (height < bestHeight) [best, bestHeight] = [left, height];
  }
  const side = (wanted: boolean) =>
    panels.filter((_, i) => best[i] === wanted).map(({ what }) => what);
  return [side(true), side(false)];
}

function tallest(panels: readonly Sized<unknown>[], left: readonly boolean[]): number {
  const sum = (wanted: boolean) =>
    panels.reduce((total, { height }, i) => total + (left[i] === wanted ? height : 0), 0);
  return Math.max(sum(true), sum(false));
}
