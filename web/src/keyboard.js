// j and k walk through what a page lists; Enter, o, / and ? act on it. Letters alone can be switched off, for people who speak to their
// computer (WCAG 2.1.4).
const STOPS = "[data-stop], article.post, ol.findings > li";
const OFF = "houselights.letters-off";
const KEYS = [
  ["j, k", "next, previous"],
  ["Enter", "open it: the finding of a post, a finding, a pair"],
  ["o", "open the post where it was published, if its address is known, in a new tab"],
  ["/", "to the filters"],
  ["g then h, f, n", "go home, to the feed, to the narratives"],
  ["?", "this help"],
  ["Esc", "close"],
];
let pending = "";

export function keyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target;
    if (at.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog")) return;
    if (event.key === "Enter") {
      if (at.matches(STOPS)) open(at, event);
      return;
    }
    if (lettersOff() && event.key !== "?") return;
    act(event);
  });
}

function act(event) {
  const key = event.key;
  const after = pending;
  pending = "";
  if (after === "g" && go(key)) return event.preventDefault();
  if (key === "g") pending = "g";
  else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
  else if (key === "o") original();
  else if (key === "/") search();
  else if (key === "?") help();
  else return;
  event.preventDefault();
}

const stops = () => [...document.querySelectorAll(STOPS)].filter((e) => e.getClientRects().length > 0);

/** The next one after the focused one; where nothing is focused, the first on the screen. */
function step(by) {
  const all = stops();
  if (!all.length) return;
  const focused = document.activeElement?.closest(STOPS);
  let i = all.indexOf(focused);
  if (i < 0) i = all.findIndex((e) => e.getBoundingClientRect().top >= 0) - (by > 0 ? 1 : 0);
  const to = all[Math.min(Math.max(i + by, 0), all.length - 1)];
  if (!to.hasAttribute("tabindex")) to.tabIndex = -1;
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: "nearest" });
}

function open(stop, event) {
  const link = ["a[data-open]", 'a[href*="/finding/"]', "a.when", "a[href]:not([target])"].map((s) => stop.querySelector(s)).find(Boolean);
  if (!link) return;
  event.preventDefault();
  link.click();
}

function original() {
  document.activeElement?.closest(STOPS)?.querySelector("a[data-original], a[rel~=noopener]")?.click();
}

function search() {
  const field = document.querySelector("[data-search], main input[type=search], form.filters input, form.filters select, main form select");
  if (!field) return;
  field.closest("details")?.setAttribute("open", "");
  field.focus();
  field.select?.();
}

function go(key) {
  const wanted = { h: "overview", f: "feed", n: "narratives" }[key];
  const link = wanted && document.querySelector(`nav a[data-page="${wanted}"], nav a[href$="/${wanted}"]`);
  const home = key === "h" ? document.querySelector('nav a[href="/"], header a[href="/"]') : null;
  (link ?? home)?.click();
  return Boolean(link ?? home);
}

// -- help ---------------------------------------------------------------------------------------------------------

let dialog = null;

export function help() {
  dialog ??= made();
  if (!dialog.open) dialog.showModal();
}

function made() {
  const box = document.createElement("dialog");
  box.className = "keys";
  box.setAttribute("aria-labelledby", "keys-title");
  const title = element("h2", "Keys", { id: "keys-title" });
  const list = element("dl");
  for (const [key, what] of KEYS) {
    const term = element("dt");
    for (const [i, part] of key.split(/(, | then )/).entries()) term.append(i % 2 ? part : element("kbd", part));
    list.append(term, element("dd", what));
  }
  const label = element("label");
  const check = element("input", "", { type: "checkbox", checked: !lettersOff() });
  check.addEventListener("change", () => remember(check.checked));
  label.append(check, " single letters do something on these pages");
  const form = element("form", "", { method: "dialog" });
  form.append(element("button", "Close", { autofocus: true }));
  box.append(title, list, label, form);
  document.body.append(box);
  return box;
}

function element(name, text = "", properties = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  return Object.assign(made, properties);
}

// A browser may forbid its storage; then letters are on.
function lettersOff() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
}

function remember(on) {
  try {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  } catch {
    return;
  }
}
