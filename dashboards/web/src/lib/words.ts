/** Words for states, trends and reasons. */
import type { Alert, Name, Park, ParkDetail, Series } from "../api/types";
import type { Dictionary } from "../i18n/en";
import type { Format } from "./format";

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

/** Kinds are the registry's own words; the usual ones are translated. */
export function kindWord(t: Dictionary, kind: string): string {
  const words: Record<string, string> = t.deviceKind;
  return words[kind] ?? kind.replaceAll("_", " ");
}

export function reasonWord(t: Dictionary, reason: string): string {
  const words: Record<string, string> = t.quarantine.reasons;
  return words[reason] ?? reason.replaceAll("_", " ");
}

/** Where an alert is, for a line of text: device, data centre, place or the park itself. */
export function alertWhere(
  alert: Alert,
  park: ParkDetail | null,
  name: (of: Name) => string,
): string {
  const known = alert.device_name ?? subjectName(alert.subject, park);
  return known === null ? alert.subject : name(known);
}

/** A subject is `park`, or `park/…` with the code of a data centre or place in second place. */
export function subjectName(subject: string, park: ParkDetail | null): Name | null {
  const [first, second] = subject.split("/");
  if (park === null || first !== park.code) return null;
  if (second === undefined) return park.name;
  const named = [...park.data_centres, ...park.places];
  return named.find(({ code }) => code === second)?.name ?? null;
}

/** Word of an alert's value that needs no limit beside it: a verdict, or one of two states. */
export function alertWord(t: Dictionary, alert: Alert, value: number): string | null {
  if (alert.rule.kind === "quality") return flagWord(t, value);
  return alert.rule.kind === "threshold" ? stateWord(t, alert.metric, value) : null;
}

function flagWord(t: Dictionary, flag: number): string {
  const words: Record<number, string> = t.series.quality;
  return words[flag] ?? String(flag);
}

/** A value or limit of an alert with its unit, also of one that speaks of no measured quantity. */
export function alertFigure(
  t: Dictionary,
  format: Format,
  alert: Alert,
  value: number,
): string {
  if (alert.unit !== null) return format.quantity(value, alert.unit);
  const decimals = Number.isInteger(value) ? 0 : 1;
  switch (alert.rule.kind) {
    case "quality":
      return flagWord(t, value);
    case "anomaly":
      return format.number(value, 4);
    case "absence":
      return t.alert.intervals(format.number(value, decimals));
    case "composition":
      return t.alert.conditions(format.number(value));
    case "balance":
      return format.share(value);
    case "drift":
      return `${format.number(value, decimals)}\u202fkW`;
    default:
      return centreFigure(format, alert, value);
  }
}

/** A figure of a data centre, whose subject says which. */
function centreFigure(format: Format, { rule, subject }: Alert, value: number): string {
  if (rule.code.includes("coverage")) return format.share(value);
  const kpi = /\/(pue|ref)(?:_hourly)?(?:\/|$)/.exec(subject)?.[1];
  if (kpi === "pue") return format.pue(value);
  return kpi === "ref" ? format.share(value) : format.quantity(value, "");
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
