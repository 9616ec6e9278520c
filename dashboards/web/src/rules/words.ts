/** A rule's content in a line of words. */
import type { Definition, RuleLevel } from "../api/desk-types";
import type { Name } from "../api/types";
import { i18n } from "../i18n/i18n.svelte";
import { qualityWords } from "../i18n/quality.svelte";
import { levelsOf } from "../lib/rules";
import { stateWord } from "../lib/words";
import { metrics } from "../state/metrics.svelte";

/** Name and canonical unit of a metric, whether the park has a series of it or not. */
export function metricOf(metric: unknown): { name: string; unit: string } {
  const code = text(metric);
  const found = metrics.all.get(code);
  if (found === undefined) return { name: plain(code), unit: "" };
  return { name: i18n.name(found.name), unit: found.unit };
}

/** A code that has no words of its own. */
const plain = (code: string) => code.replaceAll("_", " ");

export function kindName(kind: string): string {
  const names: Record<string, string> = i18n.t.rules.kinds;
  return names[kind] ?? kind;
}

export function choiceName(choice: string): string {
  const own = i18n.t.rules.choices[choice];
  if (own !== undefined) return own;
  const periods: Record<string, string> = i18n.t.dc.period;
  const figures: Record<string, string> = i18n.t.dc.kpi;
  return figures[choice] ?? periods[choice] ?? plain(choice);
}

export function testName(test: string): string {
  return qualityWords.t.tests[test] ?? plain(test);
}

export function roleName(role: string): string {
  const roles: Record<string, string> = i18n.t.dc.roles;
  return roles[role] ?? plain(role);
}

export function fieldName(key: string): string {
  return i18n.t.rules.fields[key] ?? key;
}

export function levelName(level: RuleLevel): string {
  const name: Name | null = level.name ?? null;
  return i18n.limitName({ name, severity: level.severity });
}

const PER: Record<number, string> = { 1: "s", 60: "min", 3600: "h", 86_400: "d" };

/** Unit of the limits, as it is written: "m", of a rate "m/h". */
export function unitOf(definition: Definition): string {
  if (definition.kind === "absence") return i18n.t.rules.intervals;
  if (definition.kind === "drift") return "kW";
  const { unit } = metricOf(definition.metric);
  const shown = i18n.format.parts(0, unit).unit;
  if (definition.kind !== "rate") return shown;
  const per = typeof definition.per_s === "number" ? definition.per_s : 3600;
  return `${shown}/${PER[per] ?? `(${i18n.format.duration(per)})`}`;
}

/** A value or limit of a rule as what it is: a quantity, a share, a verdict. */
export function figure(definition: Definition, value: number): string {
  const { kind } = definition;
  switch (kind) {
    case "quality":
      return flagName(value);
    case "balance":
      return i18n.format.share(value, 0);
    case "absence":
      return i18n.t.alert.intervals(bare(value));
    case "kpi":
      return kpiFigure(definition, value);
    case "drift":
      return `${bare(value)} kW`;
    case "composition":
      return i18n.t.alert.conditions(bare(value));
    default:
      return quantity(definition, value);
  }
}

function flagName(flag: number): string {
  const names: Record<number, string> = i18n.t.series.quality;
  return names[flag] ?? bare(flag);
}

/** Limits that are chosen by name: flags of quality tests. */
export function limitChoices({ kind }: Definition): { value: number; name: string }[] {
  return kind === "quality" ? [3, 4].map((value) => ({ value, name: flagName(value) })) : [];
}

const SHARES = new Set(["ref", "ref_hourly", "erf"]);

function kpiFigure(definition: Definition, value: number): string {
  const isShare = definition.quantity === "coverage" || SHARES.has(text(definition.kpi));
  return isShare ? i18n.format.share(value, 0) : bare(value);
}

/** Limits are short numbers that people have written: no decimals are added or lost. */
function quantity(definition: Definition, value: number): string {
  const { unit } = metricOf(definition.metric);
  const word = stateOf(text(definition.metric), value >= 0.5);
  if (word !== null && definition.kind === "threshold") return word;
  const scaled = i18n.format.scaled(value, unit);
  const shown = definition.kind === "rate" ? unitOf(definition) : scaled.unit;
  return joined(bare(definition.kind === "rate" ? value : scaled.value), shown);
}

/** Word of one of two states; null for a measured quantity, and for more than two states. */
function stateOf(metric: string, on: boolean): string | null {
  const word = stateWord(i18n.t, metric, on ? 1 : 0);
  if (word !== null) return word;
  const known = metrics.all.get(metric);
  if (known?.kind !== "state" || known.maximum > 1) return null;
  return on ? i18n.t.form.yes : i18n.t.form.no;
}

export const bare = (value: number) => String(Number(value.toPrecision(6))).replace("-", "−");

export const joined = (number: string, unit: string) =>
  unit === "" || unit === "%" ? `${number}${unit}` : `${number}\u202f${unit}`;

/** `named` gives the name of another rule by its code. */
export function ruleSays(
  definition: Definition,
  named: (code: string) => string = (code) => code,
): string {
  const { kind } = definition;
  const { name } = metricOf(definition.metric);
  const levels = levelsOf(definition);
  const way = choiceName(text(definition.direction));
  const limits = levels.map(({ limit }) => figure(definition, limit)).join(" / ");
  switch (kind) {
    case "threshold":
      return thresholdSays(definition, `${name} ${way} ${limits}`);
    case "rate":
      return `${name} ${way} ${limits}`;
    case "rolling_sum":
      return `${name}${i18n.t.rules.colon}${levels
        .map((level) => `${figure(definition, level.limit)} / ${time(level.window_s)}`)
        .join(" · ")}`;
    case "absence":
      return i18n.t.rules.silent(levels.map((level) => String(level.limit)).join(" / "));
    case "kpi":
      return kpiSays(definition, `${way} ${limits}`);
    case "composition":
      return list(definition.rules).map(named).join(" + ");
    case "quality":
      return `${list(definition.tests).map(testName).join(" · ")}${i18n.t.rules.colon}${limits}`;
    case "balance":
      return balanceSays(definition, limits);
    default:
      return otherSays(definition, limits);
  }
}

function thresholdSays(definition: Definition, measured: string): string {
  const word = stateOf(text(definition.metric), definition.direction !== "below");
  const { name } = metricOf(definition.metric);
  return word === null ? measured : `${name}${i18n.t.rules.colon}${word}`;
}

function kpiSays(definition: Definition, beyond: string): string {
  const what = [choiceName(text(definition.kpi))];
  if (definition.quantity === "coverage") what.push(i18n.t.dc.coverage);
  const span = definition.span === "year_to_date" ? "year_to_date" : text(definition.period);
  return `${what.join(" · ")} ${beyond} · ${choiceName(span || "day")}`;
}

function balanceSays(definition: Definition, limits: string): string {
  const says = `${choiceName(text(definition.measure))} > ${limits}`;
  const roles = list(definition.roles).map(roleName);
  return roles.length === 0 ? says : `${says} · ${roles.join(i18n.t.dc.comma)}`;
}

function otherSays(definition: Definition, limits: string): string {
  switch (definition.kind) {
    case "projection":
      return i18n.t.rules.misses(choiceName(text(definition.kpi)));
    case "anomaly":
      return i18n.t.rules.score(limits);
    case "drift":
      return i18n.t.rules.rises(limits);
    default:
      return limits;
  }
}

function time(seconds: unknown): string {
  return i18n.format.duration(typeof seconds === "number" ? seconds : 0);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
