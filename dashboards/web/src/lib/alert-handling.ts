/** Which actions an alert allows (ISA-18.2), and words for what happened to it. */
import type { Alert, AlertEvent } from "../api/types";
import type { Dictionary } from "../i18n/en";

export const HANDLINGS = [
  "shelve",
  "unshelve",
  "assign",
  "comment",
  "out_of_service",
  "in_service",
] as const;
export type Handling = (typeof HANDLINGS)[number];

export function canHandle(alert: Alert, action: Handling): boolean {
  switch (action) {
    case "shelve":
    case "out_of_service":
      return !["normal", "shelved", "out_of_service"].includes(alert.state);
    case "unshelve":
      return alert.state === "shelved";
    case "in_service":
      return alert.state === "out_of_service";
    default:
      return true;
  }
}

/** Reason that must be given with it. */
export function needsReason(action: Handling): boolean {
  return action === "shelve" || action === "comment" || action === "out_of_service";
}

interface Written {
  t: Dictionary;
  when: (at: string) => string;
  /** A step's words, by its code. */
  step: (code: string) => string;
  /** Why a command was withdrawn, by its code. */
  withdrawn: (code: string) => string;
}

/** What an event says beside its kind: who was called, until when, which command. */
export function eventDetail(event: AlertEvent, { t, when, step, withdrawn }: Written): string {
  const { detail } = event;
  const parts: string[] = [];
  const people = list(detail.people).map((each) => text(field(each, "name")) || text(each));
  parts.push(...people, ...list(detail.channels).map(text));
  if (event.kind === "assigned")
    parts.push(text(detail.assignee) === "" ? t.handling.nobody : text(detail.assignee));
  if (text(detail.until) !== "") parts.push(t.handling.until_(when(text(detail.until))));
  if (event.kind.startsWith("step_")) parts.push(step(text(detail.step) || text(detail.code)));
  if (event.kind.startsWith("command_"))
    parts.push(...["device", "name", "code"].map((key) => text(detail[key])).slice(0, 2));
  const reason = text(detail.reason);
  parts.push(event.kind === "command_withdrawn" ? withdrawn(reason) : reason);
  return parts.filter((part) => part !== "").join(" · ");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
