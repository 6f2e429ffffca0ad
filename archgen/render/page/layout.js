// ── layout: blocks with entries, exits and lanes, as in the still pictures ─────────────────
const state = { open: new Set(), detail: false, dark: false, table: false, selected: "", query: "", hits: [], sort: ["", 1], zoom: 1, x: 0, y: 0 };
const port = (left, right, y, id) => ({ left, right, y, id });
const at = (target, x) => Math.min(Math.max(x, target.left), target.right);
const middle = (target) => (target.left + target.right) / 2;
const shiftPort = (p, dx, dy) => port(p.left + dx, p.right + dx, p.y + dy, p.id);
const shiftWay = (way, dx, dy) => way.map(([x, y]) => [x + dx, y + dy]);
const shiftShape = (s, dx, dy) => s.points ? { ...s, points: shiftWay(s.points, dx, dy) } : { ...s, x: s.x + dx, y: s.y + dy };
const shift = (b, dx, dy) => ({
  w: b.w, h: b.h,
  shapes: b.shapes.map((s) => shiftShape(s, dx, dy)),
  entries: b.entries.map(([way, p]) => [shiftWay(way, dx, dy), shiftPort(p, dx, dy)]),
  exits: b.exits.map(([p, way]) => [shiftPort(p, dx, dy), shiftWay(way, dx, dy)]),
  lanes: b.lanes.map((way) => shiftWay(way, dx, dy)),
});

const single = (node, behind = 0) => ({
  w: node.w, h: node.h + behind, shapes: [node], lanes: [],
  entries: [[[], port(node.w / 2, node.w / 2, 0, node.name)]],
  exits: [[port(node.w / 2, node.w / 2, node.h + behind, node.name), []]],
});

const layBox = (item) => {
  const runs = [{ text: item.words }];
  if (item.marks) runs.push({ text: item.marks, size: 10.5, muted: true, gap: 4 });
  if (times(item) > 1) runs.push({ text: `×${times(item)}`, size: 10.5, muted: true, gap: 5 });
  if (item.family === "unknown") runs.push({ text: "?", size: 10.5, muted: true, gap: 6 });
  const lines = [runs];
  if (state.detail && item.shape.length) lines.push([{ text: costs(item), size: 9, muted: true }]);
  lines.push(...told(item));
  const w = Math.max(96, ...lines.map((line) => widthOf(line) + 30));
  return single({ kind: "box", name: item.name, family: item.family ?? "other", x: 0, y: 0, w, h: 28 + 12 * (lines.length - 1), lines });
};

// What is wrong with a box, in lines of about the width of a box.
const told = (item) => {
  const lines = [];
  for (const word of (item.body ? "" : item.fault ?? "").split(" ").filter(Boolean)) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && widthOf([{ text: longer, size: 10 }]) <= 210) lines[lines.length - 1] = longer;
    else lines.push(word.length > 40 ? word.slice(0, 40) + "…" : word);
  }
  return lines.slice(0, 4).map((text) => [{ text, size: 10, fault: true }]);
};

const costs = (item) => [shapeText(item.shape), item.params && quantity(item.params), item.macs && quantity(item.macs)].filter(Boolean).join(" · ");

const barRuns = (words, shape) => [{ text: words, size: 11 }, { text: shapeText(shape), size: 10.5, muted: true, gap: 6 }];

const layBar = (name, lines, family, across) => {
  const w = Math.max(across, 96, ...lines.map((line) => widthOf(line) + 30)), h = BAR + 12 * (lines.length - 1);
  const node = { kind: "box", name, family, x: 0, y: 0, w, h, lines };
  return {
    w, h, shapes: [node], lanes: [],
    entries: [[[], port(MARGIN, w - MARGIN, 0, name)]],
    exits: [[port(MARGIN, w - MARGIN, h, name), []]],
  };
};

