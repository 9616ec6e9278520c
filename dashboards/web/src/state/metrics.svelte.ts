/** All metrics that there are, by code: also those that no series of the park has. */
import { all } from "../api/client";
import type { Metric } from "../api/types";

class Metrics {
  all = $state.raw<ReadonlyMap<string, Metric>>(new Map());
  #asked = false;

  /** Asks once; before the answer, and without one, nothing is known. */
  need(): void {
    if (this.#asked) return;
    this.#asked = true;
    all<Metric>("/metrics")
      .then((found) => (this.all = new Map(found.map((each) => [each.code, each]))))
      .catch(() => (this.#asked = false));
  }
}

export const metrics = new Metrics();
