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

/** Lines that are drawn at once; the rest follow when these are on screen. */
const AT_ONCE = 8;
const LATER_MS = 1_000;

export class WorstFirst<T> {
  readonly #of: Ordered<T>;
  #most = $state(AT_ONCE);
  #busy = $state(false);
  #order: string[] = [];

  constructor(of: Ordered<T>) {
    this.#of = of;
  }

  readonly shown = $derived.by(() => {
    const { rows, id, weight } = this.#of;
    const byId = new Map(rows().map((row) => [id(row), row]));
    const wanted = [...byId]
      .map(([key, row]) => ({ key, heavy: weight(row) }))
      .sort((a, b) => b.heavy - a.heavy)
      .slice(0, this.#most)
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
    const later = setTimeout(() => (this.#most = this.#of.most), LATER_MS);
    element.addEventListener("pointerenter", begin);
    element.addEventListener("pointerleave", end);
    element.addEventListener("focusin", begin);
    element.addEventListener("focusout", end);
    return () => {
      clearTimeout(later);
      element.removeEventListener("pointerenter", begin);
      element.removeEventListener("pointerleave", end);
      element.removeEventListener("focusin", begin);
      element.removeEventListener("focusout", end);
    };
  };
}
