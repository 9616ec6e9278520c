/** Escalations that are under way in a park, asked again now and then. */
import { SvelteMap } from "svelte/reactivity";
import * as desk from "../api/desk";
import type { Escalation } from "../api/desk-types";

const REFRESH_MS = 10_000;

export class Escalations {
  readonly byAlert = new SvelteMap<string, Escalation>();
  readonly #park: string;

  constructor(park: string) {
    this.#park = park;
  }

  /** Keeps them up to date until the returned function is called. */
  follow(): () => void {
    void this.#load();
    const timer = setInterval(() => void this.#load(), REFRESH_MS);
    return () => {
      clearInterval(timer);
    };
  }

  async #load(): Promise<void> {
    try {
      const { items } = await desk.escalations(this.#park);
      const found = new Map(items.map((each) => [each.alert, each]));
      for (const id of this.byAlert.keys()) if (!found.has(id)) this.byAlert.delete(id);
      for (const [id, each] of found) this.byAlert.set(id, each);
    } catch {
      // The connection's state says what is wrong.
    }
  }
}
