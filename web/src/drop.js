// Files dropped on the form land in its file field; the button sends them, as if they had been chosen.
export function mount(form) {
  const field = form.querySelector('input[type="file"]');
  const zone = form.querySelector(".drop") ?? form;
  const over = (is) => zone.toggleAttribute("data-over", is);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  zone.addEventListener("dragleave", () => over(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (event.dataTransfer.files.length) field.files = event.dataTransfer.files;
  });
  form.dataset.ready = "yes";
}
