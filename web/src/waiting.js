// The index of a run as it is made. Without scripts the page loads itself anew every second.
const EVERY_MS = 700;
const NOT_YET = 202;

export function mount(section) {
  const told = section.querySelector("[role=status]");
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.status !== NOT_YET) return location.reload(); // the page asked for, or what went wrong
      const now = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-waiting]");
      section.querySelector("progress").value = now.querySelector("progress").value;
      told.textContent = now.querySelector("[role=status]").textContent;
    } catch {
      told.textContent = "The server does not answer; this page tries again by itself.";
    }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
  section.dataset.ready = "waiting";
}
