import { expect, test } from "vitest";
import { tableQuery } from "./device-table";

const asked = (given: Record<string, string>) => tableQuery((name) => given[name] ?? null);

test("what the service can filter and order is asked of it", () => {
  expect(asked({})).toEqual({ state: null, kind: null, place: null, sort: null });
  expect(asked({ kind: "meter", place: "hall", state: "active", sort: "-name" })).toEqual({
    state: "active",
    kind: "meter",
    place: "hall",
    sort: "-name",
  });
  expect(asked({ wrong: "silent" })).toMatchObject({ silent: true });
  expect(asked({ silent: "true" })).toMatchObject({ silent: true });
  expect(asked({ wrong: "discovered" })).toMatchObject({ state: "discovered" });
  expect(asked({ sort: "-battery" })).toMatchObject({ sort: null });
});

test("what it lacks is left to the page", () => {
  expect(asked({ wrong: "low" })).toBeNull();
  expect(asked({ q: "pump" })).toBeNull();
  expect(asked({ wrong: "discovered", state: "active" })).toBeNull();
});
