/** All devices of a park and what is wrong with them, page by page. */
import { untrack } from "svelte";
import { pages } from "../api/client";
import * as endpoints from "../api/endpoints";
import * as operator from "../api/operator";
import type { Device } from "../api/types";
import { health, type Health } from "../lib/device-health";
import { Loaded } from "./load.svelte";

const DAY_MS = 86_400_000;
/** The most that the service gives at once. */
const MOST_ASIDE = 1000;

export class DeviceList {
  readonly found = new Loaded<Health[]>();
  /** Whether every page has come once; until then those that have are shown. */
  complete = $state(false);
  readonly #park: string;
  #busy = false;

  constructor(park: string) {
    this.#park = park;
  }

  /** Asks for all anew; not while a request is under way, which may take longer than a refresh. */
  load(): void {
    if (this.#busy) return;
    this.#busy = true;
    void this.found
      .run(() => this.#all())
      .finally(() => {
        this.#busy = false;
      });
  }

  async #all(): Promise<Health[]> {
    const wrong = this.#wrong();
    wrong.catch(() => undefined);
    // What begins a request again is the time, not its end.
    const first = untrack(() => !this.complete);
    let all: Health[] = [];
    for await (const devices of pages<Device>(
      `/parks/${encodeURIComponent(this.#park)}/devices`,
    )) {
      const { findings, aside } = await wrong;
      all = [...all, ...health(devices, findings, aside)];
      if (first) this.found.value = all;
    }
    this.complete = true;
    return all;
  }

  async #wrong() {
    const since = new Date(Date.now() - DAY_MS).toISOString();
    const [findings, aside] = await Promise.all([
      operator.findings(this.#park),
      endpoints.quarantine({ park: this.#park, since, limit: MOST_ASIDE }),
    ]);
    return { findings: findings.items, aside: aside.items };
  }
}
