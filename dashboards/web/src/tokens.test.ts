import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const [light = "", dark = ""] = css.split('[data-theme="dark"]');

function tokens(block: string): Record<string, string> {
  return Object.fromEntries(
    [...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1] ?? "", m[2] ?? ""]),
  );
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [bright = 0, dim = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (bright + 0.05) / (dim + 0.05);
}

const SURFACES = ["page", "panel", "raised"];
const TEXTS = ["text", "soft", "faint", "good-text"];
const SEVERITIES = ["low", "medium", "high", "critical"];

describe.each([
  ["light", tokens(light)],
  ["dark", tokens(dark)],
])("colours of the %s theme", (_, colour) => {
  test.each(
    SURFACES.flatMap((on) =>
      [...TEXTS, ...SEVERITIES.map((s) => `${s}-text`)].map((of) => [of, on]),
    ),
  )("text %s on %s can be read", (of = "", on = "") => {
    expect(contrast(colour[of] ?? "", colour[on] ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  test.each(
    SURFACES.flatMap((on) =>
      [...SEVERITIES, "edge", "fill", "focus", "ink"].map((of) => [of, on]),
    ),
  )("shape %s on %s can be seen", (of = "", on = "") => {
    expect(contrast(colour[of] ?? "", colour[on] ?? "")).toBeGreaterThanOrEqual(3);
  });
});
