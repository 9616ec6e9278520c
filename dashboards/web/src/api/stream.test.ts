import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Stream, type Handlers } from "./stream";

/** An EventSource that does what the test says. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  static all: Source[] = [];
  readyState = 1;
  closed = false;
  onerror: (() => void) | null = null;

  constructor() {
    super();
    Source.all.push(this);
  }

  say(kind: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.();
  }

  close(): void {
    this.closed = true;
  }
}

function handlers() {
  const calls: string[] = [];
  const note = (name: string) => () => {
    calls.push(name);
  };
  const all: Handlers = {
    snapshot: note("snapshot"),
    values: note("values"),
    alert: note("alert"),
    kpi: note("kpi"),
    flow: note("flow"),
    heard: note("heard"),
    lost: note("lost"),
  };
  return { calls, all };
}

const open = () => new Source();

function last(): Source {
  const source = Source.all.at(-1);
  if (source === undefined) throw new Error("no connection was opened");
  return source;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  Source.all = [];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("hands on what it hears", () => {
  const { calls, all } = handlers();
  const stream = new Stream("/stream", all, open);
  last().say("values", { now: "", values: [] });
  expect(calls).toEqual(["heard", "values"]);
  stream.close();
});

test("leaves a short break to the browser, which sends the last event's id", () => {
  const { calls, all } = handlers();
  const stream = new Stream("/stream", all, open);
  last().fail(0);
  vi.advanceTimersByTime(5_000);
  expect(calls).toEqual(["lost"]);
  expect(Source.all).toHaveLength(1);
  stream.close();
});

test("opens a new connection when the browser gives up, ever later", () => {
  const { all } = handlers();
  const stream = new Stream("/stream", all, open);
  for (const wait of [1_000, 2_000, 4_000]) {
    const before = Source.all.length;
    last().fail(Source.CLOSED);
    vi.advanceTimersByTime(wait - 1);
    expect(Source.all).toHaveLength(before);
    vi.advanceTimersByTime(1);
    expect(Source.all).toHaveLength(before + 1);
  }
  stream.close();
});

test("takes silence for a loss", () => {
  const { calls, all } = handlers();
  const stream = new Stream("/stream", all, open);
  last().say("flow", {});
  vi.advanceTimersByTime(9_999);
  expect(calls).not.toContain("lost");
  vi.advanceTimersByTime(1);
  expect(calls).toContain("lost");
  vi.advanceTimersByTime(1_000);
  expect(Source.all).toHaveLength(2);
  expect(Source.all[0]?.closed).toBe(true);
  stream.close();
});

test("is silent once closed", () => {
  const { calls, all } = handlers();
  new Stream("/stream", all, open).close();
  last().say("flow", {});
  vi.advanceTimersByTime(60_000);
  expect(calls).toEqual([]);
  expect(Source.all).toHaveLength(1);
});
