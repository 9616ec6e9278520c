/** Choosing among a data centre's figures, and saying what they mean. */
import type { Dictionary } from "../i18n/en";
import type { Kpi, KpiName, Period, TargetRule } from "../api/types";
import { joined, type Format } from "./format";

/** Periods that can carry a verdict, the one that is shown first standing first. */
const HEADLINES: readonly Period[] = ["rolling_12_months", "year", "month", "day", "hour"];
/** Below this share of covered time no verdict is given (the service's default). */
const FLOOR = 0.95;

export function find(
  items: readonly Kpi[],
  kpi: KpiName,
  category: number,
  period: Period,
): Kpi | null {
  return (
    items.find((k) => k.kpi === kpi && k.category === category && k.period === period) ?? null
  );
}

/** The figure that stands for a KPI: the longest period that has one. */
export function headline(items: readonly Kpi[], kpi: KpiName, category: number): Kpi | null {
  for (const period of HEADLINES) {
    const found = find(items, kpi, category, period);
    if (found?.value != null) return found;
  }
  return null;
}

export function categories(items: readonly Kpi[], kpi: KpiName): number[] {
  const all = items.filter((k) => k.kpi === kpi).map((k) => k.category);
  return [...new Set(all)].sort((a, b) => a - b);
}

/**
 * The category to show first: the one measured closest to the IT equipment whose figure has a
 * verdict, else the closest that has a figure.
 */
export function leadingCategory(items: readonly Kpi[], kpi: KpiName): number {
  const known = categories(items, kpi).filter((c) => headline(items, kpi, c) !== null);
  const judged = known.filter((c) => headline(items, kpi, c)?.verdict !== "insufficient data");
  return judged.at(-1) ?? known.at(-1) ?? 0;
}

export function isPue(kpi: KpiName): boolean {
  return kpi === "pue";
}

/** Figures that are no share of a whole: decimals and unit. */
const RATIOS: Partial<Record<KpiName, { decimals: number; unit: string }>> = {
  cue_location: { decimals: 3, unit: "kgCO₂/kWh" },
  cue_market: { decimals: 3, unit: "kgCO₂/kWh" },
  wue: { decimals: 2, unit: "L/kWh" },
  cer: { decimals: 2, unit: "" },
};
const LESS_IS_BETTER: ReadonlySet<KpiName> = new Set([
  "pue",
  "cue_location",
  "cue_market",
  "wue",
]);

export function figure(format: Format, kpi: KpiName, value: number | null): string {
  if (isPue(kpi)) return format.pue(value);
  const ratio = RATIOS[kpi];
  if (ratio === undefined || value === null) return format.share(value);
  return joined(format.number(value, ratio.decimals), ratio.unit);
}

/** "< 1.25" or "≥ 25 %". */
export function targetText(format: Format, kpi: KpiName, target: number | null): string | null {
  if (target === null) return null;
  const sign = LESS_IS_BETTER.has(kpi) ? "<" : "≥";
  if (isPue(kpi) || RATIOS[kpi] !== undefined)
    return `${sign} ${format.number(target, decimals(target))}`;
  const percent = target * 100;
  return `${sign} ${format.number(percent, decimals(percent))}%`;
}

function decimals(value: number): number {
  return Number.isInteger(Math.round(value * 1000) / 1000) ? 0 : 2;
}

/** Whether the value is on the right side of its target; null without either. Unrounded. */
export function meets(kpi: Kpi): boolean | null {
  if (kpi.value === null || kpi.target === null) return null;
  return LESS_IS_BETTER.has(kpi.kpi) ? kpi.value < kpi.target : kpi.value >= kpi.target;
}

export type Tone = "good" | "bad" | "open";

export function tone(kpi: Kpi): Tone {
  switch (kpi.verdict) {
    case "compliant":
      return "good";
    case "not compliant":
      return "bad";
    case "interim: above target":
    case "interim: below target":
      return meets(kpi) === false ? "bad" : "open";
    default:
      return "open";
  }
}

/** Below its target is good for a PUE and bad for a share: says whether the target is kept. */
export function verdictWord(t: Dictionary, of: Pick<Kpi, "kpi" | "verdict">): string {
  switch (of.verdict) {
    case "interim: above target":
      return LESS_IS_BETTER.has(of.kpi) ? t.dc.interim.missed : t.dc.interim.kept;
    case "interim: below target":
      return LESS_IS_BETTER.has(of.kpi) ? t.dc.interim.kept : t.dc.interim.missed;
    default:
      return t.dc.verdict[of.verdict];
  }
}

/** The reason for the verdict in one sentence. */
export function why(t: Dictionary, format: Format, kpi: Kpi): string {
  if (kpi.value === null || kpi.verdict === "insufficient data") return lacking(t, format, kpi);
  const value = figure(format, kpi.kpi, kpi.value);
  const target = targetText(format, kpi.kpi, kpi.target ?? kpi.evidence.rule?.value ?? null);
  if (target === null) return t.dc.why.noTarget;
  if (kpi.verdict === "not applicable") return t.dc.why.notApplicable(value, target);
  return meets(kpi) ? t.dc.why.compliant(value, target) : t.dc.why.missed(value, target);
}

function lacking(t: Dictionary, format: Format, kpi: Kpi): string {
  const { rule, finding } = kpi.evidence;
  const words: Record<string, string> = t.dc.findings;
  if (kpi.value === null && finding !== null) return words[finding] ?? finding;
  const floor = rule?.coverage_floor ?? FLOOR;
  return t.dc.why.insufficient(format.share(kpi.coverage), format.share(floor, 0));
}

/** Whom the target binds: "commissioned from 28 Dec 2023 on, at least 3,000 standard racks". */
export function scope(t: Dictionary, format: Format, rule: TargetRule): string {
  const parts: string[] = [];
  if (rule.commissioned_from !== null)
    parts.push(t.dc.scopeFrom(format.plainDay(rule.commissioned_from)));
  if (rule.min_standard_racks > 0)
    parts.push(t.dc.scopeRacks(format.number(rule.min_standard_racks)));
  return parts.length === 0 ? t.dc.scopeAll : parts.join(t.dc.comma);
}

/** Name of a figure: "PUE, category 2, rolling 12 months". */
export function title(t: Dictionary, kpi: Pick<Kpi, "kpi" | "category" | "period">): string {
  const parts = [t.dc.kpi[kpi.kpi], t.dc.category(kpi.category), t.dc.period[kpi.period]];
  return parts.filter((part) => part !== "").join(t.dc.comma);
}

/** Key of a figure in the address: `pue.2.month.2026-03-01T00:00:00Z`; newest without start. */
export function keyOf(kpi: Kpi, withStart: boolean): string {
  const parts: (string | number)[] = [kpi.kpi, kpi.category, kpi.period];
  if (withStart) parts.push(kpi.start);
  return parts.join(".");
}

export function byKey(items: readonly Kpi[], key: string): Kpi | null {
  const withStart = items.find((kpi) => keyOf(kpi, true) === key);
  return withStart ?? items.find((kpi) => keyOf(kpi, false) === key) ?? null;
}
