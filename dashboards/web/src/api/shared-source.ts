/**
 * One connection for all tabs of a browser that look at the same park.
 *
 * The tab that holds a lock has the connection and hands every event on; when it goes, the
 * browser gives the lock to another, which asks for what came after the last event. A tab that
 * joins gets its snapshot over a connection of its own, closed as soon as that has come.
 */

/** What a stream needs of an `EventSource`. */
export interface Source extends EventTarget {
  readonly readyState: number;
  onerror: (() => void) | null;
  close: () => void;
}

export type Connect = (address: string) => Source;

const KINDS = ["snapshot", "values", "alert", "kpi", "flow"] as const;
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

type Said =
  | { kind: (typeof KINDS)[number]; data: string; id: string }
  | { kind: "lost"; data: ""; id: "" };

const own: Connect = (address) => new EventSource(address) as unknown as Source;

/** Where a browser lacks locks (pages that are not on loopback and not by HTTPS). */
export function canShare(): boolean {
  return typeof BroadcastChannel === "function" && "locks" in navigator;
}

function since(address: string, id: string): string {
  if (id === "") return address;
  return `${address}${address.includes("?") ? "&" : "?"}after=${id}`;
}

export class SharedSource extends EventTarget implements Source {
  onerror: (() => void) | null = null;
  readyState = CONNECTING;
  /** Whether this tab has the connection. */
  leads = false;
  readonly #address: string;
  readonly #connect: Connect;
  readonly #channel: BroadcastChannel;
  readonly #ending = new AbortController();
  #source: Source | null = null;
  #lastId = "";

  constructor(address: string, connect: Connect = own) {
    super();
    this.#address = address;
    this.#connect = connect;
    const name = `parkpulse ${address}`;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event: MessageEvent<Said>) => {
      this.#hear(event.data);
    };
    void this.#join(name);
  }

  close(): void {
    this.readyState = CLOSED;
    this.#ending.abort();
    this.#source?.close();
    this.#channel.close();
  }

  async #join(name: string): Promise<void> {
    const { signal } = this.#ending;
    const led = await navigator.locks.request(name, { ifAvailable: true }, (lock) =>
      lock === null || signal.aborted ? false : this.#lead(),
    );
    if (led || signal.aborted) return;
    this.#source = this.#listen(this.#address, true);
    try {
      await navigator.locks.request(name, { signal }, () => this.#lead());
    } catch (error) {
      const isOver = error instanceof DOMException && error.name === "AbortError";
      if (!isOver) throw error;
    }
  }

  /** Has the connection until this is closed; the lock is held as long. */
  #lead(): Promise<boolean> {
    this.leads = true;
    this.#source?.close();
    this.#source = this.#listen(since(this.#address, this.#lastId), false);
    return new Promise((resolve) => {
      const over = () => {
        resolve(true);
      };
      if (this.#ending.signal.aborted) over();
      else this.#ending.signal.addEventListener("abort", over);
    });
  }

  #listen(address: string, once: boolean): Source {
    const source = this.#connect(address);
    for (const kind of KINDS)
      source.addEventListener(kind, (event) => {
        if (source !== this.#source) return;
        const { data, lastEventId } = event as MessageEvent<string>;
        const said: Said = { kind, data, id: lastEventId };
        if (once) {
          if (kind === "snapshot") this.#part(source);
        } else this.#channel.postMessage(said);
        this.#tell(said);
      });
    source.onerror = () => {
      if (source !== this.#source) return;
      this.#fail(source.readyState, once);
    };
    return source;
  }

  /** The snapshot is there: what follows comes from the tab that leads. */
  #part(source: Source): void {
    this.#source = null;
    source.close();
  }

  #fail(readyState: number, once: boolean): void {
    this.readyState = readyState;
    if (!once) this.#channel.postMessage({ kind: "lost", data: "", id: "" } satisfies Said);
    this.onerror?.();
  }

  #hear(said: Said): void {
    if (this.leads || this.readyState === CLOSED) return;
    if (said.kind !== "lost") this.#tell(said);
    else {
      this.readyState = CONNECTING;
      this.onerror?.();
    }
  }

  #tell({ kind, data, id }: Said): void {
    if (id !== "") this.#lastId = id;
    this.readyState = OPEN;
    this.dispatchEvent(new MessageEvent(kind, { data, lastEventId: id }));
  }
}

/**
 * Opens shared connections as long as they serve: a tab that heard nothing from the one that
 * leads has a connection of its own from then on.
 */
export function sharing(connect: Connect = own): Connect {
  let last: SharedSource | null = null;
  return (address) => {
    const wasLeft = last !== null && !last.leads;
    if (wasLeft || !canShare()) {
      last = null;
      return connect(address);
    }
    last = new SharedSource(address, connect);
    return last;
  };
}
