/** Scenarios of simulated parks: which there are, which one runs; starts and stops them. */
import * as endpoints from "../api/endpoints";
import { ApiError } from "../api/client";
import type { Scenario, Simulation } from "../api/types";
import { i18n } from "../i18n/i18n.svelte";
import { Loaded } from "./load.svelte";
import { toasts } from "./toasts.svelte";

const REFRESH_MS = 2_000;

export class Training {
  readonly scenarios = new Loaded<Scenario[]>();
  readonly now = new Loaded<Simulation>();
  /** A start or stop is under way. */
  busy = $state(false);

  readonly running = $derived(this.now.value?.state === "running");
  readonly ready = $derived(this.now.value?.allowed === true && !this.running && !this.busy);

  load(): void {
    void this.scenarios.run(endpoints.scenarios);
    this.refresh();
  }

  refresh(): void {
    if (!this.busy) void this.now.run(endpoints.simulation);
  }

  /** Keeps the state up to date until the returned function is called. */
  follow(): () => void {
    this.load();
    const timer = setInterval(() => {
      this.refresh();
    }, REFRESH_MS);
    return () => {
      clearInterval(timer);
    };
  }

  async start(scenario: Scenario, speed: number): Promise<void> {
    const begin = () => endpoints.startSimulation(scenario.code, speed);
    await this.#change(begin, i18n.t.training.started(i18n.name(scenario.name)));
  }

  async stop(): Promise<void> {
    await this.#change(endpoints.stopSimulation, i18n.t.training.stopped);
  }

  async #change(job: () => Promise<Simulation>, said: string): Promise<void> {
    this.busy = true;
    try {
      const simulation = await job();
      await this.now.run(() => Promise.resolve(simulation));
      toasts.say("info", said);
    } catch (error) {
      const detail = error instanceof ApiError ? error.message : "";
      toasts.say("problem", `${i18n.t.training.failed} ${detail}`);
    } finally {
      this.busy = false;
    }
  }
}
