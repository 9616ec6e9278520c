/** A message that goes from one page to another: decode box, profiles, quarantine. */
import type { Sample } from "../api/integrator";

class Carried {
  message = $state.raw<(Sample & { format?: string }) | null>(null);

  /** Takes what was handed over, once. */
  take(): (Sample & { format?: string }) | null {
    const found = this.message;
    this.message = null;
    return found;
  }
}

export const carried = new Carried();
