// A scan as it runs, told by server-sent events. Without scripts the page says to reload it.
const SAYS = { running: "Running", done: "Done", failed: "It failed", cancelled: "Cancelled" };

export function mount(section) {
  const bar = section.querySelector("progress");
  const told = section.querySelector("output, [role=status]");
  const source = new EventSource(section.dataset.events);
  section.dataset.ready = "waiting";
  source.addEventListener("message", (event) => {
    const now = JSON.parse(event.data);
    section.dataset.ready = now.state;
    if (told) told.textContent = [SAYS[now.state] ?? now.state, now.stage, now.line].filter(Boolean).join(": ");
    if (bar) share(bar, now);
    if (now.state === "running" || now.state === "waiting") return;
    source.close();
    finished(section, now);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) section.dataset.ready = "closed";
    if (told) told.textContent = "The server does not answer; this page tries again by itself.";
  });
}

function share(bar, now) {
  if (typeof now.share_0_1 === "number") bar.value = now.share_0_1 * bar.max;
  else if (now.state === "done") bar.value = bar.max;
  else bar.removeAttribute("value");
}

/** The page the server now renders says more than a script could: it is loaded once. */
function finished(section, now) {
  const link = section.querySelector("[data-done]");
  if (now.state === "done" && link && now.href) {
    link.href = now.href;
    link.hidden = false;
    link.focus();
  } else location.reload();
}
