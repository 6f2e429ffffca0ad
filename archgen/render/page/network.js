const model = JSON.parse(document.getElementById("model").textContent);
const { view, palette } = model;
const $ = (id) => document.getElementById(id);
const NS = "http://www.w3.org/2000/svg";
const GAP = 22, OVERVIEW = 30, FAN = 32, ACROSS = 16, LANE = 20, PAD = 14, HEADER = 46, RUN = 7, BAR = 24, MARGIN = 6;

// ── the view, indexed ──────────────────────────────────────────────────────────────────────
const items = new Map();     // name → item
const parents = new Map();   // name → the group around it
const feeds = new Map();     // box → boxes that read it
const reads = new Map();     // box → boxes it reads
const boxes = [];

const index = (series, parent) => {
  for (const element of series) {
    if (element.branches) element.branches.forEach((branch) => index(branch, parent));
    else if (element.tangle) index(element.tangle, parent);
    else {
      items.set(element.name, element);
      parents.set(element.name, parent);
      if (element.body) index(element.body, element.name);
      else boxes.push(element);
    }
  }
};

const link = (from, to) => {
  (feeds.get(from) ?? feeds.set(from, []).get(from)).push(to);
  (reads.get(to) ?? reads.set(to, []).get(to)).push(from);
};

const wire = (series, sources) => series.reduce((ends, element) => wireOne(element, ends), sources);

const wireOne = (element, sources) => {
  if (element.branches) return element.branches.flatMap((branch) => wire(branch, sources));
  if (element.tangle) {
    const ends = new Map();
    for (const item of element.tangle) {
      ends.set(item.name, wireOne(item, (item.inputs ?? []).flatMap((name) => ends.get(name) ?? sources)));
    }
    return element.leaving.flatMap((name) => ends.get(name));
  }
  if (element.body) return wire(element.body, sources);
  for (const source of new Set(sources)) link(source, element.name);
  return element.dead ? [] : [element.name];
};

const lastBoxes = (name) => {
  const item = items.get(name);
  return item.body ? wire(item.body, []) : [name];
};

index(view.body, "");
index(view.heads, "");
const tapped = (from) => [...items.values()].find((item) => item.name === from || item.copies?.includes(from));
const headsOf = new Map();
const last = wire(view.body, ["input"]);
const [outputName, outputShape] = Object.entries(view.outputs)[0] ?? [];
const OUTPUT = `output ${outputName}`;
for (const head of view.heads) {
  const item = tapped(head.from);
  wire(head.body, item ? lastBoxes(item.name) : ["input"]);
  const from = item?.name ?? "input";
  headsOf.set(from, [...(headsOf.get(from) ?? []), head]);
}

const reachable = (start, edges) => {
  const found = new Set(start), open = [...start];
  while (open.length) for (const next of edges.get(open.pop()) ?? []) if (!found.has(next)) { found.add(next); open.push(next); }
  return found;
};

const inside = (name) => {
  const item = items.get(name);
  if (!item) return [name];
  const found = [];
  const collect = (series) => series.forEach((element) => {
    if (element.branches) element.branches.forEach(collect);
    else if (element.tangle) collect(element.tangle);
    else if (element.body) collect(element.body);
    else found.push(element.name);
  });
  if (item.body) collect(item.body); else found.push(name);
  return found;
};

// ── words ──────────────────────────────────────────────────────────────────────────────────
const pen = document.createElement("canvas").getContext("2d");
const widths = new Map();
const widthOf = (runs) => runs.reduce((sum, run) => {
  const font = `${run.bold ? "bold " : ""}${run.size ?? 11.5}px Arial, Helvetica, "Liberation Sans", sans-serif`;
  const key = font + run.text;
  if (!widths.has(key)) { pen.font = font; widths.set(key, pen.measureText(run.text).width); }
  return sum + widths.get(key) + (run.gap ?? 0);
}, 0);
const shapeText = (shape) => shape.join("×") || "?";
const quantity = (count) => {
  for (const [power, unit] of [[1e12, " T"], [1e9, " G"], [1e6, " M"], [1e3, " k"]]) {
    if (count >= power * 0.9995) {
      const value = count / power;
      return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + unit;
    }
  }
  return String(count);
};
const exact = (count) => count.toLocaleString("en");
const times = (item) => item.copies?.length ?? 1;
const total = (item, key) => (item.totals ? item.totals[key === "params" ? 0 : 1] : (item[key] ?? 0) * times(item));
const wordsOf = (item) => (item.body ? [item.title, item.called] : [item.words, item.marks]).filter(Boolean).join(" ");
