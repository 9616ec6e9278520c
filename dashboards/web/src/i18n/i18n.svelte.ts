/** Language and formats of what is on screen; both follow the preferences. */
import { Format, type Lang } from "../lib/format";
import type { Limit, Name } from "../api/types";
import { en, type Dictionary } from "./en";
import { zh } from "./zh";

const DICTIONARIES: Record<Lang, Dictionary> = { en, zh };
const TAGS: Record<Lang, string> = { en: "en", zh: "zh-CN" };
const KEY = "parkpulse.lang";

class I18n {
  lang = $state<Lang>(document.documentElement.lang.startsWith("zh") ? "zh" : "en");
  zone = $state("Asia/Shanghai");
  readonly t: Dictionary = $derived(DICTIONARIES[this.lang]);
  readonly format: Format = $derived(new Format(this.lang, this.zone));

  /** Name of something in the present language. */
  name(of: Name): string {
    return of[this.lang];
  }

  /** Where a limit or target comes from; most of it is written in both languages. */
  source({ source, source_zh }: { source: string; source_zh: string }): string {
    return this.lang === "zh" && source_zh !== "" ? source_zh : source;
  }

  /** "警戒水位"; where a limit has no name, the word for its severity. */
  limitName({ name, severity }: Pick<Limit, "name" | "severity">): string {
    return name === null ? this.t.severity[severity] : this.name(name);
  }

  use(lang: Lang): void {
    this.lang = lang;
    document.documentElement.lang = TAGS[lang];
    localStorage.setItem(KEY, lang);
  }

  toggle(): void {
    this.use(this.lang === "zh" ? "en" : "zh");
  }
}

export const i18n = new I18n();
