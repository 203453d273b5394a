// The drawing of the timeline: a lane per account, a dot per post, ticks above.
import { palette } from "./colours.js";
import { ticks, written } from "./scale.js";

const TOP = 24;
const LABEL_PX = 132;
const NARROW_PX = 560; // no room for names beside the lanes
const TALLEST_PX = 15000; // no browser draws a taller canvas

export const laneHeight = (n) => Math.max(3, Math.min(n > 60 ? 12 : 18, (TALLEST_PX - TOP) / n));

/** Draws what is in view; returns where the dots lie. `state`: lanes, posts, view, chosen. */
export function paint(canvas, width, state) {
  const high = laneHeight(state.lanes.length);
  const height = Math.ceil(TOP + high * state.lanes.length + 4);
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
  names(pen, state.lanes, area);
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

function dots(pen, { posts, lanes, view, chosen }, { left, width, high, colours }) {
  const out = [];
  const radius = Math.min(4, Math.max(1.5, high * 0.26));
  for (const post of posts) {
    if (post.ms < view[0] || post.ms > view[1]) continue;
    const x = left + ((post.ms - view[0]) / (view[1] - view[0])) * width;
    const y = TOP + high * (post.lane + 0.5);
    pen.fillStyle = lanes[post.lane].role === "core" ? colours.lamp : colours.quiet;
    pen.beginPath();
    if (lanes[post.lane].role === "source") pen.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    else pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
    if (post === chosen) {
      pen.strokeStyle = colours.ink;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, radius + 3, 0, 2 * Math.PI);
      pen.stroke();
    }
    out.push({ x, y, post });
  }
  return out;
}
