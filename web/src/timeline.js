// One lane per account, from the whole period down to single seconds. The picture that the server drew stays for who has no scripts and for print.
import { aPost } from "./addresses.js";
import { onChange } from "./colours.js";
import { paint } from "./lanes.js";
import { fragment, loaded } from "./loaded.js";
import { clamped, long, written, zoomed } from "./scale.js";

const LISTED = 20;
const VIEW = ["from", "to"];

export async function mount(figure) {
  try {
    const data = await loaded(whole(figure.dataset.timeline));
    if (data.events.length) new Lanes(figure, data).start();
    else figure.dataset.ready = "empty";
  } catch (error) {
    const told = document.createElement("p");
    told.className = "quiet";
    told.textContent = `The timeline could not be loaded (${error.message}); the picture below shows the whole of it.`;
    figure.prepend(told);
    figure.dataset.ready = "picture";
  }
}

/** The address without the part in view: the scripts get the whole and zoom in it. */
function whole(address) {
  const url = new URL(address, location.href);
  for (const name of VIEW) url.searchParams.delete(name);
  return url;
}

class Lanes {
  /** data.lanes: label, role, key; data.events: [lane, milliseconds since 1970, number of the post, kind of what it shares]. */
  constructor(figure, data) {
    this.figure = figure;
    this.finding = data.finding_id;
    this.lanes = data.lanes;
    this.posts = data.events.map(([lane, ms, no, kind]) => ({ lane, ms, no, kind })).sort((a, b) => a.ms - b.ms);
    const [first, last] = [this.posts[0].ms, this.posts.at(-1).ms];
    const margin = Math.max((last - first) * 0.01, 1000);
    this.first = first - margin;
    this.last = last + margin;
    this.window = (data.window_s ?? 60) * 1000;
    this.view = this.asked() ?? [this.first, this.last];
    this.chosen = null;
    this.rows = this.present();
  }

  start() {
    this.build();
    this.listen();
    onChange(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.frame);
    this.draw();
    this.figure.dataset.ready = "timeline";
  }

  build() {
    this.bar = made("div", "timeline-bar");
    this.bar.setAttribute("role", "group");
    this.bar.setAttribute("aria-label", "Part of the timeline in view");
    for (const [text, act] of [
      ["Earlier", () => this.shift(-0.5)],
      ["Later", () => this.shift(0.5)],
      ["Closer", () => this.zoom(0.5)],
      ["Wider", () => this.zoom(2)],
      ["Whole", () => this.show([this.first, this.last])],
      ["Densest moment", () => this.show(this.densest())],
    ]) {
      const button = made("button", "", text);
      button.type = "button";
      button.addEventListener("click", act);
      this.bar.append(button);
    }
    this.told = made("p", "timeline-told");
    this.told.setAttribute("role", "status");
    this.frame = made("div", "timeline-frame");
    this.frame.tabIndex = 0;
    this.frame.setAttribute("role", "application");
    this.frame.setAttribute(
      "aria-label",
      `Posts of ${this.lanes.length} accounts, one line each. Left and right move in time, plus and minus zoom, 0 shows the whole. The posts in view are listed below.`,
    );
    this.canvas = made("canvas");
    this.frame.append(this.canvas);
    this.card = made("div", "timeline-card");
    this.card.setAttribute("aria-live", "polite");
    this.list = made("ol", "timeline-posts");
    const old = [...this.figure.children].filter((e) => !e.matches("figcaption, details"));
    for (const picture of old) picture.classList.add("without-scripts");
    this.figure.prepend(this.bar, this.told, this.frame, this.card, this.list);
  }

