/** What all charts on uPlot share: colours, axes, limits, how one lies in its element. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Severity } from "../api/types";
import { i18n } from "../i18n/i18n.svelte";
import { writeLabels, type Label, type Point } from "./labels";
import { decimalsOf } from "./plot";
import type { Span } from "./range";

const LEAST_DRAG_PX = 4;
const LEAST_SPAN_MS = 1000;

/** A colour of the present theme by its token. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function font(sizePx: number): string {
  return `${sizePx}px ${getComputedStyle(document.body).fontFamily}`;
}

/** How every axis looks. */
export function axisLook(): Pick<uPlot.Axis, "stroke" | "grid" | "ticks" | "font"> {
  return {
    stroke: colour("soft"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line"), width: 1, size: 4 },
    font: font(12),
  };
}

/** The axis of times: clocks, days where a day begins, months where they are far apart. */
export function timeAxis(): uPlot.Axis {
  return {
    ...axisLook(),
    size: 28,
    space: 70,
    values: (_, splits, __, ___, step) => splits.map((at) => moment(at * 1000, step)),
  };
}

function moment(ms: number, stepS: number): string {
  if (stepS >= 28 * 86_400) return i18n.format.month(ms);
  if (stepS >= 86_400) return i18n.format.day(ms);
  const clock = stepS < 60 ? i18n.format.clockSeconds(ms) : i18n.format.clock(ms);
  return clock === "00:00" ? i18n.format.day(ms) : clock;
}

/** Words at the marks of an axis, with as many decimals as tell them apart. */
export function marks(splits: readonly number[], unit: string, magnitude: number): string[] {
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0));
  const apart = Math.abs(i18n.format.scaled(step, unit, magnitude).value);
  const decimals = decimalsOf(apart);
  return splits.map((value) =>
    i18n.format.number(i18n.format.scaled(value, unit, magnitude).value, decimals),
  );
}

/** Times of the park's zone. */
export function tzDate(second: number): Date {
  return uPlot.tzDate(new Date(second * 1000), i18n.zone);
}

/** What was just marked by dragging, which is then no longer marked; null for a click. */
export function dragged(u: uPlot): Span | null {
  const { left, width } = u.select;
  if (width < LEAST_DRAG_PX) return null;
  const start = u.posToVal(left, "x") * 1000;
  const end = u.posToVal(left + width, "x") * 1000;
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  return end - start > LEAST_SPAN_MS ? { start, end } : null;
}

export interface LimitLine {
  value: number;
  severity: Severity;
  text: string;
  scale: string;
}

/** Dashed lines across the chart, with their names where they hide least of the data. */
export function drawLimits(u: uPlot, lines: readonly LimitLine[]): void {
  const { ctx, bbox } = u;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.font = font(12 * devicePixelRatio);
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
  const labels: Label[] = [];
  for (const { value, severity, text, scale } of lines) {
    const y = Math.round(u.valToPos(value, scale, true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colour(severity);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
    labels.push({ text, colour: colour(`${severity}-text`), y });
  }
  const pad = 4 * devicePixelRatio;
  writeLabels(ctx, labels, {
    frame: { ...bbox, left: bbox.left + pad, width: bbox.width - 2 * pad },
    points: drawn(u),
    ground: colour("panel"),
  });
  ctx.restore();
}

/** Every value that is drawn, on the canvas. */
function drawn(u: uPlot): Point[] {
  const xs = Array.from(u.data[0], (x) => u.valToPos(x, "x", true));
  const points: Point[] = [];
  u.series.slice(1).forEach(({ scale }, n) => {
    xs.forEach((x, i) => {
      const value = u.data[n + 1]?.[i];
      if (value != null) points.push([x, u.valToPos(value, scale ?? "y", true)]);
    });
  });
  return points;
}

/** Keeps a chart as large as its element; returns what takes it away. */
export function kept(made: uPlot, element: HTMLElement, height: () => number): () => void {
  const sized = new ResizeObserver(() => {
    made.setSize({ width: element.clientWidth, height: height() });
  });
  sized.observe(element);
  return () => {
    sized.disconnect();
    made.destroy();
  };
}
