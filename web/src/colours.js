// Canvases know no style sheet: they ask it, and ask again when the reader's system goes from light to dark.

/** The value of a custom property of the page, such as --ink. */
export function colour(name, otherwise) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || otherwise;
}

export function palette() {
  return {
    ink: colour("--ink", "#211e19"),
    quiet: colour("--quiet", "#6a655a"),
    rule: colour("--rule", "#e2ddd1"),
    sheet: colour("--sheet", "#ffffff"),
    mark: colour("--bar", "#b07a00"),
    lamp: colour("--lamp-edge", "#c48a0a"),
    others: colour("--others", "#a7a193"),
    faint: mixed(colour("--others", "#a7a193"), colour("--sheet", "#ffffff")),
  };
}

/** Half of each, for lines that lie on one another; the drawing library blends colours that can be seen through into white. */
function mixed(one, other) {
  const [a, b] = [one, other].map((hex) => /^#(..)(..)(..)$/.exec(hex)?.slice(1).map((part) => parseInt(part, 16)));
  return a && b ? `rgb(${a.map((part, i) => Math.round((part + b[i]) / 2)).join(",")})` : one;
}

export function onChange(draw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
