/** The integrator's words in the present language; apart, since few people need them. */
import { i18n } from "./i18n.svelte";
import { en, zh } from "./integrator";

class Integrator {
  readonly t: typeof en = $derived(i18n.lang === "zh" ? zh : en);
}

export const integrator = new Integrator();
