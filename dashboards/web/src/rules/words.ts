/** A rule's content in a line of words. */
import type { Definition, RuleLevel } from "../api/desk-types";
import type { Name } from "../api/types";
import { i18n } from "../i18n/i18n.svelte";
import { levelsOf } from "../lib/rules";
import type { Session } from "../state/session.svelte";

/** Name and unit of a metric that the park has; else the metric's own name. */
export function metricOf(session: Session, metric: unknown): { name: string; unit: string } {
  const found = session.series.find(({ info }) => info.metric === metric)?.info;
  if (found !== undefined) return { name: i18n.name(found.metric_name), unit: found.unit };
  return { name: plain(typeof metric === "string" ? metric : ""), unit: "" };
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

export function fieldName(key: string): string {
  return i18n.t.rules.fields[key] ?? key;
}

export function levelName(level: RuleLevel): string {
  const name: Name | null = level.name ?? null;
  return i18n.limitName({ name, severity: level.severity });
}

export function ruleSays(session: Session, definition: Definition): string {
  const { kind } = definition;
  const { name, unit } = metricOf(session, definition.metric);
  const levels = levelsOf(definition);
  const limits = levels.map((level) => i18n.format.quantity(level.limit, unit)).join(" / ");
  const way = choiceName(text(definition.direction));
  switch (kind) {
    case "threshold":
      return `${name} ${way} ${limits}`;
    case "rate":
      return `${name} ${way} ${limits} / ${time(definition.per_s ?? 3600)}`;
    case "rolling_sum":
      return `${name}: ${levels
        .map((level) => `${i18n.format.quantity(level.limit, unit)} / ${time(level.window_s)}`)
        .join(" · ")}`;
    case "absence":
      return i18n.t.rules.silent(levels.map((level) => String(level.limit)).join(" / "));
    case "kpi":
      return `${choiceName(text(definition.kpi))} ${way} ${numbers(levels)} · ${choiceName(
        text(definition.period) || "day",
      )}`;
    case "composition":
      return list(definition.rules).join(" + ");
    case "quality":
      return list(definition.tests).map(choiceName).join(" · ");
    case "balance":
      return `${choiceName(text(definition.measure))} > ${levels
        .map(({ limit }) => i18n.format.share(limit, 0))
        .join(" / ")}`;
    default:
      return otherSays(definition);
  }
}

function otherSays(definition: Definition): string {
  const levels = levelsOf(definition);
  if (definition.kind === "projection") return choiceName(text(definition.kpi));
  return definition.kind === "drift" ? `> ${numbers(levels)} kW` : numbers(levels);
}

function numbers(levels: readonly RuleLevel[]): string {
  return levels.map(({ limit }) => String(limit)).join(" / ");
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
