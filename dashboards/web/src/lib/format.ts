/** Numbers, times and durations as people of a language and a zone write them. */
import { write } from "./units";

export type Lang = "zh" | "en";

export type Instant = string | number | Date;

const LOCALE: Record<Lang, string> = { zh: "zh-CN", en: "en-GB" };
const THIN = "\u202f";
const MINUS = "\u2212";
export const DASH = "–";

const AGE: Record<Lang, { s: string; min: string; h: string; d: string }> = {
  zh: { s: "秒", min: "分", h: "时", d: "天" },
  en: { s: "s", min: "min", h: "h", d: "d" },
};

/** Formats for one language and one zone; make one and keep it. */
export class Format {
  readonly lang: Lang;
  readonly zone: string;
  readonly #numbers = new Map<number, Intl.NumberFormat>();
  readonly #times = new Map<TimeForm, Intl.DateTimeFormat>();

  constructor(lang: Lang, zone: string) {
    this.lang = lang;
    this.zone = zone;
  }

  number(value: number, decimals = 0): string {
    let format = this.#numbers.get(decimals);
    if (format === undefined) {
      const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
      format = new Intl.NumberFormat(LOCALE[this.lang], { ...digits, signDisplay: "negative" });
      this.#numbers.set(decimals, format);
    }
    return format.format(value).replace("-", MINUS);
  }

  /** Number and unit apart, because the unit is written lighter. */
  parts(value: number, unit: string, scaleBy = value): { number: string; unit: string } {
    const written = write(value, unit, scaleBy);
    return { number: this.number(written.value, written.decimals), unit: written.unit };
  }

  scaled(value: number, unit: string, scaleBy = value): { value: number; unit: string } {
    return write(value, unit, scaleBy);
  }

  quantity(value: number | null, unit: string): string {
    if (value === null) return DASH;
    const { number, unit: shown } = this.parts(value, unit);
    return joined(number, shown);
  }

  share(value: number | null, decimals = 1): string {
    return value === null ? DASH : `${this.number(value * 100, decimals)}%`;
  }

  pue(value: number | null): string {
    return value === null ? DASH : this.number(value, 3);
  }

  clock(at: Instant): string {
    return this.#time("clock", at);
  }

  clockSeconds(at: Instant): string {
    return this.#time("clockSeconds", at);
  }

  day(at: Instant): string {
    return this.#time("day", at);
  }

  fullDay(at: Instant): string {
    return this.#time("fullDay", at);
  }

  /** A date without time or zone, `2024-06-01`. */
  plainDay(date: string): string {
    return this.#form("plainDay").format(new Date(`${date}T00:00:00Z`));
  }

  month(at: Instant): string {
    return this.#time("month", at);
  }

  monthOnly(at: Instant): string {
    return this.#time("monthOnly", at);
  }

  /** Day and time; the day only when it is not that of `now`. */
  when(at: Instant, now: Instant): string {
    const time = this.clock(at);
    return this.fullDay(at) === this.fullDay(now) ? time : `${this.day(at)} ${time}`;
  }

  dateTime(at: Instant): string {
    return `${this.fullDay(at)} ${this.clockSeconds(at)}`;
  }

  /** "12 s", "4 min", "2 h", "2 h 05", "3 d": one or two units. */
  duration(seconds: number): string {
    const unit = AGE[this.lang];
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < 60) return joined(String(whole), unit.s);
    const minutes = Math.floor(whole / 60);
    if (minutes < 60) return joined(String(minutes), unit.min);
    const hours = Math.floor(minutes / 60);
    if (hours >= 48) return joined(String(Math.floor(hours / 24)), unit.d);
    if (minutes % 60 === 0) return joined(String(hours), this.lang === "zh" ? "小时" : "h");
    const rest = String(minutes % 60).padStart(2, "0");
    return this.lang === "zh" ? `${hours}时${rest}分` : `${hours}${THIN}h${THIN}${rest}`;
  }

  bytes(length: number): string {
    if (length < 1024) return joined(this.number(length), "B");
    if (length < 1024 ** 2) return joined(this.number(length / 1024, 1), "KiB");
    if (length < 1024 ** 3) return joined(this.number(length / 1024 ** 2, 1), "MiB");
    return joined(this.number(length / 1024 ** 3, 1), "GiB");
  }

  /** How far the zone's clock is ahead of UTC at that time [ms]. */
  offsetMs(at: Instant): number {
    const found = /UTC([+-])(\d+)(?::(\d+))?/.exec(this.offset(at));
    if (found === null) return 0;
    const [, sign, hours = "0", minutes = "0"] = found;
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  }

  /** "UTC+8" of the zone at that time. */
  offset(at: Instant): string {
    const part = this.#form("offset")
      .formatToParts(new Date(at))
      .find((each) => each.type === "timeZoneName");
    return (part?.value ?? "").replace("GMT", "UTC");
  }

  #time(form: TimeForm, at: Instant): string {
    return this.#form(form).format(new Date(at));
  }

  /** Each is made when it is first needed: that costs a phone some 5 ms. */
  #form(form: TimeForm): Intl.DateTimeFormat {
    let found = this.#times.get(form);
    if (found === undefined) {
      const locale = form === "offset" ? "en" : LOCALE[this.lang];
      const options = timeOptions(form, this.lang === "zh" ? "numeric" : "short");
      found = new Intl.DateTimeFormat(locale, {
        timeZone: this.zone,
        hourCycle: "h23",
        ...options,
      });
      this.#times.set(form, found);
    }
    return found;
  }
}

type TimeForm =
  "clock" | "clockSeconds" | "day" | "fullDay" | "plainDay" | "month" | "monthOnly" | "offset";

function timeOptions(form: TimeForm, month: "numeric" | "short"): Intl.DateTimeFormatOptions {
  const clock = { hour: "2-digit", minute: "2-digit" } as const;
  const fullDay = { year: "numeric", month, day: "numeric" } as const;
  switch (form) {
    case "clock":
      return clock;
    case "clockSeconds":
      return { ...clock, second: "2-digit" };
    case "day":
      return { month, day: "numeric" };
    case "fullDay":
      return fullDay;
    case "plainDay":
      return { ...fullDay, timeZone: "UTC" };
    case "month":
      return { year: "numeric", month };
    case "monthOnly":
      return { month: "short" };
    case "offset":
      return { timeZoneName: "shortOffset" };
  }
}

/** A thin space before a unit, none before a bare percent sign. */
export function joined(number: string, unit: string): string {
  if (unit === "") return number;
  return unit === "%" ? `${number}%` : `${number}${THIN}${unit}`;
}
