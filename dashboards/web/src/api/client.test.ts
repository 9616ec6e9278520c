import { afterEach, expect, test, vi } from "vitest";
import { all, pages } from "./client";

const LAST = 3;

/** A list of three pages with two items each. */
function serve(): string[] {
  const asked: string[] = [];
  vi.stubGlobal("document", { documentElement: { lang: "en" } });
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(url);
    const n = Number(new URL(url, "http://park").searchParams.get("cursor") ?? "1");
    const next = n < LAST ? String(n + 1) : null;
    return Promise.resolve(Response.json({ items: [`${n}a`, `${n}b`], next }));
  });
  return asked;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a list is followed to its last page, each as it comes", async () => {
  const asked = serve();
  const lengths: number[] = [];
  const items: string[] = [];
  for await (const page of pages<string>("/devices", { state: "active" })) {
    items.push(...page);
    lengths.push(asked.length);
  }
  expect(items).toEqual(["1a", "1b", "2a", "2b", "3a", "3b"]);
  expect(lengths).toEqual([1, 2, 3]);
  expect(asked.every((url) => url.includes("state=active"))).toBe(true);
});

test("no page is asked for beyond the most", async () => {
  const asked = serve();
  expect(await all<string>("/devices", {}, 3)).toEqual(["1a", "1b", "2a", "2b"]);
  expect(asked).toHaveLength(2);
});
