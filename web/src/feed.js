// A feed of any length: the next page is appended as it comes near, and pages far above or below leave the document, their height kept, so that a
// million posts scroll like forty. The address follows the first post on the screen, so a reload or a sent link opens there.
import { fragment } from "./loaded.js";

const KEPT_PAGES = 6;
const NEAR_PX = 1600;
const MOST_SPACE_PX = 8e6; // browsers lose precision in documents of more than some 16 million pixels

export function mount(list) {
  new Feed(list).start();
}

class Feed {
  constructor(list) {
    this.list = list;
    this.pages = [{ url: location.pathname + location.search, items: cards(list), height: 0 }];
    this.low = 0; // pages[low..high] are in the document
    this.high = 0;
    this.busy = false;
    this.failed = false;
    this.above = spacer();
    this.below = spacer();
    this.link = document.querySelector('a[rel~="next"]');
    this.tail = this.link?.closest("#feed > *") ?? null; // the link may be the last item of the list
    this.pages[0].next = this.link?.getAttribute("href") ?? null;
    this.told = document.createElement("p");
    this.told.className = "feed-told";
    this.told.setAttribute("role", "status");
  }

  start() {
    this.list.before(this.above);
    this.list.after(this.below);
    this.below.after(this.told);
    this.link?.addEventListener("click", (event) => {
      event.preventDefault();
      this.failed = false;
      this.grow(1, true);
    });
    addEventListener("scroll", () => this.look(), { passive: true });
    addEventListener("resize", () => this.look(), { passive: true });
    this.list.dataset.ready = "yes";
    this.count();
    this.look();
  }

  look() {
    clearTimeout(this.settled);
    this.settled = setTimeout(() => this.remember(), 250);
    if (this.busy || this.failed) return;
    if (this.above.offsetHeight && this.above.getBoundingClientRect().bottom > -NEAR_PX) this.grow(-1);
    else if (this.list.getBoundingClientRect().bottom < innerHeight + NEAR_PX) this.grow(1);
  }

  /** Brings the page after the last, or before the first, into the document. */
  async grow(by, focus = false) {
    const last = this.pages[this.high];
    const n = by > 0 ? this.high + 1 : this.low - 1;
    const url = by > 0 ? last.next : this.pages[n]?.url;
    if (this.busy || !url) return;
    this.busy = true;
    try {
      const page = this.pages[n]?.items ? this.pages[n] : { ...this.pages[n], ...(await fetched(url)), url };
      this.pages[n] = page;
      this.show(page, n, by);
      if (focus) page.items[0]?.querySelector(".post, [data-stop]")?.focus();
    } catch (error) {
      this.failed = true; // the link stays: a click tries again
      this.told.textContent = `The next posts could not be loaded (${error.message}). The link below tries again.`;
    }
    this.busy = false;
    this.count();
    if (!this.failed) requestAnimationFrame(() => this.look());
  }

  show(page, n, by) {
    if (by > 0) {
      for (const item of page.items) this.list.insertBefore(item, this.tail);
      this.high = n;
      this.space(this.below, -page.height);
      if (this.high - this.low >= KEPT_PAGES) this.drop(this.low++, this.above);
    } else {
      this.list.prepend(...page.items);
      this.low = n;
      this.space(this.above, -page.height);
      if (this.high - this.low >= KEPT_PAGES) this.drop(this.high--, this.below);
    }
    const next = this.pages[this.high].next;
    if (this.link) {
      (this.tail ?? this.link).hidden = !next;
      if (next) this.link.setAttribute("href", next);
    }
  }

  /** Takes a page out of the document and lets go of its cards; it is fetched again when somebody scrolls back. */
  drop(n, spacer) {
    const page = this.pages[n];
    const first = page.items[0].getBoundingClientRect();
    const last = page.items.at(-1).getBoundingClientRect();
    page.height = last.bottom - first.top + (parseFloat(getComputedStyle(this.list).rowGap) || 0);
    for (const item of page.items) item.remove();
    page.items = null;
    this.space(spacer, page.height);
  }

  space(spacer, by) {
    spacer.px = Math.max(0, spacer.px + by);
    spacer.style.height = `${Math.min(spacer.px, MOST_SPACE_PX)}px`;
  }

  count() {
    this.list.dataset.cards = String(cards(this.list).length);
    this.list.dataset.pages = String(this.pages.length);
  }

  /** Keeps the address at the post on top of the screen. */
  remember() {
    for (let n = this.low; n <= this.high; n++) {
      const top = this.pages[n].items?.find((item) => item.getBoundingClientRect().bottom > 0);
      if (!top) continue;
      const id = top.id || top.querySelector("[id]")?.id;
      const at = n === 0 && scrollY < 40 ? this.pages[n].url : `${this.pages[n].url}${id ? `#${id}` : ""}`;
      if (at !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", at);
      return;
    }
  }
}

const cards = (within) => [...within.children].filter((e) => e.matches("li, article") && !e.querySelector('a[rel~="next"]'));

function spacer() {
  const made = document.createElement("div");
  made.className = "feed-space";
  made.setAttribute("aria-hidden", "true");
  made.px = 0;
  return made;
}

/** The items of a page and the address of the one after it; null at the end. A server sends the items alone, a folder of files the whole page. */
async function fetched(url) {
  const page = await fragment(url);
  const items = cards(page.querySelector("#feed") ?? page.body).map((e) => document.importNode(e, true));
  if (!items.length) throw new Error("there are no posts in the answer");
  return { items, next: page.querySelector('a[rel~="next"]')?.getAttribute("href") ?? null };
}
