/** Acknowledging: who does it, what came of it. */
import * as endpoints from "../api/endpoints";
import { ApiError } from "../api/client";
import type { Alert } from "../api/types";
import { i18n } from "../i18n/i18n.svelte";
import { account } from "./account.svelte";
import type { Session } from "./session.svelte";
import { toasts } from "./toasts.svelte";
import { who } from "./who.svelte";

/** Whether this person may still acknowledge this alert. */
export function canAcknowledge(alert: Alert): boolean {
  const isOpen = alert.state === "unacknowledged" || alert.state === "returned_unacknowledged";
  return isOpen && account.can("acknowledge");
}

class Acknowledging {
  /** Alerts that wait for the person's name; the dialog is open while there are some. */
  asking = $state.raw<Alert[]>([]);
  #session: Session | null = null;

  /** Acknowledges at once if the person's name is known, else asks for it. */
  start(session: Session, alerts: Alert[]): void {
    const open = alerts.filter(canAcknowledge);
    if (open.length === 0) return;
    this.#session = session;
    if (who.name === "") this.asking = open;
    else void this.#send(session, open, "");
  }

  /** Opens the dialog in any case, to leave a comment. */
  ask(session: Session, alerts: Alert[]): void {
    this.#session = session;
    this.asking = alerts.filter(canAcknowledge);
  }

  confirm(actor: string, comment: string): void {
    const alerts = this.asking;
    if (account.user === null) who.use(actor);
    this.asking = [];
    if (this.#session !== null) void this.#send(this.#session, alerts, comment);
  }

  cancel(): void {
    this.asking = [];
  }

  async #send(session: Session, alerts: Alert[], comment: string): Promise<void> {
    let done = 0;
    for (const alert of alerts) {
      const sent = await this.#one(session, alert, comment);
      if (sent) done += 1;
    }
    if (done > 0) toasts.say("info", i18n.t.alert.done(i18n.format.number(done)));
  }

  async #one(session: Session, alert: Alert, comment: string): Promise<boolean> {
    try {
      session.takeAlert(
        await endpoints.acknowledge(alert.id, who.name, comment, alert.version),
      );
      return true;
    } catch (error) {
      const conflict = error instanceof ApiError && error.status === 409;
      const detail = error instanceof ApiError ? error.message : "";
      toasts.say(
        "problem",
        conflict ? i18n.t.alert.conflict : `${i18n.t.alert.failed} ${detail}`,
      );
      if (conflict) await this.#refresh(session, alert.id);
      return false;
    }
  }

  async #refresh(session: Session, id: string): Promise<void> {
    try {
      session.takeAlert(await endpoints.alert(id));
    } catch {
      // The stream brings the alert's state as well.
    }
  }
}

export const acknowledging = new Acknowledging();
