// Who coincides with whom, on a canvas. Positions come from the server, which computed them with a seed: the same RUN, the same picture.
// The table inside the figure says the same, and stays.
import { NodeSquareProgram } from "@sigma/node-square";
import Graph from "graphology";
import Sigma from "sigma";
import { onChange, palette } from "./colours.js";
import { loaded } from "./loaded.js";
import { postsOf } from "./addresses.js";

const SIZES = { core: 7, source: 7, periphery: 4 };
const TIES = 2; // of each account are drawn at first: the whole web of a group is a ball of wool
const ABSENT = "This browser gives no WebGL, so there is no picture; the table says the same.";

export async function mount(figure) {
  const began = performance.now();
  if (!webgl()) return without(figure, ABSENT);
  try {
    const data = await loaded(figure.dataset.network);
    if (!data.nodes.length) return without(figure, "");
    draw(figure, data, began);
  } catch (error) {
    without(figure, `The picture could not be drawn (${error.message}); the table says the same.`);
  }
}

function webgl() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  } catch {
    return false;
  }
}

function without(figure, why) {
  const told = document.createElement("p");
  told.className = "quiet";
  told.textContent = why;
  figure.prepend(told);
  figure.dataset.ready = "table";
}

function draw(figure, data, began) {
  const box = document.createElement("div");
  box.className = "network-canvas";
  box.tabIndex = 0;
  box.setAttribute("role", "application");
  box.setAttribute(
    "aria-label",
    `Network of ${data.nodes.length} accounts and ${data.edges.length} pairs. Arrow keys move, plus and minus zoom, 0 shows the whole. The table says the same.`,
  );
  const told = document.createElement("p");
  told.className = "network-told";
  told.setAttribute("role", "status");
  told.textContent = "Point at an account to see whom it coincides with; choose it to read its posts.";
  for (const picture of figure.querySelectorAll("svg.network")) (picture.closest(".scroll") ?? picture).classList.add("without-scripts");
  figure.prepend(box, told);

  const graph = graphOf(data);
  const few = strongest(graph);
  const state = { near: null, all: few.size === graph.size };
  let colours = palette();
  const sigma = new Sigma(graph, box, {
    allowInvalidContainer: true,
    labelRenderedSizeThreshold: 9,
    labelFont: "system-ui, sans-serif",
    nodeProgramClasses: { square: NodeSquareProgram },
    zIndex: true,
    defaultDrawNodeHover: (context, node, settings) => hovered(context, node, settings, colours),
    nodeReducer: (node, given) => lit(given, colours, state.near && !state.near.has(node)),
    edgeReducer: (edge, given) => {
      const on = state.near && graph.extremities(edge).includes(state.of);
      const shown = state.near ? on : state.all || few.has(edge);
      return { ...given, color: on ? colours.lamp : colours.faint, hidden: !shown, zIndex: on ? 1 : 0 };
    },
  });
  const recolour = () => {
    colours = palette();
    sigma.setSetting("labelColor", { color: colours.ink });
  };
  recolour();
  onChange(recolour);
  sigma.once("afterRender", () => {
    figure.dataset.ready = "network";
    figure.dataset.readyMs = (performance.now() - began).toFixed(0);
  });
  pointing(sigma, graph, { state, told, box, finding: data.finding_id });
  keys(sigma, box);
  if (!state.all) told.after(everything(sigma, graph, few, state));
  sigma.refresh();
}

/** nodes: label, role, key, x, y; edges: [place of a node, place of a node, coincidences]. */
function graphOf(data) {
  const graph = new Graph({ type: "undirected" });
  const most = data.edges.reduce((n, e) => Math.max(n, e[2]), 1);
  for (const [i, n] of data.nodes.entries()) {
    graph.addNode(i, {
      x: n.x,
      y: -n.y, // as in the drawing of the server, where y grows downwards
      size: SIZES[n.role] ?? SIZES.periphery,
      label: n.label,
      role: n.role,
      key: n.key,
      type: n.role === "source" ? "square" : "circle",
    });
  }
  for (const [a, b, n] of data.edges) graph.mergeEdge(a, b, { size: 0.6 + 2.4 * (n / most), weight: n });
  return graph;
}

