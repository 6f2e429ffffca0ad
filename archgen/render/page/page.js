"use strict";
(() => {
  const model = JSON.parse(document.getElementById("model").textContent);
  const { view, palette } = model;
  const $ = (id) => document.getElementById(id);
  const NS = "http://www.w3.org/2000/svg";
  const GAP = 22, FAN = 32, ACROSS = 16, LANE = 20, PAD = 14, HEADER = 46, RUN = 7, BAR = 24, MARGIN = 6;

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
    return [element.name];
  };

  const lastBoxes = (name) => {
    const item = items.get(name);
    return item.body ? wire(item.body, []) : [name];
  };

  index(view.body, "");
  index(view.heads, "");
  const tapped = (from) => [...items.values()].find((item) => item.name === from || item.copies?.includes(from));
  const headsOf = new Map();
  wire(view.body, ["input"]);
  for (const head of view.heads) {
    const item = tapped(head.from);
    wire(head.body, item ? lastBoxes(item.name) : []);
    headsOf.set(item?.name, [...(headsOf.get(item?.name) ?? []), head]);
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
  const shapeText = (shape) => shape.join("×");
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
  const wordsOf = (item) => (item.body ? item.title : [item.words, item.marks].filter(Boolean).join(" "));

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
    const lines = [runs];
    if (state.detail) lines.push([{ text: costs(item), size: 9, muted: true }]);
    const w = Math.max(96, ...lines.map((line) => widthOf(line) + 30));
    return single({ kind: "box", name: item.name, family: item.family ?? "other", x: 0, y: 0, w, h: lines.length > 1 ? 40 : 28, lines });
  };

  const costs = (item) => [shapeText(item.shape), item.params && `${quantity(item.params)}p`, item.macs && quantity(item.macs)].filter(Boolean).join(" · ");

  const layBar = (name, runs, family, across) => {
    const w = Math.max(across, widthOf(runs) + 30, 96);
    const node = { kind: "box", name, family, x: 0, y: 0, w, h: BAR, lines: [runs] };
    return {
      w, h: BAR, shapes: [node], lanes: [],
      entries: [[[], port(MARGIN, w - MARGIN, 0, name)]],
      exits: [[port(MARGIN, w - MARGIN, BAR, name), []]],
    };
  };

  const titleOf = (group, sign) => {
    const runs = [{ text: sign, size: 10, muted: true }, { text: group.title, size: 13, bold: true, gap: 5 }];
    if (times(group) > 1) runs.push({ text: `×${times(group)}`, size: 12, muted: true, gap: 6 });
    return runs;
  };

  const layCard = (group) => {
    const lines = [titleOf(group, "▸"), [{ text: `${quantity(total(group, "params"))} params · ${quantity(total(group, "macs"))} MACs`, size: 9.5, muted: true }]];
    const w = Math.max(150, ...lines.map((line) => widthOf(line) + 34));
    const node = { kind: "card", name: group.name, family: "card", x: 0, y: 0, w, h: 44, lines, stack: times(group) > 1 };
    return single(node, node.stack ? 8 : 0);
  };

  const layPanel = (group) => {
    const body = laySeries(group.body);
    const goals = [...body.entries.map(([way, p]) => (way.length ? way[0][0] : middle(p))), ...body.lanes.map((way) => way[0][0])];
    const left = Math.min(...goals) - 8, right = Math.max(...goals) + 8;
    const bus = {
      w: body.w, h: 5, lanes: [], entries: [],
      shapes: [{ kind: "bus", x: left, y: 0, w: right - left, h: 5 }],
      exits: [[port(left + 2, right - 2, 5, group.name), []]],
    };
    const inner = stacked([bus, body]);
    const each = times(group) > 1 ? (group.alike ? " each" : " the first") : "";
    const lines = [titleOf(group, "▾"), [{ text: `${quantity(group.params)} params · ${quantity(group.macs)} MACs${each}`, size: 10, muted: true }]];
    const w = Math.max(inner.w + 2 * PAD, ...lines.map((line) => widthOf(line) + 2 * PAD));
    const h = inner.h + HEADER + PAD;
    const placed = shift(inner, (w - inner.w) / 2, HEADER);
    const node = { kind: "panel", name: group.name, family: "panel", x: 0, y: 0, w, h, lines };
    const ends = placed.exits.map(([p, way]) => ({ ...route(p, way, port(p.left, p.right, h, group.name)), arrow: false, inner: true }));
    const many = placed.exits.length > 1;
    const from = many ? Math.min(...placed.exits.map(([p]) => p.left)) : w / 2;
    const to = many ? Math.max(...placed.exits.map(([p]) => p.right)) : w / 2;
    return {
      w, h, lanes: [], shapes: [node, ...placed.shapes, ...ends],
      entries: [[[], port(w / 2, w / 2, 0, group.name)]],
      exits: [[port(from, to, h, group.name), []]],
    };
  };

  const layFork = (fork) => {
    const blocks = fork.branches.map((branch) => (branch.length ? laySeries(branch) : null));
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
    if (element.body) return withHeads(element.name, state.open.has(element.name) ? layPanel(element) : layCard(element));
    if (element.join) {
      const runs = [{ text: element.words, size: 11 }, { text: shapeText(element.shape), size: 10.5, muted: true, gap: 6 }];
      return withHeads(element.name, layBar(element.name, runs, element.family, across));
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
      const start = [block.w - (block.shapes[0].stack ? 0 : 0), Math.min(block.h / 2, 22)];
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

  const laySeries = (series, first) => {
    const forks = series.map((element) => (isFork(element) ? layElement(element) : null));
    const blocks = series.map((element, i) => forks[i] ?? layElement(element, Math.max(0, forks[i - 1]?.w ?? 0, forks[i + 1]?.w ?? 0)));
    return stacked(first ? [first(forks[0]?.w ?? 0), ...blocks] : blocks);
  };

  const stacked = (blocks) => {
    const w = Math.max(...blocks.map((block) => block.w)), axis = w / 2;
    const shapes = [];
    let y = 0, entries = [], exits = [], lanes = [];
    blocks.forEach((block, number) => {
      const dx = axis - block.w / 2;
      if (number) y += gap(exits, shift(block, dx, y));
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
    const input = (across) => layBar("input", [{ text: "input", size: 11 }, { text: shapeText(view.input), size: 10.5, muted: true, gap: 6 }], "input", across);
    return shift(laySeries(view.body, input), 20, 20);
  };

  // ── drawing ────────────────────────────────────────────────────────────────────────────────
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElementNS(NS, tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const html = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  let drawn = { w: 1, h: 1, shapes: [] };
  const layer = make("g");
  const edgesLayer = make("g", { "aria-hidden": "true" }), nodesLayer = make("g");
  layer.append(nodesLayer, edgesLayer);
  $("picture").append(layer);

  const pathOf = (shape) => {
    const p = shape.points;
    const [bx, by] = p.at(-2), [ex, ey] = p.at(-1);
    const length = Math.hypot(ex - bx, ey - by) || 1;
    const cut = shape.arrow ? 4.5 : 0;
    const end = [ex - (cut * (ex - bx)) / length, ey - (cut * (ey - by)) / length];
    if (shape.bezier) return `M${p[0]}C${p[1]} ${p[2]} ${p[3]}L${end}`;
    return p.slice(1).reduce((path, point, i) => {
      const [x, y] = p[i], [nx, ny] = i === p.length - 2 ? end : point;
      if (shape.sideways ? y !== ny : x !== nx) {
        return path + (shape.sideways ? `C${(x + nx) / 2},${y} ${(x + nx) / 2},${ny} ${nx},${ny}` : `C${x},${(y + ny) / 2} ${nx},${(y + ny) / 2} ${nx},${ny}`);
      }
      return `${path}L${nx},${ny}`;
    }, `M${p[0]}`);
  };

  const headOf = (shape) => {
    const [bx, by] = shape.points.at(-2), [ex, ey] = shape.points.at(-1);
    const length = Math.hypot(ex - bx, ey - by) || 1, dx = (ex - bx) / length, dy = (ey - by) / length;
    const x = ex - 6.5 * dx, y = ey - 6.5 * dy;
    return `M${ex},${ey}L${x - 3 * dy},${y + 3 * dx}L${x + 3 * dy},${y - 3 * dx}Z`;
  };

  const drawText = (runs, x, y, anchor) => {
    const text = make("text", { x, y, "text-anchor": anchor });
    for (const run of runs) {
      const span = make("tspan", { "font-size": run.size ?? 11.5 });
      if (run.gap) span.setAttribute("dx", run.gap);
      const classes = [run.muted && "muted", run.bold && "bold"].filter(Boolean).join(" ");
      if (classes) span.setAttribute("class", classes);
      span.textContent = run.text;
      text.append(span);
    }
    return text;
  };

  const drawNode = (shape) => {
    const item = items.get(shape.name);
    const group = make("g", { class: "node", "data-name": shape.name });
    if (shape.stack) for (const n of [2, 1]) group.append(rect(shape.x + 4 * n, shape.y + 4 * n, shape.w, shape.h, 8, "card"));
    group.append(rect(shape.x, shape.y, shape.w, shape.h, shape.kind === "box" ? 6 : 8, shape.family, "box"));
    const centre = shape.x + shape.w / 2, mid = shape.y + shape.h / 2;
    const [one, two] = shape.lines;
    if (shape.kind === "panel") group.append(drawText(one, shape.x + PAD, shape.y + 17, "start"), drawText(two, shape.x + PAD, shape.y + 34, "start"));
    else if (two) group.append(drawText(one, centre, mid - 8, "middle"), drawText(two, centre, mid + 9, "middle"));
    else group.append(drawText(one, centre, mid, "middle"));
    if (item) {
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "button");
      if (item.body) group.setAttribute("aria-expanded", String(state.open.has(shape.name)));
      const hint = make("title");
      hint.textContent = `${wordsOf(item)} → ${shapeText(item.shape)} · ${exact(item.params ?? 0)} params · ${exact(item.macs ?? 0)} MACs`;
      group.append(hint);
    }
    return group;
  };

  const rect = (x, y, w, h, r, family, name = "box") => {
    const shape = make("rect", { x, y, width: w, height: h, rx: r, class: name });
    const index = palette.families.indexOf(family);
    shape.style.fill = `var(--f${index})`;
    shape.style.stroke = `var(--l${index})`;
    return shape;
  };

  const draw = () => {
    drawn = whole();
    nodesLayer.replaceChildren();
    edgesLayer.replaceChildren();
    for (const shape of drawn.shapes) {
      if (shape.kind === "edge") {
        const marks = { "data-source": shape.source, "data-target": shape.target };
        edgesLayer.append(make("path", { class: "edge", d: pathOf(shape), ...marks }));
        if (shape.arrow) edgesLayer.append(make("path", { class: "head", d: headOf(shape), ...marks }));
      } else if (shape.kind === "bus") {
        nodesLayer.append(make("rect", { x: shape.x, y: shape.y, width: shape.w, height: shape.h, rx: 2.5, class: "bus" }));
      } else nodesLayer.append(drawNode(shape));
    }
    mark();
    move();
  };

  const node = (name) => nodesLayer.querySelector(`[data-name="${CSS.escape(name)}"]`);

  const mark = () => {
    const name = state.selected;
    const start = name ? inside(name) : [];
    const on = new Set([...reachable(start, feeds), ...reachable(start, reads)]);
    if (name && [...on].length) on.add("input");
    $("picture").classList.toggle("tracing", Boolean(name));
    const lit = (id) => id === "input" ? on.has("input") : inside(id).some((box) => on.has(box));
    for (const element of nodesLayer.querySelectorAll("g.node")) {
      const id = element.dataset.name;
      element.classList.toggle("on", Boolean(name) && lit(id));
      element.classList.toggle("selected", id === name);
      element.classList.toggle("hit", state.hits.includes(id));
    }
    for (const element of edgesLayer.children) {
      element.classList.toggle("on", Boolean(name) && lit(element.dataset.source) && lit(element.dataset.target));
    }
  };

  const move = () => layer.setAttribute("transform", `translate(${state.x} ${state.y}) scale(${state.zoom})`);

  const fit = () => {
    const { clientWidth, clientHeight } = $("picture");
    const zoom = Math.min(clientWidth / (drawn.w + 40), clientHeight / (drawn.h + 40), 1.4);
    state.zoom = Math.max(zoom, Math.min(0.7, clientWidth / (drawn.w + 40)));
    state.x = (clientWidth - (drawn.w + 40) * state.zoom) / 2;
    state.y = Math.max(0, (clientHeight - (drawn.h + 40) * state.zoom) / 2);
    $("picture").setAttribute("viewBox", `0 0 ${clientWidth} ${clientHeight}`);
    move();
  };

  const zoomAt = (factor, cx, cy) => {
    const zoom = Math.min(6, Math.max(0.05, state.zoom * factor)), share = zoom / state.zoom;
    state.x = cx - (cx - state.x) * share;
    state.y = cy - (cy - state.y) * share;
    state.zoom = zoom;
    move();
  };

  const placeOf = (name) => drawn.shapes.find((shape) => shape.name === name);

  const bringIntoView = (name) => {
    const place = placeOf(name);
    if (!place) return;
    const { clientWidth, clientHeight } = $("picture");
    state.zoom = Math.max(state.zoom, 0.7);
    state.x = clientWidth / 2 - (place.x + place.w / 2) * state.zoom;
    state.y = clientHeight / 2 - (place.y + Math.min(place.h, 60) / 2) * state.zoom;
    move();
  };

  // ── acting ─────────────────────────────────────────────────────────────────────────────────
  const say = (text) => { $("said").textContent = text; };

  // Redraw, but leave the item that was acted on where it is on the screen, and keep its focus.
  const redraw = (name) => {
    const before = name && placeOf(name);
    draw();
    const after = name && placeOf(name);
    if (before && after) {
      state.x += (before.x + before.w / 2 - after.x - after.w / 2) * state.zoom;
      state.y += (before.y - after.y) * state.zoom;
      move();
    }
    if (name) node(name)?.focus({ preventScroll: true });
  };

  const toggle = (name) => {
    state.open.has(name) ? state.open.delete(name) : state.open.add(name);
    say(`${items.get(name).title} ${state.open.has(name) ? "expanded" : "collapsed"}`);
    select(name, false);
    redraw(name);
  };

  const select = (name, traced = true) => {
    state.selected = traced && state.selected === name ? "" : traced ? name : state.selected && "";
    show(name && (state.selected || !traced) ? items.get(name) : null);
    mark();
  };

  const openTo = (name) => {
    let changed = false;
    for (let parent = parents.get(name); parent; parent = parents.get(parent)) {
      if (!state.open.has(parent)) { state.open.add(parent); changed = true; }
    }
    if (changed) draw();
  };

  const go = (name) => {
    openTo(name);
    setTable(false);
    state.selected = name;
    show(items.get(name));
    mark();
    bringIntoView(name);
    node(name)?.focus({ preventScroll: true });
  };

  const plain = (text) => text.toLowerCase().replaceAll("x", "×").replace(/\s+/g, " ");

  const search = (query) => {
    state.query = query;
    const wanted = plain(query.trim());
    // A number is looked for whole: 1×7 is not in 71×71.
    const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(`${/^\d/.test(wanted) ? "(?<!\\d)" : ""}${escaped}${/\d$/.test(wanted) ? "(?!\\d)" : ""}`);
    const found = wanted ? boxes.filter((box) => pattern.test(plain(`${wordsOf(box)} ${box.name} ${box.family ?? ""} ${shapeText(box.shape)}`))) : [];
    state.hits = found.map((box) => box.name);
    for (const name of state.hits) for (let parent = parents.get(name); parent; parent = parents.get(parent)) state.open.add(parent);
    draw();
    if (found.length) bringIntoView(state.hits[0]);
    say(wanted ? `${found.length} ${found.length === 1 ? "layer" : "layers"} found` : "");
    show(null);
  };

  const nextHit = () => {
    if (!state.hits.length) return;
    const next = state.hits[(state.hits.indexOf(state.selected) + 1) % state.hits.length];
    state.selected = next;
    show(items.get(next));
    mark();
    bringIntoView(next);
  };

  const row = (name, value) => [html("dt", { textContent: name }), html("dd", { textContent: value })];

  const meter = (name, part, all, role) => {
    const share = all ? (100 * part) / all : 0;
    const filled = html("i");
    filled.style.width = `${share}%`;
    filled.style.background = `var(--${role})`;
    return [...row(name, `${share ? share.toFixed(1) : 0} %`), html("div", { className: "meter" }, filled)];
  };

  const show = (item) => {
    const side = $("details");
    if (!item) {
      side.replaceChildren(
        html("h2", { textContent: state.query ? $("said").textContent || "Search" : view.title }),
        html("p", { textContent: "Click a module to open it, a layer to see what it reads and feeds. Keys: / search, + − zoom, 0 fit, e expand, c collapse, t table, d dark, Esc clear." }),
      );
      return;
    }
    const list = html("dl");
    const around = parents.get(item.name);
    if (around) list.append(...row("in", items.get(around).title));
    list.append(...row("name", item.name));
    if (item.nodes?.length) list.append(...row("with", item.nodes.map((name) => name.slice(item.name.length + 1)).join(", ")));
    if (times(item) > 1) list.append(...row("copies", `${times(item)}, to ${item.copies.at(-1)}`));
    if (item.entering) list.append(...row("input", shapeText(item.entering)));
    list.append(...row("output", shapeText(item.shape)), ...row("params", exact(item.params ?? 0)), ...row("MACs", exact(item.macs ?? 0)));
    if (item.field) list.append(...row("receptive field", shapeText(item.field)));
    if (item.at) list.append(...row("spec", item.at));
    if (item.origin) list.append(...row("pointer", item.origin));
    list.append(...meter("share of params", total(item, "params"), view.params, "params"), ...meter("share of MACs", total(item, "macs"), view.macs, "macs"));
    side.replaceChildren(html("h2", { textContent: wordsOf(item) }), list);
    if (item.fault) side.append(html("p", { textContent: item.fault }));
  };

  // ── the table ──────────────────────────────────────────────────────────────────────────────
  const COLUMNS = [
    ["name", (box) => box.name], ["in", (box) => items.get(parents.get(box.name))?.title ?? ""], ["op", wordsOf],
    ["shape", (box) => shapeText(box.shape)], ["copies", times], ["params", (box) => box.params ?? 0], ["MACs", (box) => box.macs ?? 0],
  ];

  const compare = (one, other) => (typeof one === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true }));

  const tabulate = () => {
    const [by, sign] = state.sort;
    const read = COLUMNS.find(([name]) => name === by)?.[1];
    const rows = read ? [...boxes].sort((one, other) => sign * compare(read(one), read(other))) : boxes;
    const head = html("tr", {}, ...COLUMNS.map(([name]) => {
      const button = html("button", { type: "button", textContent: name + (by === name ? (sign > 0 ? " ▲" : " ▼") : "") });
      button.addEventListener("click", () => { state.sort = [name, by === name ? -sign : 1]; tabulate(); $("layers").querySelectorAll("th button")[COLUMNS.findIndex(([n]) => n === name)].focus(); });
      const cell = html("th", { scope: "col" }, button);
      cell.setAttribute("aria-sort", by === name ? (sign > 0 ? "ascending" : "descending") : "none");
      return cell;
    }));
    const body = rows.map((box) => {
      const link = html("button", { type: "button", textContent: box.name });
      link.addEventListener("click", () => go(box.name));
      return html("tr", {}, html("td", {}, link), ...COLUMNS.slice(1).map(([, value]) => {
        const found = value(box);
        return html("td", { textContent: typeof found === "number" ? exact(found) : found });
      }));
    });
    $("layers").replaceChildren(html("table", {}, html("thead", {}, head), html("tbody", {}, ...body)));
  };

  const setTable = (wanted) => {
    state.table = wanted;
    $("layers").hidden = !wanted;
    $("tabular").setAttribute("aria-pressed", String(wanted));
    if (wanted) tabulate();
  };

  const setDark = (wanted) => {
    state.dark = wanted;
    $("dark").setAttribute("aria-pressed", String(wanted));
    const theme = palette[wanted ? "dark" : "light"];
    const style = document.documentElement.style;
    style.setProperty("--background", theme.background);
    style.colorScheme = wanted ? "dark" : "light";
    for (const [role, colour] of Object.entries(theme.roles)) style.setProperty(`--${role}`, colour);
    palette.families.forEach((name, i) => {
      style.setProperty(`--f${i}`, theme.pairs[i][0]);
      style.setProperty(`--l${i}`, theme.pairs[i][1]);
      if (["panel", "card", "fault"].includes(name)) {
        style.setProperty(`--${name}-fill`, theme.pairs[i][0]);
        style.setProperty(`--${name}-line`, theme.pairs[i][1]);
      }
    });
  };

  const legend = () => {
    const used = new Set(boxes.map((box) => box.family ?? "other"));
    const marks = boxes.flatMap((box) => (box.marks ?? "").split(" "));
    for (const [family, words] of palette.legend) {
      if (!used.has(family)) continue;
      const sample = make("svg", { viewBox: "0 0 16 11", "aria-hidden": "true" }, rect(0.5, 0.5, 15, 10, 3, family));
      $("legend").append(html("span", {}, sample, words));
    }
    if (marks.some((mark) => mark.startsWith("/"))) $("legend").append(html("span", { textContent: "/2: stride 2" }));
    if (marks.includes("V")) $("legend").append(html("span", { textContent: "V: valid padding" }));
    if (marks.includes("P")) $("legend").append(html("span", { textContent: "P: explicit padding" }));
  };

  const allGroups = () => [...items.values()].filter((item) => item.body).map((item) => item.name);
  const setOpen = (names) => { state.open = new Set(names); draw(); fit(); };
  const setDetail = (wanted) => { state.detail = wanted; $("detail").setAttribute("aria-pressed", String(wanted)); draw(); };

  // ── events ─────────────────────────────────────────────────────────────────────────────────
  const act = (name) => (items.get(name)?.body ? toggle(name) : select(name));
  const centre = () => [$("picture").clientWidth / 2, $("picture").clientHeight / 2];

  let drag = null;
  $("picture").addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: false, name: event.target.closest("g.node")?.dataset.name };
  });
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    drag = { ...drag, x: event.clientX, y: event.clientY, moved: true };
    $("picture").classList.add("dragging");
    state.x += dx;
    state.y += dy;
    move();
  });
  window.addEventListener("pointerup", () => {
    if (drag && !drag.moved) drag.name && items.has(drag.name) ? act(drag.name) : (state.selected = "", show(null), mark());
    drag = null;
    $("picture").classList.remove("dragging");
  });
  $("picture").addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = $("picture").getBoundingClientRect();
    zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  $("picture").addEventListener("keydown", (event) => {
    const name = event.target.closest?.("g.node")?.dataset.name;
    if (!name) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(name); }
    const nodes = [...nodesLayer.querySelectorAll("g.node[tabindex]")];
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step) { event.preventDefault(); nodes[nodes.findIndex((n) => n.dataset.name === name) + step]?.focus(); }
  });
  $("picture").addEventListener("focusin", (event) => {
    const name = event.target.closest?.("g.node")?.dataset.name, place = name && placeOf(name);
    if (!place) return;
    const { clientWidth, clientHeight } = $("picture");
    const x = state.x + place.x * state.zoom, y = state.y + place.y * state.zoom;
    const out = x < 0 || y < 0 || x + Math.min(place.w * state.zoom, 80) > clientWidth || y + 30 > clientHeight;
    if (out && !drag) bringIntoView(name);
    show(items.get(name));
  });
  $("search").addEventListener("input", (event) => search(event.target.value));
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") nextHit();
    if (event.key === "Escape") { event.target.value = ""; search(""); event.target.blur(); }
  });
  $("expand").addEventListener("click", () => setOpen(allGroups()));
  $("collapse").addEventListener("click", () => setOpen([]));
  $("detail").addEventListener("click", () => setDetail(!state.detail));
  $("fit").addEventListener("click", fit);
  $("larger").addEventListener("click", () => zoomAt(1.25, ...centre()));
  $("smaller").addEventListener("click", () => zoomAt(0.8, ...centre()));
  $("tabular").addEventListener("click", () => setTable(!state.table));
  $("dark").addEventListener("click", () => setDark(!state.dark));
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      "/": () => $("search").focus(), "+": () => zoomAt(1.25, ...centre()), "-": () => zoomAt(0.8, ...centre()), 0: fit,
      e: () => setOpen(allGroups()), c: () => setOpen([]), t: () => setTable(!state.table), d: () => setDark(!state.dark),
      Escape: () => { state.selected = ""; setTable(false); show(null); mark(); },
    };
    if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
  });
  window.addEventListener("resize", fit);
  window.addEventListener("beforeprint", () => $("picture").setAttribute("viewBox", `${state.x} ${state.y} ${(drawn.w + 40) * state.zoom} ${(drawn.h + 40) * state.zoom}`));
  window.addEventListener("afterprint", fit);

  // ── beginning ──────────────────────────────────────────────────────────────────────────────
  $("title").textContent = view.title;
  $("subtitle").textContent = `${quantity(view.params)} params · ${quantity(view.macs)} MACs · ${shapeText(view.input)} → ${Object.entries(view.outputs).map(([name, shape]) => `${name} ${shapeText(shape)}`).join(", ")}`;
  $("faults").textContent = model.faults.join("\n\n");
  setDark(matchMedia("(prefers-color-scheme: dark)").matches);
  legend();
  draw();
  fit();
  show(null);

  // Restore what was open when the page is made again while its spec is edited.
  const kept = sessionStorage.getItem("archgen " + view.name);
  if (model.watched && kept) {
    const { open, x, y, zoom, dark } = JSON.parse(kept);
    state.open = new Set(open.filter((name) => items.has(name)));
    setDark(dark);
    draw();
    Object.assign(state, { x, y, zoom });
    move();
  }
  if (model.watched) {
    const changes = new EventSource("changes");
    changes.onmessage = () => {
      sessionStorage.setItem("archgen " + view.name, JSON.stringify({ open: [...state.open], x: state.x, y: state.y, zoom: state.zoom, dark: state.dark }));
      location.reload();
    };
  }

  window.archgen = {
    state: () => ({
      ...state, open: [...state.open], rows: boxes.map((box) => box.name), groups: allGroups(),
      boxes: drawn.shapes.filter((s) => s.name).map(({ name, kind, x, y, w, h }) => ({ name, kind, x, y, w, h })),
      edges: drawn.shapes.filter((s) => s.kind === "edge" && !s.inner).map(({ source, target, points }) => ({ source, target, points })),
      lit: [...nodesLayer.querySelectorAll("g.on")].map((element) => element.dataset.name),
    }),
  };
})();
