const MINUTES_A_DAY = 1440;
const MINUTES_A_WEEK = 7 * MINUTES_A_DAY;
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** A stretch of time: where it begins, and how long it lasts, in minutes. */
export interface Window {
  readonly start: number;
  readonly length: number;
}

const minutesOf = (hours: string | undefined, minutes: string | undefined): number =>
  Number(hours) * 60 + Number(minutes);

/** `hh24:mi-hh24:mi`, every day (CreateDBInstance, PreferredBackupWindow). Undefined where the text is none. */
export function backupWindow(text: string): Window | undefined {
  const found = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/u.exec(text);
  if (found === null) return undefined;
  const start = minutesOf(found[1], found[2]);
  return { start, length: (minutesOf(found[3], found[4]) - start + MINUTES_A_DAY) % MINUTES_A_DAY };
}

/**
 * `ddd:hh24:mi-ddd:hh24:mi`, every week from Monday (CreateDBInstance, PreferredMaintenanceWindow). Undefined where the
 * text is none.
 */
export function maintenanceWindow(text: string): Window | undefined {
  const found =
    /^(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):([0-5]\d)-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):([0-5]\d)$/iu.exec(
      text,
    );
  if (found === null) return undefined;
  const at = (day: string | undefined, hours: string | undefined, minutes: string | undefined): number =>
    days.indexOf((day ?? '').toLowerCase()) * MINUTES_A_DAY + minutesOf(hours, minutes);
  const start = at(found[1], found[2], found[3]);
  return { start, length: (at(found[4], found[5], found[6]) - start + MINUTES_A_WEEK) % MINUTES_A_WEEK };
}

/** Whether a daily window and a weekly one ever share a minute; that one ends when the other begins is no conflict. */
export function windowsOverlap(daily: Window, weekly: Window): boolean {
  for (let day = 0; day < 7; day += 1) {
    const start = day * MINUTES_A_DAY + daily.start;
    const weeklyFromHere = (weekly.start - start + MINUTES_A_WEEK) % MINUTES_A_WEEK;
    const dailyFromThere = (start - weekly.start + MINUTES_A_WEEK) % MINUTES_A_WEEK;
    if (weeklyFromHere < daily.length || dailyFromThere < weekly.length) return true;
  }
  return false;
}