  listen() {
    this.frame.addEventListener("keydown", (event) => this.key(event));
    this.frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = { x: event.clientX, view: this.view, moved: false };
      if (event.pointerType !== "touch") this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return void this.point(event);
      const by = ((from.x - event.clientX) / this.drawn.width) * (from.view[1] - from.view[0]);
      if (Math.abs(from.x - event.clientX) > 3) from.moved = true;
      if (from.moved) this.show([from.view[0] + by, from.view[1] + by], true);
    });
    for (const type of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(type, (event) => {
        if (from?.moved) this.show(this.view);
        else if (from && type === "pointerup") this.choose(event);
        from = null;
      });
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => this.shift(-0.2),
      ArrowRight: () => this.shift(0.2),
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      0: () => this.show([this.first, this.last]),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** Zooms with Ctrl or a pinch; otherwise the page scrolls, as everywhere. */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.show(zoomed(this.view, Math.exp(event.deltaY / 300), this.when(event), this.first, this.last));
  }

  when(event) {
    const x = event.clientX - this.canvas.getBoundingClientRect().left - this.drawn.left;
    return this.view[0] + (x / this.drawn.width) * (this.view[1] - this.view[0]);
  }

  near(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    for (const dot of this.drawn.dots) {
      const far = Math.hypot(dot.x - x, dot.y - y);
      if (far < 9 && (!best || far < best.far)) best = { far, post: dot.post };
    }
    return best?.post ?? null;
  }

  point(event) {
    const post = this.near(event);
    this.canvas.style.cursor = post ? "pointer" : "grab";
    this.canvas.title = post ? `${this.lanes[post.lane].label}, ${new Date(post.ms).toISOString().slice(0, 19).replace("T", " ")} UTC` : "";
  }

  /** Shows the post of the dot as the feed shows it. */
  async choose(event) {
    const post = (this.chosen = this.near(event));
    this.draw();
    this.card.replaceChildren();
    if (!post) return;
    const from = await fragment(aPost(this.finding, post.no)).catch(() => null);
    const card = from?.querySelector(`#post-${post.no}`);
    if (card && this.chosen === post) this.card.replaceChildren(document.importNode(card, true));
  }

  zoom(factor) {
    this.show(zoomed(this.view, factor, this.chosen?.ms ?? (this.view[0] + this.view[1]) / 2, this.first, this.last));
  }

  shift(share) {
    const by = (this.view[1] - this.view[0]) * share;
    this.show([this.view[0] + by, this.view[1] + by]);
  }

  /** The stretch of ten windows in which the most accounts post. */
  densest() {
    const width = this.window * 10;
    let best = [0, this.posts[0].ms];
    let low = 0;
    const within = new Map();
    for (const post of this.posts) {
      within.set(post.lane, (within.get(post.lane) ?? 0) + 1);
      for (; this.posts[low].ms < post.ms - width; low++) {
        const left = within.get(this.posts[low].lane) - 1;
        if (left) within.set(this.posts[low].lane, left);
        else within.delete(this.posts[low].lane);
      }
      if (within.size > best[0]) best = [within.size, this.posts[low].ms];
    }
    return [best[1] - width * 0.1, best[1] + width * 1.1];
  }

  show(view, moving = false) {
    this.view = clamped(...view, this.first, this.last);
    if (!moving) this.rows = this.present(); // lanes do not jump under a hand that drags
    this.draw();
    clearTimeout(this.settled);
    this.settled = setTimeout(() => this.remember(), 300);
  }

  /** The lanes that are drawn: all of them for the whole, else those with a post in view, whoever comes first on top. */
  present() {
    if (this.isWhole()) return this.lanes.map((_, i) => i);
    return [...new Set(this.posts.filter((p) => p.ms >= this.view[0] && p.ms <= this.view[1]).map((p) => p.lane))];
  }

  isWhole() {
    return this.view[1] - this.view[0] >= this.last - this.first - 1;
  }

  draw() {
    const inside = getComputedStyle(this.frame);
    this.drawn = paint(this.canvas, this.frame.clientWidth - parseFloat(inside.paddingLeft) - parseFloat(inside.paddingRight), this);
    const seen = this.posts.filter((p) => p.ms >= this.view[0] && p.ms <= this.view[1]);
    const accounts = new Set(seen.map((p) => p.lane)).size;
    const width = this.view[1] - this.view[0];
    const step = width > 2 * 86400e3 ? 60e3 : 1000;
    this.told.textContent = `${seen.length.toLocaleString("en")} ${seen.length === 1 ? "post" : "posts"} of ${accounts} ${accounts === 1 ? "account" : "accounts"} in ${long(width)}: ${moment(this.view[0], step)} to ${moment(this.view[1], step)} UTC`;
    this.figure.dataset.seen = String(seen.length);
    this.figure.dataset.widthS = (width / 1000).toFixed(1);
    this.figure.dataset.lanes = String(this.rows.length);
    this.write(seen);
  }

  write(seen) {
    const shown = seen.length > LISTED && this.chosen ? around(seen, this.chosen) : seen.slice(0, LISTED);
    this.list.replaceChildren(
      ...shown.map((p) => {
        const item = made("li", p === this.chosen ? "chosen" : "");
        const link = made("a", "", `${new Date(p.ms).toISOString().slice(11, 19)} ${this.lanes[p.lane].label}`);
        link.href = aPost(this.finding, p.no);
        item.append(link, " ", made("span", "quiet", p.kind ?? ""));
        return item;
      }),
    );
    if (seen.length > shown.length) {
      this.list.append(made("li", "quiet", `and ${(seen.length - shown.length).toLocaleString("en")} more in view: come closer to list them`));
    }
  }

  // The view lies in the address, as the server understands it too, so that it can be sent and read without scripts.
  asked() {
    const query = new URLSearchParams(location.search);
    const [from, to] = VIEW.map((name) => Date.parse(`${query.get(name)?.replace(/Z$/, "")}Z`));
    return Number.isFinite(from) && Number.isFinite(to) && to > from ? clamped(from, to, this.first, this.last) : null;
  }

  remember() {
    const url = new URL(location.href);
    const all = this.isWhole();
    for (const [i, name] of VIEW.entries()) {
      if (all) url.searchParams.delete(name);
      else url.searchParams.set(name, new Date(this.view[i]).toISOString().slice(0, 19 + 4 * (this.view[1] - this.view[0] < 60e3)));
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }
}

const moment = (ms, step) => `${written(ms, 86400e3)} ${step < 60e3 ? written(ms, 1000) : new Date(ms).toISOString().slice(11, 16)}`;

function around(seen, chosen) {
  const i = seen.indexOf(chosen);
  const start = Math.min(Math.max(0, i - LISTED / 2), seen.length - LISTED);
  return i < 0 ? seen.slice(0, LISTED) : seen.slice(start, start + LISTED);
}

function made(name, className = "", text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
