// Why a span is highlighted. Hover and focus are CSS; this adds the tap, Escape, and keeps the note inside the window.
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
    place(tapped);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const marked of document.querySelectorAll(MARKED)) {
      delete marked.dataset.open;
      if (marked.matches(":hover, :focus-within")) marked.dataset.shut = "";
    }
  });
  for (const type of ["pointerover", "focusin"]) {
    root.addEventListener(type, (event) => {
      const marked = event.target.closest?.(MARKED);
      if (marked) place(marked);
    });
  }
  for (const type of ["pointerout", "focusout"]) {
    root.addEventListener(type, (event) => {
      const marked = event.target.closest?.(MARKED);
      if (marked && !marked.contains(event.relatedTarget)) delete marked.dataset.shut;
    });
  }
}

/** Moves the notes sideways where they would leave the window. */
function place(marked) {
  for (const note of marked.querySelectorAll(".why")) {
    note.style.translate = "";
    const box = note.getBoundingClientRect();
    if (!box.width || getComputedStyle(note).position !== "absolute") continue;
    const shift = Math.min(0, document.documentElement.clientWidth - 8 - box.right) || Math.max(0, 8 - box.left);
    if (shift) note.style.translate = `${shift}px 0`;
  }
}
