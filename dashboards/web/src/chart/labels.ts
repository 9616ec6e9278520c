/** Names of limits on a chart, so that none lies on another. */

/**
 * Lower edges of labels for lines at `ys` (downwards, any order), at least `least` apart: each
 * at its line, or pushed up by the one beneath.
 */
export function apart(ys: readonly number[], least: number): number[] {
  const order = ys.map((y, i) => ({ y, i })).sort((a, b) => b.y - a.y);
  const placed: number[] = [];
  let free = Infinity;
  for (const { y, i } of order) {
    free = Math.min(y, free - least);
    placed[i] = free;
  }
  return placed;
}

export interface Label {
  text: string;
  colour: string;
  /** Height of its line on the canvas [px]. */
  y: number;
}

const LINE_PX = 15;

/** A rectangle, or a point, on the canvas [px]. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export type Point = readonly [x: number, y: number];

/** How many of the points lie in one of the boxes. */
export function covered(boxes: readonly Box[], points: readonly Point[]): number {
  return points.filter(([x, y]) =>
    boxes.some(
      ({ left, top, width, height }) =>
        x >= left && x <= left + width && y >= top && y <= top + height,
    ),
  ).length;
}

/**
 * Where labels of these widths hide least of the points: at the right, at the left, or in the
 * middle of the frame, the first of them in doubt. The newest points are at the right.
 */
export function placed(
  lower: readonly number[],
  widths: readonly number[],
  height: number,
  frame: Box,
  points: readonly Point[],
): Box[] {
  const ways = [1, 0, 0.5].map((share) =>
    widths.map((width, i): Box => {
      const left = frame.left + (frame.width - width) * share;
      return { left, top: (lower[i] ?? 0) - height, width, height };
    }),
  );
  const hidden = ways.map((boxes) => covered(boxes, points));
  return ways[hidden.indexOf(Math.min(...hidden))] ?? [];
}

/** Writes the labels within the frame, each on a ground of its own, clear of the points. */
export function writeLabels(
  ctx: CanvasRenderingContext2D,
  labels: readonly Label[],
  { frame, points, ground }: { frame: Box; points: readonly Point[]; ground: string },
): void {
  const height = 13 * devicePixelRatio;
  const lower = apart(
    labels.map(({ y }) => y - 2 * devicePixelRatio),
    LINE_PX * devicePixelRatio,
  );
  const widths = labels.map(({ text }) => ctx.measureText(text).width);
  const boxes = placed(lower, widths, height, frame, points);
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  labels.forEach(({ text, colour }, i) => {
    const box = boxes[i];
    if (box === undefined || box.top < frame.top - height) return;
    ctx.globalAlpha = 0.8;
    ctx.fillStyle = ground;
    ctx.fillRect(box.left, box.top, box.width, box.height);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour;
    ctx.fillText(text, box.left, box.top + box.height);
  });
}
