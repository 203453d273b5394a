"use strict";
for (const table of document.querySelectorAll("table[data-filter]")) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 8) continue;
  const label = document.createElement("label");
  label.className = "filter";
  label.textContent = "Filter " + table.dataset.filter + " ";
  const input = document.createElement("input");
  input.type = "search";
  const left = document.createElement("output");
  label.append(input, left);
  table.parentElement.before(label);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let n = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      n += row.hidden ? 0 : 1;
    }
    left.textContent = wanted ? n + " of " + rows.length : "";
  });
}
