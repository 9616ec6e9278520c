/** Rain classes of GB/T 28592-2012 for 24-hour totals. */

const CLASSES = [
  { from: 0.1, name: "light" },
  { from: 10, name: "moderate" },
  { from: 25, name: "heavy" },
  { from: 50, name: "rainstorm" },
  { from: 100, name: "heavy_rainstorm" },
  { from: 250, name: "extraordinary" },
] as const;

export type RainClass = (typeof CLASSES)[number]["name"] | "none";

/** Class of a 24-hour total [mm], rounded to 0.1 mm first as the standard's limits are written. */
export function rainClass(total: number): RainClass {
  const rounded = Math.round(total * 10) / 10;
  return CLASSES.findLast((each) => rounded >= each.from)?.name ?? "none";
}
