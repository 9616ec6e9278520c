/** The park's present: its wall clock between the service's frames, or its data clock. */

export class Clock {
  /** Epoch milliseconds, renewed every second. */
  now = $state(Date.now());
  #skewMs = 0;
  #running = true;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    this.#timer = setInterval(() => {
      if (this.#running) this.now = Date.now() + this.#skewMs;
    }, 1000);
  }

  /** Sets what the service said; a data clock moves only then. */
  set(now: string, kind: "wall" | "data"): void {
    const at = Date.parse(now);
    this.#running = kind === "wall";
    this.#skewMs = at - Date.now();
    if (kind === "data" || Math.abs(at - this.now) > 1500) this.now = at;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
