// Why a span is highlighted. Hover and focus are CSS; this adds the tap, and Escape.
const MARKED = ".marked";

export function reasons(root) {
  root.addEventListener("click", (event) => {
    const tapped = event.target.closest("mark.span")?.closest(MARKED);
    for (const other of document.querySelectorAll(`${MARKED}[data-open]`)) {
      if (other !== tapped && !other.contains(event.target)) delete other.dataset.open;
    }
    if (!tapped) return;
    delete tapped.dataset.shut;
    tapped.toggleAttribute("data-open");
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const marked of document.querySelectorAll(MARKED)) {
      delete marked.dataset.open;
      if (marked.matches(":hover, :focus-within")) marked.dataset.shut = "";
    }
  });
  for (const type of ["pointerout", "focusout"]) {
    root.addEventListener(type, (event) => {
      const marked = event.target.closest?.(MARKED);
      if (marked && !marked.contains(event.relatedTarget)) delete marked.dataset.shut;
    });
  }
}
