import { expect, test } from "vitest";
import type { Alert, AlertEvent, AlertState } from "../api/types";
import { en } from "../i18n/en";
import { canHandle, eventDetail, HANDLINGS } from "./alert-handling";

const allowed = (state: AlertState) =>
  HANDLINGS.filter((action) => canHandle({ state } as Alert, action)).join(" ");

test("what can be done follows from the state", () => {
  expect(allowed("unacknowledged")).toBe("shelve assign comment out_of_service");
  expect(allowed("shelved")).toBe("unshelve assign comment");
  expect(allowed("out_of_service")).toBe("assign comment in_service");
  expect(allowed("normal")).toBe("assign comment");
});

test("an event says who was called, until when, which step, which command", () => {
  const said = (kind: AlertEvent["kind"], detail: Record<string, unknown>) =>
    eventDetail({ kind, detail } as AlertEvent, {
      t: en,
      when: (at) => `<${at}>`,
      step: (code) => `[${code}]`,
      withdrawn: (code) => `{${code}}`,
    });
  expect(said("escalated", { people: [{ name: "Li" }], channels: ["a"] })).toBe("Li · a");
  expect(said("shelved", { until: "x" })).toBe("until <x>");
  expect(said("assigned", { assignee: null })).toBe("nobody");
  expect(said("step_done", { step: "look" })).toBe("[look]");
  expect(said("command_refused", { device: "pump", name: "start", reason: "locked" })).toBe(
    "pump · start · locked",
  );
  expect(said("command_withdrawn", { device: "pump", name: "start", reason: "quiet" })).toBe(
    "pump · start · {quiet}",
  );
  expect(said("raised", {})).toBe("");
});
