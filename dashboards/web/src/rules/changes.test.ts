import { beforeAll, expect, test, vi } from "vitest";
import type { RuleContent } from "../api/desk-types";

let changes: typeof import("./changes").changes;
let use: (lang: "en" | "zh") => void;

beforeAll(async () => {
  vi.stubGlobal("document", { documentElement: { lang: "en" } });
  vi.stubGlobal("localStorage", { setItem: () => undefined });
  ({ changes } = await import("./changes"));
  const { i18n } = await import("../i18n/i18n.svelte");
  const { metrics } = await import("../state/metrics.svelte");
  use = (lang) => {
    i18n.use(lang);
  };
  const name = { zh: "水位", en: "Water level" };
  metrics.all = new Map([
    ["water_level", { code: "water_level", name, unit: "m", kind: "gauge" } as never],
  ]);
});

const rule = (definition: Record<string, unknown>, more: Partial<RuleContent> = {}) => ({
  name: { zh: "水位", en: "Level" },
  source: "standard",
  source_zh: "",
  enabled: true,
  definition: { kind: "threshold", metric: "water_level", direction: "above", ...definition },
  ...more,
});

const told = (before: RuleContent, after: RuleContent) =>
  changes(before, after, (_, code) => (code === "lake" ? "Retention lake" : undefined)).map(
    (each) => `${each.label}: ${each.before} → ${each.after}`.replaceAll("\u202f", " "),
  );

const before = rule({ levels: [{ severity: "high", limit: 1.5 }], on_delay_s: 60 });
const after = rule(
  {
    levels: [{ severity: "critical", limit: 1.6 }],
    deadband: 0.1,
    on_delay_s: 90,
    schedule: [{ days: [1, 6], start: "07:30", end: "19:00" }],
    scope: { places: ["lake", "shed"] },
  },
  { enabled: false },
);

test("a change is told in the words of the form, with units", () => {
  use("en");
  expect(told(before, after).sort()).toEqual(
    [
      "Deadband: – → 0.1 m",
      "Level 1 · Limit: 1.5 m → 1.6 m",
      "Level 1 · Severity: High → Critical",
      "On-delay: 1 min → 1 min (90 s)",
      "Only at these times of the week: – → Mon Sat 07:30–19:00",
      "Where · Places: – → Retention lake · shed",
      "State: on → off",
    ].sort(),
  );
});

test("and in Chinese", () => {
  use("zh");
  const said = told(before, after);
  expect(said).toContain("级别 1 · 限值: 1.5 m → 1.6 m");
  expect(said).toContain("回差: – → 0.1 m");
  expect(said).toContain("状态: 启用 → 停用");
});

test("no field of any kind of rule is called by its code", async () => {
  use("zh");
  const { FIELDS, blank } = await import("../lib/rules");
  for (const [kind, fields] of Object.entries(FIELDS))
    for (const { key, type } of fields ?? []) {
      if (["levels", "sum_levels", "scope", "repeat"].includes(type)) continue;
      const definition = blank(kind as Parameters<typeof blank>[0]);
      const [one] = changes(
        rule({ ...definition, [key]: null }),
        rule({ ...definition, [key]: type === "codes" ? ["x"] : type === "flag" ? true : 1 }),
      );
      expect(one?.label, `${kind} ${key}`).not.toMatch(/[a-z_]{4}/);
    }
});
