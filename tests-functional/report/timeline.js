"use strict";
// Draws the timeline of one test from the JSON in #data; see report/model.py for its shape.
const data = JSON.parse(document.getElementById("data").textContent);
const LANE = 74, AXIS = 22, ROW = { bar: 24, mark: 44, use: 70 };
const KINDS = [...new Set(data.events.map(e => e.kind))];
const hidden = { nodes: new Set(), kinds: new Set() };
let needle = "", zoom = 1;

const $ = id => document.getElementById(id);

function element(parent, name, attributes = {}, text) {
  const svg = ["svg", "g", "rect", "circle", "path", "line", "text", "polyline", "title", "marker", "defs"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function head() {
  const path = data.test.split("::");
  const name = path.pop();
  element($("title"), "small", {}, path.join("::"));
  $("title").append(name);
  element($("summary"), "span", { class: `outcome ${data.outcome}` }, data.outcome);
  const verdict = data.verdict ? ` verdict: ${data.verdict.of} (${data.verdict.evidence.join("; ")})` : "";
  const began = new Date(data.begin * 1000).toISOString();
  $("summary").append(` ${data.end.toFixed(2)} s from ${began}${data.death ? `; ${data.death}` : ""};${verdict} logs: `);
  for (const log of data.logs) { element($("summary"), "a", { href: log }, log); $("summary").append(" "); }
  for (const failure of data.failures) {
    const box = element($("failures"), "div", { class: "failure" });
    element(box, "strong", {}, `${failure.phase} failed ${failure.t.toFixed(3)} s in, at ${failure.where}`);
    element(box, "pre", {}, failure.text);
  }
}

function filters() {
  const box = $("filters");
  const search = element(box, "input", { type: "search", id: "search", placeholder: "text in name or JSON" });
  search.addEventListener("input", () => { needle = search.value.toLowerCase(); draw(); });
  const toggle = (set, value, className) => {
    const label = element(box, "label", { class: className });
    const check = element(label, "input", { type: "checkbox", checked: "", "data-filter": value });
    label.append(value);
    check.addEventListener("change", () => { check.checked ? set.delete(value) : set.add(value); draw(); });
  };
  KINDS.forEach(kind => toggle(hidden.kinds, kind, `key ${kind}`));
  element(box, "span", {}, "│");
  data.lanes.forEach(node => toggle(hidden.nodes, node, ""));
  for (const [text, factor] of [["−", 0.5], ["+", 2]])
    element(box, "button", { title: "zoom" }, text).addEventListener("click", () => { zoom = Math.max(1, zoom * factor); draw(); });
}

const wanted = event => !hidden.nodes.has(event.node) && !hidden.kinds.has(event.kind) &&
  (!needle || event.haystack.includes(needle));

function interactive(mark, title, content) {
  const text = () => `${title}\n${JSON.stringify(content, null, 1)}`;
  mark.addEventListener("mousemove", pointer => {
    const tip = $("tip");
    tip.replaceChildren();
    element(tip, "pre", {}, text().slice(0, 1500));
    tip.style.display = "block";
    tip.style.left = `${Math.min(pointer.clientX + 12, innerWidth - 480)}px`;
    tip.style.top = `${Math.max(0, Math.min(pointer.clientY + 14, innerHeight - 270))}px`;
  });
  mark.addEventListener("mouseleave", () => { $("tip").style.display = "none"; });
  mark.addEventListener("click", () => {
    document.querySelectorAll(".chosen").forEach(chosen => chosen.classList.remove("chosen"));
    mark.classList.add("chosen");
    $("detail").replaceChildren();
    element($("detail"), "pre", {}, text());
  });
}

function draw() {
  const lanes = data.lanes.filter(node => !hidden.nodes.has(node));
  const width = Math.max(400, (innerWidth - 175) * zoom), height = AXIS + lanes.length * LANE;
  const x = t => 6 + Math.max(0, Math.min(t, data.end)) / data.end * (width - 40);
  const top = node => AXIS + lanes.indexOf(node) * LANE;
  $("scroll").replaceChildren();
  $("names").replaceChildren();
  element($("names"), "div", { class: "axis", style: `height:${AXIS}px` });
  const svg = element($("scroll"), "svg", { width, height });
  markers(svg);
  grid(svg, x, width, height);
  lanes.forEach(node => lane(svg, node, x, top(node), width));
  data.bands.forEach(band => drawBand(svg, band, x, lanes, top, height));
  const shown = data.events.filter(wanted), at = new Map(), free = new Map();
  shown.forEach(event => at.set(event.seq, drawEvent(svg, event, x, top(event.node), free)));
  data.log_errors.filter(error => error.t !== null && lanes.includes(error.node)).forEach(error => {
    const px = x(error.t), py = top(error.node) + 8;
    const mark = element(svg, "path", { class: "event log-error", d: `M${px},${py - 6} l6,10 h-12 z` });
    interactive(mark, `${error.node}: ${error.what} in log line ${error.line}`, error);
  });
  data.arrows.filter(arrow => at.has(arrow.from) && at.has(arrow.to)).forEach(arrow => drawArrow(svg, arrow, at));
  data.failures.forEach(failure => {
    element(svg, "line", { class: "failing", x1: x(failure.t), x2: x(failure.t), y1: 0, y2: height });
    const left = x(failure.t) > width / 2;
    element(svg, "text", { class: "bad failing-text", x: x(failure.t) + (left ? -5 : 5), y: AXIS + LANE - 8, "text-anchor": left ? "end" : "start" },
      `✗ ${failure.text.split("\n")[0].slice(0, 110)}`);
  });
}

function markers(svg) {
  const defs = element(svg, "defs");
  for (const [kind, color] of [["message", "#d07a00"], ["archive", "#a0308c"]]) {
    const marker = element(defs, "marker", { id: `head-${kind}`, markerWidth: 7, markerHeight: 7, refX: 6, refY: 3, orient: "auto" });
    element(marker, "path", { d: "M0,0 L6,3 L0,6 z", fill: color });
  }
}

function grid(svg, x, width, height) {
  const rough = data.end / (width / 110), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= rough);
  for (let t = 0; t <= data.end; t += step) {
    element(svg, "line", { x1: x(t), x2: x(t), y1: AXIS - 6, y2: height, stroke: "#eee" });
    element(svg, "text", { x: x(t) + 2, y: 12 }, `${+t.toFixed(3)} s`);
  }
}

function lane(svg, node, x, y, width) {
  const name = element($("names"), "div", { class: "lane", style: `height:${LANE}px`, title: node }, node);
  element(svg, "line", { x1: 0, x2: width, y1: y + LANE - 0.5, y2: y + LANE - 0.5, stroke: "#ddd" });
  if (node === "test")
    for (const phase of data.phases) {
      const bar = element(svg, "rect", { class: "phase event", x: x(phase.t), width: Math.max(1, x(phase.t + phase.d) - x(phase.t)), y: y + 4, height: 14 });
      interactive(bar, `${phase.name}: ${phase.d.toFixed(3)} s`, phase);
      if (x(phase.t + phase.d) - x(phase.t) > 30) element(svg, "text", { x: x(phase.t) + 4, y: y + 15 }, phase.name);
    }
  const use = data.resources[node];
  if (!use) return;
  const most = Math.max(...use.map(point => point[1])), mib = Math.max(...use.map(point => point[2]));
  const curve = (column, full) => use.map(point => `${x(point[0])},${y + ROW.use - 16 * point[column] / (full || 1)}`).join(" ");
  element(svg, "polyline", { class: "cpu", points: curve(1, Math.max(1, most)) });
  element(svg, "polyline", { class: "rss", points: curve(2, mib) });
  element(name, "small", {}, `cpu ≤ ${most.toFixed(2)}, memory ≤ ${mib.toFixed(0)} MiB`);
}

function drawBand(svg, band, x, lanes, top, height) {
  const own = lanes.includes(band.node) && band.node !== "test";
  const rect = element(svg, "rect", { class: `band ${band.verified ? "verified" : ""}`, x: x(band.t), width: Math.max(2, x(band.end) - x(band.t)),
    y: own ? top(band.node) : AXIS, height: own ? LANE : height - AXIS });
  interactive(rect, `fault: ${band.name}`, band);
  element(svg, "text", { class: "bad", x: x(band.t) + 3, y: (own ? top(band.node) : AXIS) + LANE - 4 },
    `${band.name}${band.verified ? "" : " (not verified)"}${band.healed ? "" : " (not healed)"}`);
}

// Returns where the event stands: the end of an RPC is where its answer, and so a message's id, was known.
function drawEvent(svg, event, x, y, free) {
  const bar = event.d > 0, left = x(event.t), row = y + (bar && event.kind !== "step" ? ROW.bar : ROW.mark);
  const classes = `event ${event.kind}${event.failed ? " bad" : ""}`;
  let mark;
  if (bar) mark = element(svg, "rect", { class: classes, x: left, y: row - 6, width: Math.max(2, x(event.t + event.d) - left), height: 10 });
  else if (event.kind === "signal") mark = element(svg, "circle", { class: classes, cx: left, cy: row, r: 3.5 });
  else mark = element(svg, "path", { class: classes, d: `M${left},${row - 5} l4,5 l-4,5 l-4,-5 z` });
  mark.dataset.seq = event.seq;
  const took = bar ? `, ${(event.d * 1000).toFixed(1)} ms` : "";
  interactive(mark, `${event.node} ${event.kind} ${event.label}, ${event.t.toFixed(3)} s in${took}`, event.data);
  const key = `${event.node} ${bar}`, label = event.label.replace(/^(wakuext_|community\.)/, "").slice(0, 34);
  if (left >= (free.get(key) || 0)) {  // a name only where there is room for it
    element(svg, "text", { x: left, y: row + (bar ? -8 : 14) }, label);
    free.set(key, left + label.length * 6.2);
  }
  return { x: x(event.t + event.d), y: row };
}

function drawArrow(svg, arrow, at) {
  const a = at.get(arrow.from), b = at.get(arrow.to), lift = a.y === b.y ? 22 : 0, bend = Math.max(a.y === b.y ? 4 : 14, (b.x - a.x) / 2);
  const d = `M${a.x},${a.y} C${a.x + bend},${a.y - lift} ${b.x - bend},${b.y - lift} ${b.x},${b.y}`;
  const path = element(svg, "path", { class: `arrow ${arrow.kind}`, d, "marker-end": `url(#head-${arrow.kind})` });
  element(path, "title", {}, `${arrow.kind}: ${arrow.label}`);
}

data.events.forEach(event => { event.haystack = `${event.node} ${event.label} ${JSON.stringify(event.data)}`.toLowerCase(); });
head();
filters();
draw();
addEventListener("resize", draw);
