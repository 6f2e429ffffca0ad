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
    const classes = [run.muted && "muted", run.bold && "bold", run.fault && "fault"].filter(Boolean).join(" ");
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
  const [one, ...more] = shape.lines;
  if (shape.kind === "panel") group.append(drawText(one, shape.x + PAD, shape.y + 17, "start"), drawText(more[0], shape.x + PAD, shape.y + 34, "start"));
  else {
    // The lines of a card stand further apart than those of a box.
    const spread = shape.kind === "card" ? 17 : 15, top = more.length ? mid - (spread + 12 * (more.length - 1)) / 2 : mid;
    group.append(drawText(one, centre, top, "middle"));
    more.forEach((line, n) => group.append(drawText(line, centre, top + spread + 12 * n, "middle")));
  }
  if (item) {
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "button");
    if (item.body) group.setAttribute("aria-expanded", String(state.open.has(shape.name)));
    const hint = make("title");
    hint.textContent = [`${wordsOf(item)} → ${shapeText(item.shape)} · ${exact(item.params ?? 0)} params · ${exact(item.macs ?? 0)} MACs`, item.fault].filter(Boolean).join("\n");
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

// The shape that leaves an outermost item, once, where its line arrives; on the left where one
// arrives from the right.
const label = ({ source, target, points, sideways, inner }, crowded) => {
  const item = items.get(source);
  if (!item || parents.get(source) || item.join || sideways || inner || parents.get(target) === source || said.has(source)) return;
  said.add(source);
  const across = points.map(([x]) => x), y = points.at(-1)[1] - 15, left = crowded.has(String(points.at(-1)));
  const text = [{ text: shapeText(item.shape), size: 10.5, muted: true }];
  edgesLayer.append(left ? drawText(text, Math.min(...across) - 7, y, "end") : drawText(text, Math.max(...across) + 7, y, "start"));
};
const said = new Set();

const draw = () => {
  drawn = whole();
  said.clear();
  nodesLayer.replaceChildren();
  edgesLayer.replaceChildren();
  const turned = drawn.shapes.filter((shape) => shape.kind === "edge" && shape.points.some(([x]) => x > shape.points.at(-1)[0] + 1));
  const crowded = new Set(turned.map((shape) => String(shape.points.at(-1))));
  for (const shape of drawn.shapes) {
    if (shape.kind === "edge") {
      const marks = { "data-source": shape.source, "data-target": shape.target };
      edgesLayer.append(make("path", { class: "edge", d: pathOf(shape), ...marks }));
      if (shape.arrow) edgesLayer.append(make("path", { class: "head", d: headOf(shape), ...marks }));
      label(shape, crowded);
    } else if (shape.kind === "entering") {
      nodesLayer.append(rect(shape.x, shape.y, shape.w, shape.h, 6, shape.family), drawText(shape.lines[0], shape.x + shape.w / 2, shape.y + shape.h / 2, "middle"));
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
  const lit = (id) => (id === "input" ? [id] : id === OUTPUT ? last : inside(id)).some((box) => on.has(box));
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

const READABLE = 0.85;  // a whole network may be smaller than the window, its text may not be

const fit = () => {
  const { clientWidth, clientHeight } = $("picture");
  const zoom = Math.min(clientWidth / (drawn.w + 40), clientHeight / (drawn.h + 40), 1.4);
  state.zoom = Math.max(zoom, Math.min(READABLE, clientWidth / (drawn.w + 40)));
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
  state.zoom = Math.max(state.zoom, READABLE);
  state.x = clientWidth / 2 - (place.x + place.w / 2) * state.zoom;
  state.y = clientHeight / 2 - (place.y + Math.min(place.h, 60) / 2) * state.zoom;
  move();
};
