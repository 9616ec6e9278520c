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

/** Writes the labels at the left or right edge of a chart, each on a ground of its own. */
export function writeLabels(
  ctx: CanvasRenderingContext2D,
  labels: readonly Label[],
  { x, top, side, ground }: { x: number; top: number; side: "left" | "right"; ground: string },
): void {
  const lower = apart(
    labels.map(({ y }) => y),
    LINE_PX * devicePixelRatio,
  );
  ctx.textAlign = side;
  ctx.textBaseline = "bottom";
  labels.forEach(({ text, colour }, i) => {
    const y = (lower[i] ?? 0) - 2 * devicePixelRatio;
    const height = 13 * devicePixelRatio;
    if (y - height < top - height) return;
    const width = ctx.measureText(text).width;
    ctx.globalAlpha = 0.8;
    ctx.fillStyle = ground;
    ctx.fillRect(side === "left" ? x : x - width, y - height, width, height);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour;
    ctx.fillText(text, x, y);
  });
}
