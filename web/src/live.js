// A part of a page that follows what it shows: alerts as a watch makes them. Without scripts the page loads itself anew every half minute.
const EVERY_MS = 3000;

export function mount(section) {
  let shown = section.innerHTML;
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.status === 200) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html"); // runs nothing
        const now = page.getElementById(section.id);
        if (now && now.innerHTML !== shown) {
          shown = now.innerHTML;
          const told = section.querySelector("[role=status]");
          const said = now.querySelector("[role=status]");
          told.textContent = said.textContent; // the element stays: that is what a screen reader listens to
          said.replaceWith(told);
          section.replaceChildren(...now.childNodes);
        }
      }
    } catch {
      // the server does not answer: asked again
    }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
  section.dataset.ready = "live";
}