const titleOf = (group, sign) => {
  const runs = [{ text: sign, size: 10, muted: true }, { text: group.title, size: 13, bold: true, gap: 5 }];
  if (group.called) runs.push({ text: group.called, size: 12, muted: true, gap: 5 });
  if (times(group) > 1) runs.push({ text: `×${times(group)}`, size: 12, muted: true, gap: 6 });
  return runs;
};

const groupCosts = (group, of) => (group.unknown ? "shapes not known" : `${quantity(of(group, "params"))} params · ${quantity(of(group, "macs"))} MACs`);

const layCard = (group) => {
  const lines = [titleOf(group, "▸"), [{ text: groupCosts(group, total), size: 9.5, muted: true }]];
  if (group.fault) lines[1] = [{ text: "fault inside", size: 10, fault: true }];
  const w = Math.max(150, ...lines.map((line) => widthOf(line) + 34));
  const node = { kind: "card", name: group.name, family: group.family ?? "card", x: 0, y: 0, w, h: 44, lines, stack: times(group) > 1 };
  return single(node, node.stack ? 8 : 0);
};

// The body of a module under a thin bar; where several values enter, each has a bar of its own.
const underBus = (group) => {
  if (group.runs) {
    const [fork, ...rest] = group.body;
    const parts = group.runs.map(([shape, start, end]) => below(shape, fork.branches.slice(start, end), group.name));
    return laySeries(rest, beside(parts));
  }
  const body = laySeries(group.body);
  const goals = [...body.entries.map(([way, p]) => (way.length ? way[0][0] : middle(p))), ...body.lanes.map((way) => way[0][0])];
  const left = Math.min(...goals) - 8, right = Math.max(...goals) + 8;
  const bus = {
    w: body.w, h: 5, lanes: [], entries: [],
    shapes: [{ kind: "bus", x: left, y: 0, w: right - left, h: 5 }],
    exits: [[port(left + 2, right - 2, 5, group.name), []]],
  };
  return stacked([bus, body]);
};

const below = (shape, branches, source) => {
  const fork = branches.some((branch) => branch.length) ? layFork({ branches }) : null;
  const bar = enteringBar(shape, fork?.w ?? 0, source);
  return fork ? stacked([bar, fork]) : bar;
};

// The bar of what enters, or in an open module of one value that enters it.
const enteringBar = (shape, across, source) => {
  const bar = layBar(source, [barRuns("input", shape)], "input", across);
  if (source !== "input") Object.assign(bar.shapes[0], { kind: "entering", name: "" });
  return bar;
};

const layPanel = (group) => {
  const inner = underBus(group);
  const each = times(group) > 1 && !group.unknown ? (group.alike ? " each" : " the first") : "";
  const lines = [titleOf(group, "▾"), [{ text: groupCosts(group, (one, key) => one[key]) + each, size: 10, muted: true }]];
  const w = Math.max(inner.w + 2 * PAD, ...lines.map((line) => widthOf(line) + 2 * PAD));
  const h = inner.h + HEADER + PAD;
  const placed = shift(inner, (w - inner.w) / 2, HEADER);
  const node = { kind: "panel", name: group.name, family: "panel", x: 0, y: 0, w, h, lines };
  const ends = placed.exits.map(([p, way]) => ({ ...route(p, way, port(p.left, p.right, h, group.name)), arrow: false, inner: true }));
  const many = placed.exits.length > 1;
  const from = many ? Math.min(...placed.exits.map(([p]) => p.left)) : placed.exits.length ? middle(placed.exits[0][0]) : w / 2;
  const to = many ? Math.max(...placed.exits.map(([p]) => p.right)) : from;
  return {
    w, h, lanes: [], shapes: [node, ...placed.shapes, ...ends],
    entries: [[[], port(w / 2, w / 2, 0, group.name)]],
    exits: [[port(from, to, h, group.name), []]],
  };
};

const layFork = (fork) => beside(fork.branches.map((branch) => (branch.length ? laySeries(branch) : null)));

