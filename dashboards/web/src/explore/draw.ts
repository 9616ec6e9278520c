/** What a chart shows besides its lines: alerts, thresholds, doubtful readings. */
import type uPlot from "uplot";
import { colour, type LimitLine } from "../chart/base";
import { i18n } from "../i18n/i18n.svelte";
import { valueAt, type AlertBand, type Line } from "./lines";

const FAIL = 4;
const SHADE = 0.14;

const scaleOf = (line: Line, units: readonly string[]) => (line.unit === units[0] ? "y" : "y2");

/** A shade over the time that an alert held, with an edge at its beginning. */
export function drawBands(u: uPlot, alerts: readonly AlertBand[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const alert of alerts) {
    const left = u.valToPos(alert.start / 1000, "x", true);
    const right = u.valToPos(alert.end / 1000, "x", true);
    ctx.fillStyle = colour(alert.severity);
    ctx.globalAlpha = SHADE;
    ctx.fillRect(left, bbox.top, Math.max(devicePixelRatio, right - left), bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(left, bbox.top, 2 * devicePixelRatio, bbox.height);
  }
  ctx.restore();
}

/** Limits of all lines; lines that share one have it once. */
export function limitLines(lines: readonly Line[], units: readonly string[]): LimitLine[] {
  const found = lines.flatMap((line) =>
    line.limits.map((each) => ({
      value: each.limit,
      severity: each.severity,
      text: `${i18n.limitName(each)} ${i18n.format.quantity(each.limit, line.unit)}`,
      scale: scaleOf(line, units),
    })),
  );
  return [...new Map(found.map((each) => [each.text, each])).values()];
}

/** A triangle on what is suspect; a cross at the foot for what is bad, for it has no point. */
export function drawFlags(u: uPlot, lines: readonly Line[], units: readonly string[]): void {
  const { ctx, bbox } = u;
  const size = 5 * devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const line of lines)
    for (const [ts, flag] of line.flags) {
      const x = u.valToPos(ts / 1000, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      const value = flag === FAIL ? null : valueAt(line, ts / 1000);
      const y =
        value === null
          ? bbox.top + bbox.height - size
          : u.valToPos(value, scaleOf(line, units), true);
      ctx.strokeStyle = colour(flag === FAIL ? "critical" : "high");
      ctx.beginPath();
      if (flag === FAIL) cross(ctx, x, y, size);
      else triangle(ctx, x, y, size);
      ctx.stroke();
    }
  ctx.restore();
}

function cross(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.moveTo(x - size, y - size);
  ctx.lineTo(x + size, y + size);
  ctx.moveTo(x + size, y - size);
  ctx.lineTo(x - size, y + size);
}

function triangle(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.moveTo(x, y - size);
  ctx.lineTo(x + size, y + size);
  ctx.lineTo(x - size, y + size);
  ctx.closePath();
}
