/** How what lies on a park's drawing is now. */
import type { PlanPosition } from "../api/operator-types";
import type { Session } from "../state/session.svelte";
import { condition, type Condition } from "./state";

export class LivePlan {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  readonly #sensed = $derived.by(() => {
    const { series, clock } = this.#session;
    return series.map((each) => ({
      device: each.info.device,
      place: each.info.place,
      stale: each.isStale(clock.now),
    }));
  });

  condition(of: Pick<PlanPosition, "kind" | "code">): Condition {
    const { park, alerts } = this.#session;
    return condition(of, park?.places ?? [], alerts.values(), this.#sensed);
  }
}
