/** The park's live stream: reconnects by itself and says when it is down. */
import { sharing, type Connect, type Source } from "./shared-source";
import type { Alert, Flow, LiveValue, Snapshot } from "./types";

export interface Handlers {
  snapshot: (snapshot: Snapshot) => void;
  values: (frame: { now: string; values: LiveValue[] }) => void;
  alert: (alert: Alert) => void;
  kpi: (change: { data_centre: string }) => void;
  flow: (flow: Flow) => void;
  /** Called with each frame, first of all handlers. */
  heard: () => void;
  lost: () => void;
}

/** The service sends `flow` every 2 s; silence for this long means the connection is dead. */
const SILENCE_MS = 10_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * One connection that is kept up until `close`.
 *
 * It is shared with the browser's other tabs. The browser reconnects after a break and sends the last event's id; where it gives up (the
 * service refused) or hangs, this opens a new connection, whose snapshot brings all up to date.
 */
export class Stream {
  readonly #address: string;
  readonly #handlers: Handlers;
  readonly #open: Connect;
  #source: Source | null = null;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #waitMs = FIRST_WAIT_MS;

  constructor(address: string, handlers: Handlers, open: Connect = sharing()) {
    this.#address = address;
    this.#handlers = handlers;
    this.#open = open;
    this.#connect();
  }

  close(): void {
    clearTimeout(this.#watch);
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = null;
  }

  #connect(): void {
    const source = this.#open(this.#address);
    this.#source = source;
    for (const kind of ["snapshot", "values", "alert", "kpi", "flow"] as const) {
      source.addEventListener(kind, (event) => {
        if (source !== this.#source) return;
        this.#heard();
        const handle = this.#handlers[kind] as (data: unknown) => void;
        handle(JSON.parse((event as MessageEvent<string>).data));
      });
    }
    source.onerror = () => {
      if (source !== this.#source) return;
      this.#handlers.lost();
      if (source.readyState === EventSource.CLOSED) this.#reconnectLater();
    };
    this.#watchSilence();
  }

  #heard(): void {
    this.#waitMs = FIRST_WAIT_MS;
    this.#watchSilence();
    this.#handlers.heard();
  }

  #watchSilence(): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      this.#handlers.lost();
      this.#reconnectLater();
    }, SILENCE_MS);
  }

  #reconnectLater(): void {
    clearTimeout(this.#watch);
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = null;
    this.#again = setTimeout(() => {
      this.#connect();
    }, this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }
}
