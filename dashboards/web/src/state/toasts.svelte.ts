/** Short messages about what just happened. */

export interface Toast {
  id: number;
  kind: "info" | "problem";
  text: string;
}

const SHOWN_MS = 6_000;

class Toasts {
  items = $state.raw<Toast[]>([]);
  #next = 1;

  say(kind: Toast["kind"], text: string): void {
    const id = this.#next;
    this.#next += 1;
    this.items = [...this.items.slice(-3), { id, kind, text }];
    setTimeout(() => {
      this.dismiss(id);
    }, SHOWN_MS);
  }

  dismiss(id: number): void {
    this.items = this.items.filter((each) => each.id !== id);
  }
}

export const toasts = new Toasts();