const beside = (blocks) => {
  const h = Math.max(...blocks.filter(Boolean).map((block) => block.h));
  const placed = [], lanes = [];
  let x = 0;
  for (const block of blocks) {
    if (!block) { lanes.push([[x + LANE / 2, 0], [x + LANE / 2, h]]); x += LANE + ACROSS; continue; }
    placed.push(shift(block, x, h - block.h));
    x += block.w + ACROSS;
  }
  return {
    w: x - ACROSS, h,
    shapes: placed.flatMap((block) => block.shapes),
    entries: placed.flatMap((block) => block.entries),
    exits: placed.flatMap((block) => block.exits),
    lanes: [...lanes, ...placed.flatMap((block) => block.lanes)],
  };
};

// Rows by the longest way from what enters; edges curve between them.
const layTangle = (tangle) => {
  const ranks = new Map(), rows = [];
  for (const item of tangle.tangle) {
    const rank = Math.max(-1, ...(item.inputs ?? []).map((name) => ranks.get(name) ?? -1)) + 1;
    ranks.set(item.name, rank);
    (rows[rank] ??= []).push(item);
  }
  const blocks = rows.map((row) => row.map(layElement));
  const wide = (row) => row.reduce((sum, block) => sum + block.w + 3 * ACROSS, -3 * ACROSS);
  const w = Math.max(...blocks.map(wide)) + 2 * ACROSS;
  const tops = new Map(), ends = new Map(), shapes = [], entries = [];
  let y = 0;
  blocks.forEach((row, rank) => {
    let x = (w - wide(row)) / 2;
    row.forEach((block, column) => {
      const placed = shift(block, x, y), name = rows[rank][column].name;
      shapes.push(...placed.shapes);
      tops.set(name, placed.entries); ends.set(name, placed.exits);
      x += block.w + 3 * ACROSS;
    });
    y += Math.max(...row.map((block) => block.h)) + FAN + 12;
  });
  const h = y - FAN - 12;
  for (const item of tangle.tangle) {
    for (const name of item.inputs ?? []) {
      for (const [way, target] of tops.get(item.name)) {
        if (!ends.has(name)) entries.push([way, target]);
        else for (const [source] of ends.get(name)) shapes.push(curve(source, target));
      }
    }
  }
  return { w, h, shapes, entries, exits: tangle.leaving.flatMap((name) => ends.get(name)), lanes: [] };
};

const curve = (source, target) => {
  const x = middle(source), end = at(target, x) , half = (target.y - source.y) / 2;
  return { kind: "edge", source: source.id, target: target.id, arrow: true, points: [[x, source.y], [x, source.y + half], [end, target.y - half], [end, target.y - RUN], [end, target.y]], bezier: true };
};

const layElement = (element, across = 0) => {
  if (element.branches) return layFork(element);
  if (element.tangle) return layTangle(element);
  const block = layItem(element, across);
  return element.dead ? { ...block, exits: [] } : block;
};

const layItem = (element, across) => {
  if (element.body) return withHeads(element.name, state.open.has(element.name) ? layPanel(element) : layCard(element));
  if (element.join) {
    const runs = barRuns(element.words, element.shape);
    if (element.marks) runs.push({ text: element.marks, size: 10.5, muted: true, gap: 6 });
    return withHeads(element.name, layBar(element.name, [runs, ...told(element)], element.family, across));
  }
  return withHeads(element.name, layBox(element));
};

