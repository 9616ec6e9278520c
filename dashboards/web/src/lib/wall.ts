/** Times as a clock on the wall shows them in the park's zone: `2026-11-23T08:00`. */
import type { Format } from "./format";

export function toWall(at: number, format: Format): string {
  return new Date(at + format.offsetMs(at)).toISOString().slice(0, 16);
}

/** Null when the text is no time. Where a change of the clock repeats an hour: the first. */
export function fromWall(text: string, format: Format): number | null {
  const at = Date.parse(`${text}Z`);
  if (Number.isNaN(at)) return null;
  const guess = at - format.offsetMs(at);
  return at - format.offsetMs(guess);
}
