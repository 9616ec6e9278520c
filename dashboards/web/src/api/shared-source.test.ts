import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SharedSource, sharing, type Connect, type Source } from "./shared-source";

/** A connection that says what the test has it say. */
class Wire extends EventTarget implements Source {
  static all: Wire[] = [];
  readyState = 1;
  onerror: (() => void) | null = null;

  constructor(readonly address: string) {
    super();
    Wire.all.push(this);
  }

  say(kind: string, id: string): void {
    this.dispatchEvent(new MessageEvent(kind, { data: `${kind} ${id}`, lastEventId: id }));
  }

  close(): void {
    this.readyState = 2;
  }
}

/** Channels of one browser. */
class Channel {
  static all = new Set<Channel>();
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly name: string) {
    Channel.all.add(this);
  }

  postMessage(data: unknown): void {
    for (const each of Channel.all)
      if (each !== this && each.name === this.name) each.onmessage?.({ data });
  }

  close(): void {
    Channel.all.delete(this);
  }
}

type Held = (lock: object | null) => unknown;

/** Locks as the browser hands them out: one holder, the others wait in turn. */
class Locks {
  #holder = false;
  #waiting: { run: () => void; signal: AbortSignal | undefined }[] = [];

  async request(
    _: string,
    options: { ifAvailable?: boolean; signal?: AbortSignal },
    held: Held,
  ): Promise<unknown> {
    if (this.#holder && options.ifAvailable === true) return held(null);
    if (this.#holder) await this.#turn(options.signal);
    this.#holder = true;
    try {
      return await held({});
    } finally {
      this.#holder = false;
      this.#waiting.shift()?.run();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const mine = { run: resolve, signal };
      this.#waiting.push(mine);
      signal?.addEventListener("abort", () => {
        this.#waiting = this.#waiting.filter((each) => each !== mine);
        reject(new DOMException("", "AbortError"));
      });
    });
  }
}

const connect: Connect = (address) => new Wire(address);
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const open = () => Wire.all.filter((wire) => wire.readyState === 1);

function listened(source: Source): string[] {
  const heard: string[] = [];
  for (const kind of ["snapshot", "values", "alert"])
    source.addEventListener(kind, (event) => {
      heard.push((event as MessageEvent<string>).data);
    });
  source.onerror = () => heard.push("lost");
  return heard;
}

async function tab(): Promise<{ source: SharedSource; heard: string[] }> {
  const source = new SharedSource("/stream", connect);
  const heard = listened(source);
  await settled();
  return { source, heard };
}

beforeEach(() => {
  Wire.all = [];
  Channel.all.clear();
  vi.stubGlobal("BroadcastChannel", Channel);
  vi.stubGlobal("navigator", { locks: new Locks() });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test("tabs share one connection after the snapshot of each", async () => {
  const first = await tab();
  open()[0]?.say("snapshot", "1");
  const second = await tab();
  expect(open()).toHaveLength(2);
  open()[1]?.say("snapshot", "2");
  expect(open()).toHaveLength(1);
  open()[0]?.say("values", "3");
  expect(first.heard).toEqual(["snapshot 1", "values 3"]);
  expect(second.heard).toEqual(["snapshot 2", "values 3"]);
});

test("when the tab with the connection goes, another asks for what came after", async () => {
  const first = await tab();
  const second = await tab();
  open()[1]?.say("snapshot", "2");
  open()[0]?.say("alert", "3");
  first.source.close();
  await settled();
  expect(open().map((wire) => wire.address)).toEqual(["/stream?after=3"]);
  open()[0]?.say("values", "4");
  expect(second.heard).toEqual(["snapshot 2", "alert 3", "values 4"]);
  expect(first.heard).toEqual(["alert 3"]);
});

test("an address with a query keeps it when a stream goes on", async () => {
  const source = new SharedSource("/stream?alert=7", connect);
  await settled();
  open()[0]?.say("alert", "3");
  const other = new SharedSource("/stream?alert=7", connect);
  await settled();
  open()[1]?.say("snapshot", "4");
  source.close();
  await settled();
  expect(open().map((wire) => wire.address)).toEqual(["/stream?alert=7&after=4"]);
  other.close();
});

test("a loss is told to all tabs", async () => {
  const first = await tab();
  const second = await tab();
  const wire = open()[0];
  if (wire === undefined) throw new Error("no connection");
  wire.readyState = 0;
  wire.onerror?.();
  expect(first.heard).toEqual(["lost"]);
  expect(second.heard).toEqual(["lost"]);
});

test("a tab that goes while it waits leaves no connection behind", async () => {
  await tab();
  const second = await tab();
  second.source.close();
  await settled();
  expect(open()).toHaveLength(1);
});

test("a tab that hears nothing from the one that leads helps itself", async () => {
  await tab();
  const shared = sharing(connect);
  const source = shared("/stream");
  await settled();
  source.close();
  expect(shared("/stream")).toBeInstanceOf(Wire);
});

test("without locks every tab has its own connection", () => {
  vi.stubGlobal("navigator", {});
  expect(sharing(connect)("/stream")).toBeInstanceOf(Wire);
});
