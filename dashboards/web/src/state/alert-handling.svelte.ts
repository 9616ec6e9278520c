/** What people do with one or several alerts beside acknowledging: ask for the words, send. */
import * as desk from "../api/desk";
import type { Alert } from "../api/types";
import { i18n } from "../i18n/i18n.svelte";
import { canHandle, type Handling } from "../lib/alert-handling";
import type { Session } from "./session.svelte";
import { sentence, Submission } from "./submission.svelte";
import { toasts } from "./toasts.svelte";
import { who } from "./who.svelte";

export interface Words {
  comment: string;
  assignee: string | null;
  until: Date | null;
}

class AlertHandling {
  /** What is being asked for; the dialog is open while it is not null. */
  asking = $state.raw<{ action: Handling; alerts: Alert[] } | null>(null);
  readonly sending = new Submission();
  #session: Session | null = null;
  #done: (() => void) | null = null;

  /** Opens the dialog for those of the alerts that the action fits. */
  ask(session: Session, action: Handling, alerts: Alert[], done?: () => void): void {
    const fitting = alerts.filter((alert) => canHandle(alert, action));
    if (fitting.length === 0) {
      if (alerts.length > 0) toasts.say("problem", i18n.t.handling.nothing);
      return;
    }
    this.#session = session;
    this.#done = done ?? null;
    this.sending.forget();
    this.asking = { action, alerts: fitting };
  }

  cancel(): void {
    this.asking = null;
  }

  /** Sends one after the other; what was refused stays in the dialog with its reason. */
  async confirm(words: Words): Promise<void> {
    const { asking } = this;
    if (asking === null) return;
    let left: Alert[] = [];
    const many = asking.alerts.length > 1;
    const accepted = await this.sending.run(async () => {
      let refusal: unknown = null;
      for (const alert of asking.alerts) {
        try {
          const changed = await send(asking.action, alert, words, many);
          this.#session?.takeAlert(changed);
        } catch (error) {
          refusal ??= error;
          left = [...left, alert];
        }
      }
      const n = i18n.format.number(asking.alerts.length - left.length);
      if (left.length < asking.alerts.length) toasts.say("info", i18n.t.handling.done(n));
      if (refusal !== null) throw refusal as Error;
    });
    if (accepted) {
      this.asking = null;
      this.#done?.();
    } else if (many) {
      this.asking = { ...asking, alerts: left };
      const text = sentence(this.sending.error);
      const n = i18n.format.number(left.length);
      toasts.say("problem", i18n.t.handling.partly(n, text));
    }
  }
}

function send(action: Handling, alert: Alert, words: Words, many: boolean): Promise<Alert> {
  const { id, version } = alert;
  const body = { actor: who.name, comment: words.comment, ...(many ? {} : { version }) };
  switch (action) {
    case "shelve":
      return desk.shelve(id, body, words.until ?? new Date());
    case "unshelve":
      return desk.unshelve(id, body);
    case "assign":
      return desk.assign(id, body, words.assignee);
    case "comment":
      return desk.comment(id, { actor: who.name, comment: words.comment });
    case "out_of_service":
      return desk.outOfService(id, body);
    case "in_service":
      return desk.inService(id, body);
  }
}

export const handling = new AlertHandling();
