import { expect, test } from "vitest";
import { draft, newDraft, planned, readArguments, writeArguments } from "./commands";

test("arguments are a JSON object of plain values", () => {
  expect(readArguments('{"pump": 1, "fast": true, "mode": "a"}')).toEqual({
    pump: 1,
    fast: true,
    mode: "a",
  });
  expect(readArguments(" ")).toEqual({});
  for (const wrong of ["{", "[1]", "1", "null", '{"a": null}', '{"a": {}}'])
    expect(readArguments(wrong)).toBeNull();
});

test("what is read is written the same", () => {
  const text = '{"pump": 1, "fast": true}';
  expect(writeArguments(readArguments(text) ?? {})).toBe(text);
  expect(writeArguments({})).toBe("");
});

test("drafts become commands when all can be read", () => {
  const first = { ...newDraft([]), text: '{"pump": 2}' };
  const second = newDraft([{ ...first, code: "command-2" }]);
  expect(second.code).not.toBe("command-2");
  const commands = planned([first, second]);
  expect(commands?.[0]?.arguments).toEqual({ pump: 2 });
  expect(commands?.map(draft)).toEqual([first, second]);
  expect(planned([first, { ...second, text: "{" }])).toBeNull();
});
