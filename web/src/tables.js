// A field above a long table that leaves the rows with what is typed.
const FEWEST = 8;

export function mount(table) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < FEWEST) return;
  const label = document.createElement("label");
  label.className = "table-filter";
  const input = document.createElement("input");
  input.type = "search";
  const left = document.createElement("output");
  label.append(`Filter ${table.dataset.filter} `, input, left);
  (table.closest(".scroll") ?? table).before(label);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let n = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      n += row.hidden ? 0 : 1;
    }
    left.textContent = wanted ? `${n} of ${rows.length}` : "";
  });
}
