/** What is read beside a data centre's figures: projection, flow, balance, ledger, weather. */
import * as endpoints from "../api/endpoints";
import type {
  Balances,
  Certificate,
  EnergyFlow,
  Projection,
  WeatherNormalised,
} from "../api/types";
import { Loaded } from "./load.svelte";

const HOUR_MS = 3_600_000;
const REACH_MS = 30 * 24 * HOUR_MS;

export class Outlook {
  readonly park: string;
  readonly code: string;
  readonly projections = { pue: new Loaded<Projection>(), ref: new Loaded<Projection>() };
  readonly flow = new Loaded<EnergyFlow>();
  readonly balance = new Loaded<Balances>();
  readonly certificates = new Loaded<Certificate[]>();
  readonly weather = new Loaded<WeatherNormalised>();
  readonly #span: { start: Date; end: Date };

  /** `now` is the park's clock. */
  constructor(park: string, code: string, now: number) {
    this.park = park;
    this.code = code;
    const end = Math.floor(now / HOUR_MS) * HOUR_MS;
    this.#span = { start: new Date(end - REACH_MS), end: new Date(end) };
  }

  load(): void {
    this.loadProjection("pue");
    this.loadProjection("ref");
    this.loadFlow();
    this.loadBalance();
    this.loadCertificates();
    this.loadWeather();
  }

  loadProjection(kpi: "pue" | "ref"): void {
    void this.projections[kpi].run(() => endpoints.projection(this.park, this.code, kpi));
  }

  loadFlow(): void {
    void this.flow.run(() => endpoints.energyFlow(this.park, this.code, this.#span));
  }

  loadBalance(): void {
    void this.balance.run(() => endpoints.balance(this.park, this.code, this.#span));
  }

  loadCertificates(): void {
    void this.certificates.run(() => endpoints.certificates(this.park, this.code));
  }

  loadWeather(): void {
    void this.weather.run(() => endpoints.weatherNormalised(this.park, this.code));
  }
}
