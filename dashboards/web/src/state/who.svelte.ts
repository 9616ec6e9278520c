/** Who does what is done on this page. One place, for the name that changes are signed with. */
import { account } from "./account.svelte";
import { prefs } from "./prefs.svelte";

class Who {
  get name(): string {
    return account.user?.display_name ?? prefs.actor;
  }

  use(name: string): void {
    prefs.useActor(name);
  }
}

export const who = new Who();