const withHeads = (name, block) => {
  const heads = headsOf.get(name);
  if (!heads) return block;
  let { w, h } = block, right = w + 44, y = 0;
  const shapes = [...block.shapes];
  for (const head of heads) {
    const placed = shift(layElement(head), right, y);
    const start = [block.w, Math.min(block.h / 2, 22)];
    const goal = [right, y + 20];
    shapes.push({ kind: "edge", source: name, target: head.name, arrow: true, sideways: true, points: [start, [right - RUN, goal[1]], goal] }, ...placed.shapes);
    y += placed.h + ACROSS;
    h = Math.max(h, y - ACROSS);
    w = Math.max(w, right + placed.w);
  }
  // The axis of the block stays in the middle, so that the flow runs straight.
  const extra = w - block.w;
  return { ...shift({ ...block, shapes }, extra, 0), w: w + extra, h: Math.max(block.h, h), exits: shift(block, extra, 0).exits };
};

const isFork = (element) => element && (element.branches || element.tangle);

// Bars beside forks are as wide as they; `head` is a fork in front of the series.
const laySeries = (series, head) => {
  const blocks = layBlocks(series, head);
  return stacked(head ? [head, ...blocks] : blocks);
};

const layBlocks = (series, head) => {
  const forks = series.map((element) => (isFork(element) ? layElement(element) : null));
  const wide = (i) => (i < 0 ? head : forks[i])?.w ?? 0;
  return series.map((element, i) => forks[i] ?? layElement(element, Math.max(wide(i - 1), wide(i + 1))));
};

const stacked = (blocks, least = GAP) => {
  const w = Math.max(...blocks.map((block) => block.w)), axis = w / 2;
  const shapes = [];
  let y = 0, entries = [], exits = [], lanes = [];
  blocks.forEach((block, number) => {
    const dx = axis - block.w / 2;
    if (number) y += Math.max(least, gap(exits, shift(block, dx, y)));
    const placed = shift(block, dx, y);
    shapes.push(...placed.shapes);
    y += block.h;
    if (!number) { ({ entries, exits, lanes } = placed); return; }
    const late = exits.length > 1;
    for (const [source, way] of exits) for (const [inner, target] of placed.entries) shapes.push(route(source, [...way, ...inner], target, late));
    entries = [...entries, ...lanes.flatMap((lane) => placed.entries.map(([inner, target]) => [[...lane, ...inner], target]))];
    const through = exits.flatMap(([source, way]) => placed.lanes.map((lane) => [source, [...way, ...lane]]));
    lanes = lanes.flatMap((one) => placed.lanes.map((two) => [...one, ...two]));
    exits = [...placed.exits, ...through];
  });
  return { w, h: y, shapes, entries, exits, lanes };
};

const gap = (exits, block) => {
  const turns = exits.some(([source, way]) =>
    block.lanes.some((lane) => at(source, lane[0][0]) !== lane[0][0]) ||
    block.entries.some(([inner, target]) => route(source, [...way, ...inner], target).points.length > 2));
  return turns ? FAN : GAP;
};

const route = (source, way, target, late = false) => {
  const start = at(source, way.length ? way[0][0] : middle(target));
  const end = at(target, way.length ? way.at(-1)[0] : start);
  const lane = way.length ? way : [[late ? start : end, source.y], [late ? start : end, target.y]];
  const points = [[start, source.y]];
  if (Math.abs(lane[0][0] - start) > 1) points.push([lane[0][0], source.y + FAN - RUN]);
  lane.slice(0, -1).forEach((point, i) => { if (Math.abs(point[0] - lane[i + 1][0]) > 1) points.push(point); });
  if (Math.abs(lane.at(-1)[0] - end) > 1) points.push([lane.at(-1)[0], target.y - FAN], [end, target.y - RUN]);
  points.push([end, target.y]);
  return { kind: "edge", source: source.id, target: target.id, arrow: true, points };
};

const whole = () => {
  const blocks = layBlocks(view.body);
  const input = withHeads("input", enteringBar(view.input, isFork(view.body[0]) ? blocks[0].w : 0, "input"));
  const runs = outputName && barRuns(outputName, outputShape);
  const output = runs ? [layBar(OUTPUT, [runs], "input", 0)] : [];
  return shift(stacked([input, ...blocks, ...output], OVERVIEW), 20, 20);
};
