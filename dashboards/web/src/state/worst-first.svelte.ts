/** Lines of a strip: what is in trouble first, in place while somebody points at them. */
import type { Attachment } from "svelte/attachments";
import { held } from "../lib/alerts";

export interface Ordered<T> {
  rows: () => readonly T[];
  id: (row: T) => string;
  /** 0 where all is well; the higher, the earlier. */
  weight: (row: T) => number;
  /** More lines than this are left to the list of all. */
  most: number;
}

export class WorstFirst<T> {
  readonly #of: Ordered<T>;
  #busy = $state(false);
  #order: string[] = [];

  constructor(of: Ordered<T>) {
    this.#of = of;
  }

  readonly shown = $derived.by(() => {
    const { rows, id, weight, most } = this.#of;
    const byId = new Map(rows().map((row) => [id(row), row]));
    const wanted = [...byId]
      .map(([key, row]) => ({ key, heavy: weight(row) }))
      .sort((a, b) => b.heavy - a.heavy)
      .slice(0, most)
      .map(({ key }) => key);
    this.#order = this.#busy ? held(this.#order, wanted) : wanted;
    return this.#order.map((key) => byId.get(key)).filter((row) => row !== undefined);
  });

  /** How many are not shown. */
  readonly others = $derived.by(() => Math.max(0, this.#of.rows().length - this.#of.most));

  /** For the element that holds the lines. */
  readonly hold: Attachment<HTMLElement> = (element) => {
    const begin = () => (this.#busy = true);
    const end = () => (this.#busy = false);
    element.addEventListener("pointerenter", begin);
    element.addEventListener("pointerleave", end);
    element.addEventListener("focusin", begin);
    element.addEventListener("focusout", end);
    return () => {
      element.removeEventListener("pointerenter", begin);
      element.removeEventListener("pointerleave", end);
      element.removeEventListener("focusin", begin);
      element.removeEventListener("focusout", end);
    };
  };
}
