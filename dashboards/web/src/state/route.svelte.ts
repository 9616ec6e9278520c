/** Where the person is; follows the address, and writes it. */
import { link, parseRoute, type PageName } from "../lib/route";

class Router {
  #route = $state.raw(parseRoute(location.hash));

  constructor() {
    addEventListener("hashchange", () => {
      this.#route = parseRoute(location.hash);
    });
  }

  get route() {
    return this.#route;
  }

  get park() {
    return this.#route.park;
  }

  get page(): PageName {
    return this.#route.page;
  }

  get id() {
    return this.#route.id;
  }

  param(name: string): string | null {
    return this.#route.query[name] ?? null;
  }

  go(fragment: string): void {
    location.hash = fragment;
  }

  /** Changes parameters in place: `null` removes one; no new step in the history. */
  set(params: Record<string, string | null>): void {
    const { park, page, id, query } = this.#route;
    if (park === null) return;
    const fragment = link(park, page, id, { ...query, ...params });
    history.replaceState(null, "", fragment);
    this.#route = parseRoute(fragment);
  }
}

export const router = new Router();
