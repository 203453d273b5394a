// The drawing of the timeline: a lane per account, a dot per post, ticks above.
import { palette } from "./colours.js";
import { ticks, written } from "./scale.js";

const TOP = 24;
const LABEL_PX = 170;
const NARROW_PX = 560; // no room for names beside the lanes
const TALLEST_PX = 15000; // no browser draws a taller canvas

const laneHeight = (n) => Math.max(3, Math.min(n > 60 ? 12 : 18, (TALLEST_PX - TOP) / n));

/** Draws what is in view; returns where the dots lie. `state`: lanes, rows (which lanes, from the top), posts, view, chosen. */
export function paint(canvas, width, state) {
  const high = laneHeight(Math.max(1, state.rows.length));
  const height = Math.ceil(TOP + high * Math.max(3, state.rows.length) + 4);
  const left = width < NARROW_PX || high < 9 ? 8 : LABEL_PX;
  const scale = height * devicePixelRatio > TALLEST_PX ? 1 : devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const inner = Math.max(40, width - left - 12);
  const area = { left, width: inner, high, height, colours: palette() };
  axis(pen, state.view, area);
  names(pen, state.rows.map((row) => state.lanes[row]), area);
  return { left, width: inner, dots: dots(pen, state, area) };
}

function axis(pen, view, { left, width, height, colours }) {
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  pen.textAlign = "center";
  const { step, at } = ticks(view, Math.max(2, Math.floor(width / 96)));
  for (const moment of at) {
    const x = left + ((moment - view[0]) / (view[1] - view[0])) * width;
    pen.fillStyle = colours.rule;
    pen.fillRect(Math.round(x), TOP - 4, 1, height);
    const text = written(moment, step);
    const half = pen.measureText(text).width / 2;
    pen.fillStyle = colours.quiet;
    pen.fillText(text, Math.min(Math.max(x, half + 2), left + width + 10 - half), TOP / 2 - 1);
  }
}

function names(pen, lanes, { left, width, high, colours }) {
  pen.textAlign = "left";
  pen.font = `${Math.min(12, high - 1)}px system-ui, sans-serif`;
  for (const [i, lane] of lanes.entries()) {
    const y = TOP + high * (i + 0.5);
    pen.fillStyle = colours.rule;
    if (high >= 6) pen.fillRect(left, Math.round(y), width, 1);
    if (left !== LABEL_PX) continue;
    pen.fillStyle = lane.role === "core" ? colours.ink : colours.quiet;
    pen.fillText(short(pen, lane.label, LABEL_PX - 14), 0, y);
  }
}

function short(pen, text, most) {
  if (pen.measureText(text).width <= most) return text;
  let kept = [...text];
  while (kept.length > 1 && pen.measureText(`${kept.join("")}…`).width > most) kept = kept.slice(0, -1);
  return `${kept.join("")}…`;
}

// Each kind of shared thing has a form of its own, as in the drawing of the server.
const FORMS = {
  link: "M-1.1 -4h2.2v8h-2.2z",
  repost: "M-3 -3h6v6h-6z",
  quote: "M-3.6 0L0 -4.4L3.6 0L0 4.4z",
  reply: "M-3 -3.6L3.6 0L-3 3.6z",
  hashtags: "M-3.4 -2.2L-2.2 -3.4L0 -1.2L2.2 -3.4L3.4 -2.2L1.2 0L3.4 2.2L2.2 3.4L0 1.2L-2.2 3.4L-3.4 2.2L-1.2 0z",
  text: "M-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z",
  narrative: "M-4 -1.1h8v2.2h-8z",
};

function dots(pen, { posts, lanes, rows, view, chosen }, { left, width, high, colours }) {
  const out = [];
  const row = new Map(rows.map((lane, i) => [lane, i]));
  const forms = Object.fromEntries(Object.entries(FORMS).map(([kind, d]) => [kind, new Path2D(d)]));
  const grown = Math.min(1.3, Math.max(0.5, high / 12));
  for (const post of posts) {
    if (post.ms < view[0] || post.ms > view[1] || !row.has(post.lane)) continue;
    const x = left + ((post.ms - view[0]) / (view[1] - view[0])) * width;
    const y = TOP + high * (row.get(post.lane) + 0.5);
    pen.save();
    pen.translate(x, y);
    pen.scale(grown, grown);
    pen.fillStyle = lanes[post.lane].role === "core" ? colours.mark : colours.quiet;
    pen.fill(forms[post.kind] ?? forms.text);
    if (post === chosen) {
      pen.strokeStyle = colours.ink;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.arc(0, 0, 7, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.restore();
    out.push({ x, y, post });
  }
  return out;
}
