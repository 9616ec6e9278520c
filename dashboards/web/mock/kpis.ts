/** The stand-in's figures of a data centre. Development only. */
import type { Kpi, TrendName, Period, Verdict } from "../src/api/types";
import { meters, noise } from "./world.ts";

const DAY = 86_400_000;
const SHARE: Record<TrendName, number> = { pue: 1.236, ref: 0.283, ref_hourly: 0.214 };

function figure(
  kpi: TrendName,
  category: number,
  period: Period,
  start: number,
  end: number,
): Kpi {
  const wave = 0.03 * noise(2, start, 365 * DAY) + 0.008 * noise(5, start, 20 * DAY);
  const swing = period === "rolling_12_months" ? 0 : kpi === "pue" ? wave : wave * 1.6;
  const pue = kpi === "pue";
  const value = SHARE[kpi] + (pue ? 0.018 * (category - 2) : 0) + swing;
  const hours = (Math.min(end, Date.now()) - start) / 3_600_000;
  const denominator = 3980 * hours;
  const target = kpi === "ref_hourly" ? null : pue ? 1.25 : 0.25;
  const good = target !== null && (pue ? value < target : value >= target);
  const coverage = pue && category === 3 ? 0.914 : 0.9962;
  const whole = period === "rolling_12_months" || period === "year";
  const verdict: Verdict =
    target === null
      ? "not applicable"
      : coverage < 0.95
        ? "insufficient data"
        : whole
          ? good
            ? "compliant"
            : "not compliant"
          : value > target
            ? "interim: above target"
            : "interim: below target";
  const elapsed = hours * 3600;
  return {
    kpi,
    category: pue ? category : 0,
    period,
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    value,
    unit: "1",
    numerator_unit: "kWh",
    numerator_kwh: value * denominator,
    numerator_estimated_kwh: 0.002 * denominator,
    denominator_kwh: denominator,
    denominator_estimated_kwh: 0,
    coverage,
    covered_s: coverage * elapsed,
    estimated_s: 1800,
    elapsed_s: elapsed,
    verdict,
    target,
    comparison: pue ? "lt" : "ge",
    state: end < Date.now() ? "closed" : "open",
    revision: period === "month" && start < Date.now() - 300 * DAY ? 1 : 0,
    computed_at: new Date(Date.now() - 60_000).toISOString(),
    evidence: {
      clipped: false,
      finding: null,
      revisions: [],
      rule:
        target === null
          ? null
          : {
              comparison: pue ? "lt" : "ge",
              value: target,
              coverage_floor: 0.95,
              valid_from: "2023-12-28",
              commissioned_from: pue ? "2023-12-28" : null,
              min_standard_racks: pue ? 3000 : 0,
              in_scope: true,
              source:
                "Shandong, opinion on accelerating the high-quality development of the digital economy, 2023-12-28, item 14",
              source_zh: "山东省《关于加快数字经济高质量发展的意见》（2023年12月28日）第14条",
            },
      meters: meters.map(([device, , , watts, role]) => ({
        device,
        metric: "active_energy_import",
        role,
        kwh: (watts / 1000) * hours,
        estimated_kwh: device === "pv-1" ? 0.001 * hours * watts : 0,
        covered_s: coverage * elapsed,
      })),
    },
  };
}

/** Start of the local day in Asia/Shanghai (no daylight saving). */
const midnight = (ms: number) => Math.floor((ms + 8 * 3_600_000) / DAY) * DAY - 8 * 3_600_000;

function monthStart(ms: number, back: number): number {
  const local = new Date(ms + 8 * 3_600_000);
  return Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - back, 1) - 8 * 3_600_000;
}

export function summary(): Kpi[] {
  const now = Date.now();
  const year = Date.UTC(new Date(now).getUTCFullYear(), 0, 1) - 8 * 3_600_000;
  const spans: [Period, number, number][] = [
    ["day", midnight(now), midnight(now) + DAY],
    ["month", monthStart(now, 0), monthStart(now, -1)],
    ["year", year, monthStart(year, -12)],
    ["rolling_12_months", monthStart(now, 12), monthStart(now, 0)],
  ];
  return spans.flatMap(([period, start, end]) => [
    ...[1, 2, 3].map((category) => figure("pue", category, period, start, end)),
    figure("ref", 0, period, start, end),
    figure("ref_hourly", 0, period, start, end),
  ]);
}

export function trend(kpi: TrendName, category: number, period: string): Kpi[] {
  const now = Date.now();
  const length = period === "month" ? 14 : 32;
  const starts = Array.from({ length }, (_, i) => length - 1 - i);
  return starts.map((back) => {
    if (period === "month")
      return figure(kpi, category, "month", monthStart(now, back), monthStart(now, back - 1));
    const start = midnight(now) - back * DAY;
    return figure(kpi, category, "day", start, start + DAY);
  });
}
