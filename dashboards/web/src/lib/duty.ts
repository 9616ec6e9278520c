/** The week of a duty roster: who is on duty when, substitutes in place. */
import type { Roster } from "../api/desk-types";

export interface Turn {
  /** Clock times on the day, `08:00`. */
  start: string;
  end: string;
  /** Ends on the next day. */
  overnight: boolean;
  person: string;
  /** Who stands in, if somebody does for a part of it. */
  by: string | null;
}

/**
 * Shifts that begin on a day. `wall` is the day's midnight on the park's wall, as epoch ms of
 * that wall (`toWall`); `instant` makes an epoch ms of a wall's.
 */
export function turnsOf(
  roster: Roster,
  wall: number,
  instant: (wall: number) => number,
): Turn[] {
  const day = ((new Date(wall).getUTCDay() + 6) % 7) + 1;
  return roster.shifts
    .filter(({ days }) => days.includes(day))
    .map(({ start, end, person }) => {
      const overnight = end <= start;
      const from = instant(wall + minutes(start) * 60_000);
      const to = instant(wall + (minutes(end) + (overnight ? 1440 : 0)) * 60_000);
      const standsIn = roster.substitutions.find(
        (each) =>
          (each.person ?? person) === person &&
          Date.parse(each.start) < to &&
          from < Date.parse(each.end),
      );
      return { start, end, overnight, person, by: standsIn?.by ?? null };
    })
    .sort((a, b) => a.start.localeCompare(b.start));
}

function minutes(clock: string): number {
  const [hours = 0, rest = 0] = clock.split(":").map(Number);
  return hours * 60 + rest;
}

/** Midnight of the Monday of that wall's week. */
export function monday(wall: number): number {
  const DAY_MS = 86_400_000;
  const midnight = Math.floor(wall / DAY_MS) * DAY_MS;
  return midnight - ((new Date(midnight).getUTCDay() + 6) % 7) * DAY_MS;
}
