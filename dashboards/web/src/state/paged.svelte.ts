/** A list that comes in pages. */
import type { Page } from "../api/types";
import { Loaded } from "./load.svelte";

type Ask<T> = (cursor: string | null) => Promise<Page<T>>;

export class Paged<T> {
  readonly list = new Loaded<T[]>();
  more = $state(false);
  /** Whether more than the first page is on screen; a refresh would take it away. */
  isDeep = false;
  #next: string | null = null;
  #ask: Ask<T> | null = null;

  /** The first page. */
  load(ask: Ask<T>): void {
    this.#ask = ask;
    this.isDeep = false;
    void this.list.run(() => this.#page(ask, [], null));
  }

  loadMore(): void {
    const ask = this.#ask;
    if (ask === null) return;
    this.isDeep = true;
    void this.list.run(() => this.#page(ask, this.list.value ?? [], this.#next));
  }

  async #page(ask: Ask<T>, before: T[], cursor: string | null): Promise<T[]> {
    const page = await ask(cursor);
    this.#next = page.next;
    this.more = page.next !== null;
    return [...before, ...page.items];
  }
}
