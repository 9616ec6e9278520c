/** Where outlines lie in a common frame; bounds are west, south, east, north in degrees. */

export interface Frame {
  west: number;
  north: number;
  width: number;
  height: number;
  /** Width to height as drawn. */
  ratio: number;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const MARGIN = 0.08;
const LEAST_DEGREES = 1e-4;

export function frame(bounds: readonly (readonly number[])[]): Frame | null {
  if (bounds.length === 0) return null;
  const [wests, souths, easts, norths] = [0, 1, 2, 3].map((side) =>
    bounds.map((each) => each[side] ?? 0),
  ) as [number[], number[], number[], number[]];
  const [west, south] = [Math.min(...wests), Math.min(...souths)];
  const [east, north] = [Math.max(...easts), Math.max(...norths)];
  const width = Math.max(east - west, LEAST_DEGREES) * (1 + 2 * MARGIN);
  const height = Math.max(north - south, LEAST_DEGREES) * (1 + 2 * MARGIN);
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  return {
    west: (west + east - width) / 2,
    north: (north + south + height) / 2,
    width,
    height,
    ratio: (width * squeeze) / height,
  };
}

export function placed(bounds: readonly number[], within: Frame): Box {
  const [west = 0, south = 0, east = 0, north = 0] = bounds;
  return {
    x: (west - within.west) / within.width,
    y: (within.north - north) / within.height,
    width: (east - west) / within.width,
    height: (north - south) / within.height,
  };
}
