/** Who has logged in, and what they may do. */
import * as api from "../account/api";
import { ROLES, type Me, type Myself, type Right, type Role } from "../account/types";
import { whenLoginIsNeeded } from "../api/client";
import { i18n } from "../i18n/i18n.svelte";

type Mode = Me["mode"] | "unknown";

/** First role that has a right; `parkpulse/model/account.py` decides. */
const LEAST: Partial<Record<Right, Role>> = {
  acknowledge: "operator",
  maintain: "operator",
  train: "operator",
  edit_rules: "manager",
  edit_duty: "manager",
  edit_targets: "manager",
  edit_certificates: "manager",
  report: "manager",
  write_readings: "manager",
  see_channels: "manager",
};

class Account {
  mode = $state<Mode>("unknown");
  user = $state.raw<Myself | null>(null);
  #rights = $state.raw<ReadonlySet<Right>>(new Set());

  constructor() {
    whenLoginIsNeeded(() => {
      if (this.mode !== "unknown") this.#take({ mode: "login", user: null, rights: [] });
    });
  }

  can(right: Right): boolean {
    return this.#rights.has(right);
  }

  /** Why something may not be done; undefined when it may. */
  why(right: Right): string | undefined {
    if (this.can(right)) return undefined;
    const least = LEAST[right] ?? "admin";
    const has = this.user !== null && ROLES.indexOf(this.user.role) >= ROLES.indexOf(least);
    return has
      ? i18n.t.account.allParksNeeded
      : i18n.t.account.needs(i18n.t.account.roles[least]);
  }

  /** What a button gets that needs a right: switched off, with the reason. */
  guard(right: Right): { disabled: boolean; title: string | undefined } {
    return { disabled: !this.can(right), title: this.why(right) };
  }

  async load(): Promise<void> {
    this.#take(await api.me());
  }

  async logIn(name: string, password: string): Promise<void> {
    this.enter(await api.logIn(name, password));
  }

  /** Goes on as who has just logged in, in their language. */
  enter(me: Me): void {
    if (me.user !== null) i18n.use(me.user.language);
    this.#take(me);
  }

  async logOut(): Promise<void> {
    await api.logOut();
    await this.load();
  }

  #take(me: Me): void {
    this.mode = me.mode;
    this.user = me.user;
    this.#rights = new Set(me.rights);
  }
}

export const account = new Account();
