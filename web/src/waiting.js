// The index of a run as it is made. Without scripts the page loads itself anew every second.
const EVERY_MS = 700;

export function mount(section) {
  const bar = section.querySelector("progress");
  const told = section.querySelector("[role=status]");
  const look = async () => {
    try {
      const answer = await fetch(section.dataset.waiting, { cache: "no-store" });
      if (answer.status !== 503) return location.reload(); // the page asked for, or what went wrong
      const { done, total } = await answer.json();
      bar.value = done;
      bar.max = total;
      told.textContent = `${done} of ${total} tables are there`;
    } catch {
      told.textContent = "The server does not answer; this page tries again by itself.";
    }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
}
