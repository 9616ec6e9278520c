import { expect, test } from "vitest";
import { blank, differences, FIELDS, severitiesOf, tidy } from "./rules";

test("every kind's new rule has the fields that must be there", () => {
  for (const [kind, fields] of Object.entries(FIELDS)) {
    const made = blank(kind as Parameters<typeof blank>[0]);
    const needed = (fields ?? []).filter((field) => field.optional !== true);
    for (const field of needed)
      if (!["flag", "choice"].includes(field.type)) expect(made).toHaveProperty(field.key);
    expect(severitiesOf(made).length).toBeGreaterThan(0);
  }
});

test("what changed is told by path", () => {
  const level = { severity: "high", limit: 1.5 };
  const before = { kind: "threshold", levels: [level], deadband: 0.1 };
  const after = { kind: "threshold", levels: [{ ...level, limit: 1.6 }], on_samples: 2 };
  expect(differences(before, after)).toEqual([
    { path: "deadband", before: 0.1, after: null },
    { path: "levels/0/limit", before: 1.5, after: 1.6 },
    { path: "on_samples", before: null, after: 2 },
  ]);
  expect(differences(before, { ...before, scope: null })).toEqual([]);
  expect(differences(before, { ...before, scope: { places: ["a", "b"], tags: [] } })).toEqual([
    { path: "scope/places", before: null, after: ["a", "b"] },
  ]);
});

test("what says nothing is left out", () => {
  const scope = { devices: [], places: ["a"], tags: null };
  expect(tidy({ kind: "absence", schedule: null, scope })).toEqual({
    kind: "absence",
    scope: { places: ["a"] },
  });
});
