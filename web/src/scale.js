// Time on a line: what part of it is in view, and where its ticks stand. Milliseconds since 1970, UTC.
const SECOND = 1000;
const DAY = 86400 * SECOND;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000].map(
  (s) => s * SECOND,
);
export const NARROWEST_MS = 2 * SECOND;

/** A view [from, to] inside the whole [first, last], never narrower than two seconds. */
export function clamped(from, to, first, last) {
  const whole = Math.max(last - first, NARROWEST_MS);
  const width = Math.min(Math.max(to - from, NARROWEST_MS), whole);
  const middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - width / 2, first), Math.max(first, first + whole - width));
  return [start, start + width];
}

/** The view after a zoom by `factor` (below 1: closer) that keeps `at` where it is. */
export function zoomed([from, to], factor, at, first, last) {
  const width = Math.min(Math.max((to - from) * factor, NARROWEST_MS), Math.max(last - first, NARROWEST_MS));
  const share = (at - from) / (to - from);
  const start = at - share * width;
  return clamped(start, start + width, first, last);
}

/** Round moments in the view, at most `most`, and how to write them. */
export function ticks([from, to], most) {
  const step = STEPS.find((s) => (to - from) / s <= most) ?? STEPS.at(-1) * Math.ceil((to - from) / STEPS.at(-1) / most);
  const out = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) out.push(at);
  return { step, at: out };
}

/** 7 Mar; 7 Mar 13:46; 13:46:12; 13:46:12.5: as fine as the step asks, always UTC. */
export function written(at, step) {
  const iso = new Date(at).toISOString();
  const day = `${Number(iso.slice(8, 10))} ${["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Number(iso.slice(5, 7)) - 1]}`;
  if (step >= DAY) return day;
  if (step >= 60 * SECOND) return at % DAY === 0 ? day : `${day} ${iso.slice(11, 16)}`;
  if (step >= SECOND) return iso.slice(11, 19);
  return iso.slice(11, 21);
}

/** A length of time in words: 2 days, 3 h, 40 s. */
export function long(ms) {
  for (const [unit, name] of [[DAY, "days"], [3600 * SECOND, "h"], [60 * SECOND, "min"]]) {
    if (ms >= 2 * unit) return `${Math.round(ms / unit)} ${name}`;
  }
  return `${Math.round(ms / SECOND)} s`;
}
