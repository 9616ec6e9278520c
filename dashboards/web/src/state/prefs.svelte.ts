/** What a person chose on this machine: theme, and the name that acknowledges. */

export type Theme = "auto" | "light" | "dark";

const THEME = "parkpulse.theme";
const ACTOR = "parkpulse.actor";
const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

function storedTheme(): Theme {
  const value = localStorage.getItem(THEME);
  return value === "light" || value === "dark" ? value : "auto";
}

class Prefs {
  theme = $state<Theme>(storedTheme());
  actor = $state(localStorage.getItem(ACTOR) ?? "");
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  /** Whether dark colours are shown now; charts repaint when it changes. */
  dark = $state(false);

  constructor() {
    this.#apply();
    this.#dark.addEventListener("change", () => {
      this.#apply();
    });
  }

  nextTheme(): void {
    this.theme = NEXT[this.theme];
    localStorage.setItem(THEME, this.theme);
    this.#apply();
  }

  useActor(name: string): void {
    this.actor = name.trim();
    localStorage.setItem(ACTOR, this.actor);
  }

  #apply(): void {
    this.dark = this.theme === "dark" || (this.theme === "auto" && this.#dark.matches);
    document.documentElement.dataset.theme = this.dark ? "dark" : "light";
  }
}

export const prefs = new Prefs();
