/** What a version of a rule changed, in the words of its form. */
import type { Definition, RuleContent } from "../api/desk-types";
import type { Severity } from "../api/types";
import { i18n } from "../i18n/i18n.svelte";
import { differences, FIELDS } from "../lib/rules";
import { kindWord } from "../lib/words";
import {
  bare,
  choiceName,
  fieldName,
  figure,
  joined,
  kindName,
  metricOf,
  roleName,
  testName,
  unitOf,
} from "./words";

/** Name of a thing by its kind (`places`) and code; undefined for an unknown one. */
export type Named = (kind: string, code: string) => string | undefined;

export interface Change {
  path: string;
  label: string;
  before: string;
  after: string;
}

interface Weekly {
  days: number[];
  start: string;
  end: string;
}

const NOTHING = "–";

export function changes(
  before: RuleContent,
  after: RuleContent,
  named: Named = () => undefined,
): Change[] {
  const value = (path: string, of: unknown, rule: RuleContent) =>
    of === null ? NOTHING : written(path, of, rule.definition, named);
  return differences(content(before), content(after)).map((each) => ({
    path: each.path,
    label: label(each.path),
    before: value(each.path, each.before, before),
    after: value(each.path, each.after, after),
  }));
}

/** The definition's fields stand beside the rule's own, as in the form. */
function content({ name, source, source_zh, enabled, definition }: RuleContent) {
  return { name, source, source_zh, enabled, definition };
}

function label(path: string): string {
  const [first = "", ...rest] = path.replace("definition/", "").split("/");
  const words = i18n.t.rules;
  switch (first) {
    case "levels":
      return `${words.level(String(Number(rest[0]) + 1))} · ${levelLabel(rest[1] ?? "", rest[2])}`;
    case "repeat":
      return `${words.repeat} · ${rest[0] === "count" ? words.times : words.within}`;
    case "scope":
      return `${words.scope} · ${ownLabel(rest[0] ?? "")}`;
    case "name":
      return rest[0] === "zh" ? words.nameZh : words.nameEn;
    default:
      return ownLabel(first);
  }
}

function levelLabel(key: string, language: string | undefined): string {
  const words = i18n.t.rules;
  if (key === "window_s") return words.window;
  if (key === "name") return language === "zh" ? words.nameZh : words.nameEn;
  return ownLabel(key);
}

function ownLabel(key: string): string {
  const words = i18n.t.rules;
  const own: Partial<Record<string, string>> = {
    source: words.source,
    source_zh: words.sourceZh,
    enabled: words.state,
    kind: words.kind,
    metric: words.metric,
    direction: words.direction,
    severity: words.severity,
    limit: words.limit,
    schedule: words.schedule,
    devices: words.devices,
    places: words.places,
    device_kinds: words.device_kinds,
    place_kinds: words.place_kinds,
    tags: words.tags,
  };
  return own[key] ?? fieldName(key);
}

function written(path: string, value: unknown, of: Definition, named: Named): string {
  const key = path.split("/").at(-1) ?? "";
  if (Array.isArray(value)) return listed(key, value, named);
  switch (typeof value) {
    case "boolean":
      return flag(key, value);
    case "number":
      return numeric(key, value, of);
    case "string":
      return path.startsWith("definition/") ? word(key, value) : value;
    default:
      return JSON.stringify(value);
  }
}

function flag(key: string, value: boolean): string {
  const { rules, form } = i18n.t;
  if (key === "enabled") return value ? rules.enabled : rules.disabled;
  return value ? form.yes : form.no;
}

function numeric(key: string, value: number, of: Definition): string {
  if (key === "limit") return figure(of, value);
  if (key === "deadband") return joined(bare(value), unitOf(of));
  return key.endsWith("_s") ? time(value) : bare(value);
}

/** Durations are written short; where that leaves seconds out, they follow. */
function time(seconds: number): string {
  const said = i18n.format.duration(seconds);
  const step = seconds < 60 ? 1 : seconds < 172_800 ? 60 : 86_400;
  return seconds % step === 0 ? said : `${said} (${bare(seconds)} s)`;
}

const CHOICES = new Set(
  Object.values(FIELDS)
    .flatMap((fields) => fields ?? [])
    .filter(({ type }) => type === "choice")
    .map(({ key }) => key),
);

function word(key: string, value: string): string {
  if (key === "kind") return kindName(value);
  if (key === "metric") return metricOf(value).name;
  if (key === "severity" || key === "certain") return i18n.t.severity[value as Severity];
  return CHOICES.has(key) ? choiceName(value) : value;
}

function listed(key: string, values: unknown[], named: Named): string {
  const each =
    key === "schedule"
      ? (value: unknown) => weekly(value as Weekly)
      : (value: unknown) => codeName(key, String(value), named);
  return values.map(each).join(" · ");
}

function weekly({ days, start, end }: Weekly): string {
  const names = days.map((day) => i18n.t.rules.days[day - 1] ?? String(day));
  return `${names.join(" ")} ${start}–${end}`;
}

function codeName(key: string, code: string, named: Named): string {
  const kinds: Record<string, string> = i18n.t.placeKinds;
  switch (key) {
    case "metrics":
      return metricOf(code).name;
    case "tests":
      return testName(code);
    case "roles":
      return roleName(code);
    case "place_kinds":
      return kinds[code] ?? code;
    case "device_kinds":
      return kindWord(i18n.t, code);
    default:
      return named(key, code) ?? code;
  }
}
