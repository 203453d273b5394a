// A job of the import page as it runs, told by server-sent events. Without scripts the page loads itself anew every two seconds.
export function mount(section) {
  section.dataset.ready = section.dataset.state ?? "waiting";
  if (section.dataset.state !== "running") return; // what is over is on the page
  const bar = section.querySelector("progress");
  const told = section.querySelector("[role=status]");
  const source = new EventSource(section.dataset.events);
  source.addEventListener("message", (event) => {
    const job = JSON.parse(event.data);
    if (job?.state !== "running") {
      source.close();
      location.reload(); // the server says what came of it, with tables
      return;
    }
    if (told) told.textContent = job.stage ? `Running: ${job.stage}.` : "Running.";
    if (!bar) return;
    if (typeof job.share_0_1 === "number") bar.value = job.share_0_1;
    else bar.removeAttribute("value");
  });
  source.addEventListener("error", () => {
    if (told) told.textContent = "The server does not answer; this page tries again by itself.";
  });
}