/** The strongest ties of each account; no account is left without one that has any. */
function strongest(graph) {
  const kept = new Set();
  graph.forEachNode((node) => {
    const own = graph.edges(node).sort((a, b) => graph.getEdgeAttribute(b, "weight") - graph.getEdgeAttribute(a, "weight"));
    for (const edge of own.slice(0, TIES)) kept.add(edge);
  });
  return kept;
}

function everything(sigma, graph, few, state) {
  const label = document.createElement("label");
  label.className = "network-all";
  const check = Object.assign(document.createElement("input"), { type: "checkbox" });
  check.addEventListener("change", () => {
    state.all = check.checked;
    sigma.refresh({ skipIndexation: true });
  });
  label.append(check, ` All ${graph.size.toLocaleString("en")} pairs; without it the ${few.size.toLocaleString("en")} that are among the two strongest of an account`);
  return label;
}

/** Core accounts and sources stand out by size and shape as well as by colour. */
function lit(given, colours, dimmed) {
  const own = given.role === "core" ? colours.lamp : given.role === "source" ? colours.ink : colours.others;
  return { ...given, color: dimmed ? colours.rule : own, label: dimmed ? null : given.label, zIndex: dimmed ? 0 : 1 };
}

function hovered(context, node, settings, colours) {
  const size = settings.labelSize;
  context.font = `${settings.labelWeight} ${size}px ${settings.labelFont}`;
  const width = context.measureText(node.label ?? "").width;
  context.fillStyle = colours.sheet;
  context.strokeStyle = colours.lamp;
  context.beginPath();
  context.roundRect(node.x - node.size - 4, node.y - size, width + 2 * node.size + 16, 2 * size, size);
  context.fill();
  context.stroke();
  context.beginPath();
  if (node.type === "square") context.rect(node.x - node.size, node.y - node.size, 2 * node.size, 2 * node.size);
  else context.arc(node.x, node.y, node.size, 0, 2 * Math.PI);
  context.fillStyle = node.color;
  context.fill();
  context.fillStyle = colours.ink;
  context.fillText(node.label ?? "", node.x + node.size + 4, node.y + size / 3);
}

function pointing(sigma, graph, { state, told, box, finding }) {
  const first = told.textContent;
  sigma.on("enterNode", ({ node }) => {
    state.of = node;
    state.near = new Set([node, ...graph.neighbors(node)]);
    const n = graph.degree(node);
    told.textContent = `${graph.getNodeAttribute(node, "label")} coincides with ${n} other ${n === 1 ? "account" : "accounts"} drawn here. Choose it to read its posts.`;
    box.style.cursor = "pointer";
    sigma.refresh({ skipIndexation: true });
  });
  sigma.on("leaveNode", () => {
    state.of = state.near = null;
    told.textContent = first;
    box.style.cursor = "";
    sigma.refresh({ skipIndexation: true });
  });
  sigma.on("clickNode", ({ node }) => {
    location.assign(postsOf(finding, graph.getNodeAttribute(node, "key")));
  });
}

function keys(sigma, box) {
  const camera = sigma.getCamera();
  const acts = {
    "+": () => camera.animatedZoom(),
    "=": () => camera.animatedZoom(),
    "-": () => camera.animatedUnzoom(),
    0: () => camera.animatedReset(),
    ArrowLeft: () => camera.animate({ x: camera.x - 0.1 * camera.ratio }),
    ArrowRight: () => camera.animate({ x: camera.x + 0.1 * camera.ratio }),
    ArrowUp: () => camera.animate({ y: camera.y + 0.1 * camera.ratio }),
    ArrowDown: () => camera.animate({ y: camera.y - 0.1 * camera.ratio }),
  };
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
}
