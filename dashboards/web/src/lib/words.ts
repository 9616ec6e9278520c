/** Words for states, trends and reasons. */
import type { Alert, Park, Series } from "../api/types";
import type { Dictionary } from "../i18n/en";

const RUNNING = new Set(["fan_running", "pump_running"]);

/** Words of the two states of a metric, "closed" and "open"; null for a measured quantity. */
export function stateWords(t: Dictionary, metric: string | null): [string, string] | null {
  if (metric !== "hatch_open" && !RUNNING.has(metric ?? "")) return null;
  const [off = "", on = ""] =
    metric === "hatch_open" ? t.twoState.hatch_open : t.twoState.running;
  return [off, on];
}

export function stateWord(t: Dictionary, metric: string | null, value: number): string | null {
  return stateWords(t, metric)?.[value >= 0.5 ? 1 : 0] ?? null;
}

export function shortMetric(t: Dictionary, series: Series, name: string): string {
  const short: Record<string, string> = t.short;
  return short[series.metric] ?? name;
}

export function reasonWord(t: Dictionary, reason: string): string {
  const words: Record<string, string> = t.quarantine.reasons;
  return words[reason] ?? reason.replaceAll("_", " ");
}

/** Where an alert is, for a line of text: device, or else its subject. */
export function alertWhere(
  alert: Alert,
  name: (of: { zh: string; en: string }) => string,
): string {
  return alert.device_name === null ? alert.subject : name(alert.device_name);
}

/** "28 of 30 devices reporting · 1 silent · 1 discovered" */
export function deviceCounts(
  t: Dictionary,
  number: (value: number) => string,
  { total, reporting, silent, discovered }: Park["devices"],
): string {
  const parts = [t.device.counts(number(reporting), number(total))];
  if (silent > 0) parts.push(t.device.silentN(number(silent)));
  if (discovered > 0) parts.push(t.device.discoveredN(number(discovered)));
  return parts.join(" · ");
}
