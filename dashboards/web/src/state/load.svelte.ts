/** Something that is asked from the API and may be loading, there, or failed. */

export class Loaded<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  loading = $state(false);
  #latest = 0;

  /** Keeps the old value while the new one is under way; a later call overtakes an earlier. */
  async run(job: () => Promise<T>): Promise<void> {
    this.#latest += 1;
    const mine = this.#latest;
    this.loading = true;
    try {
      const value = await job();
      if (mine !== this.#latest) return;
      this.value = value;
      this.error = null;
    } catch (error) {
      if (mine === this.#latest && !aborted(error)) this.error = error;
    } finally {
      if (mine === this.#latest) this.loading = false;
    }
  }
}

function aborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
