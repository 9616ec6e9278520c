/** Single-key commands. They can be switched off (WCAG 2.1.4) and never act while typing. */

export type Keys = Record<string, () => void>;

const OFF = "parkpulse.keys";
const SEQUENCE_MS = 1_500;

class Keyboard {
  on = $state(localStorage.getItem(OFF) !== "off");
  #bound: Keys[] = [];
  #prefix = "";
  #forget: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener("keydown", (event) => {
      this.#press(event);
    });
  }

  /** Adds commands; those bound last win. A key is `j`, or `g o` for one after the other. */
  bind(keys: Keys): () => void {
    this.#bound.push(keys);
    return () => {
      this.#bound = this.#bound.filter((each) => each !== keys);
    };
  }

  use(on: boolean): void {
    this.on = on;
    localStorage.setItem(OFF, on ? "on" : "off");
  }

  #press(event: KeyboardEvent): void {
    if (!this.on || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
    const key = `${this.#prefix}${event.key}`;
    clearTimeout(this.#forget);
    this.#prefix = "";
    const command = this.#bound.findLast((keys) => key in keys)?.[key];
    if (command !== undefined) {
      event.preventDefault();
      command();
    } else if (
      this.#bound.some((keys) => Object.keys(keys).some((k) => k.startsWith(`${key} `)))
    ) {
      this.#prefix = `${key} `;
      this.#forget = setTimeout(() => {
        this.#prefix = "";
      }, SEQUENCE_MS);
    }
  }
}

function typing(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("dialog") !== null) return true;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox";
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

export const keyboard = new Keyboard();
