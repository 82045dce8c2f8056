// Dates in the reader's own zone and language, with Slack's tokens. `now` is the desk's time.

const form = (date, options) => new Intl.DateTimeFormat(undefined, options).format(date);
const DAY = 86_400_000;

const TOKENS = {
  date_num: (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`,
  date_slash: (d) => `${d.getFullYear()}/${two(d.getMonth() + 1)}/${two(d.getDate())}`,
  date: (d) => form(d, { year: "numeric", month: "long", day: "numeric" }),
  date_short: (d) => form(d, { year: "numeric", month: "short", day: "numeric" }),
  date_long: (d) => form(d, { weekday: "long", year: "numeric", month: "long", day: "numeric" }),
  date_long_full: (d) => form(d, { weekday: "long", year: "numeric", month: "long", day: "numeric" }),
  time: (d) => form(d, { hour: "2-digit", minute: "2-digit" }),
  time_secs: (d) => form(d, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
};

const two = (number) => String(number).padStart(2, "0");
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

function relativeDay(date, now) {
  const days = Math.round((midnight(date) - midnight(now)) / DAY);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? null;
}

export function ago(date, now) {
  const seconds = (date.getTime() - now.getTime()) / 1000;
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(Math.round(seconds), "second");
}

/** Fill a Slack date format; null when the stamp or a token is not one, and the fallback is to be shown. */
export function when(stamp, format, now) {
  const date = new Date(stamp * 1000);
  if (!format || Number.isNaN(date.getTime())) return null;
  let known = true;
  const filled = format.replace(/\{(\w+)\}/g, (all, token) => {
    if (token === "ago") return ago(date, now);
    const bare = token === "day_divider_pretty" ? "date_long" : token.replace(/_pretty$/, "");
    if (!TOKENS[bare]) { known = false; return all; }
    return (bare !== token && relativeDay(date, now)) || TOKENS[bare](date);
  });
  return known ? filled : null;
}

export const clockTime = (date) => TOKENS.time(date);
export const dayTime = (date) => form(date, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
export const fullDay = (date) => TOKENS.date_long(date);
