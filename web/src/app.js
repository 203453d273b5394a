// What every page loads. Pages are readable without it; it adds what the markup asks for.
import { keyboard } from "./keyboard.js";
import { reasons } from "./reasons.js";

const PARTS = [
  ["#feed", () => import("./feed.js")],
  ["[data-network]", () => import("./network.js")],
  ["[data-timeline]", () => import("./timeline.js")],
  ["[data-events]", () => import("./progress.js")],
  ["[data-live]", () => import("./live.js")],
  ["[data-waiting]", () => import("./waiting.js")],
  ["[data-drop]", () => import("./drop.js")],
  ["table[data-filter]", () => import("./tables.js")],
];

keyboard();
reasons(document);
for (const [selector, load] of PARTS) {
  for (const element of document.querySelectorAll(selector)) {
    load().then((part) => part.mount(element));
  }
}
document.documentElement.dataset.interactive = "yes";
