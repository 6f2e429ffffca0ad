// ── acting ─────────────────────────────────────────────────────────────────────────────────
const tell = (text) => { $("said").textContent = text; };

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
  tell(`${wordsOf(items.get(name))} ${state.open.has(name) ? "expanded" : "collapsed"}`);
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
  tell(wanted ? `${found.length} ${found.length === 1 ? "layer" : "layers"} found` : "");
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
  const list = html("dl", { className: "facts" });
  const around = parents.get(item.name);
  if (around) list.append(...row("in", wordsOf(items.get(around))));
  list.append(...row("name", item.name));
  if (item.nodes?.length) list.append(...row("with", item.nodes.map((name) => name.slice(item.name.length + 1)).join(", ")));
  if (times(item) > 1) list.append(...row("copies", `${times(item)}, to ${item.copies.at(-1)}`));
  if (item.entering) list.append(...row("input", item.entering.map(shapeText).join(", ")));
  list.append(...row("output", shapeText(item.shape)), ...row("params", exact(item.params ?? 0)), ...row("MACs", exact(item.macs ?? 0)));
  if (item.field) list.append(...row("receptive field", shapeText(item.field)));
  if (item.at) list.append(...row("spec", item.at), ...row("pointer", item.origin));
  list.append(...meter("share of params", total(item, "params"), view.params, "params"), ...meter("share of MACs", total(item, "macs"), view.macs, "macs"));
  side.replaceChildren(html("h2", { textContent: wordsOf(item) }));
  if (item.fault) side.append(html("p", { className: "fault", textContent: item.fault }));
  side.append(list, ...neighbours("reads", item, reads), ...neighbours("feeds", item, feeds));
};

// The boxes in front of and behind an item, each a way to it: the edges, for the keyboard.
const neighbours = (title, item, edges) => {
  const own = new Set(inside(item.name));
  const found = [...new Set([...own].flatMap((name) => edges.get(name) ?? []))].filter((name) => !own.has(name) && items.has(name));
  if (!found.length) return [];
  const list = html("ul", {}, ...found.slice(0, 12).map((name) => {
    const link = html("button", { type: "button", textContent: `${wordsOf(items.get(name))} (${name})` });
    link.addEventListener("click", () => go(name));
    return html("li", {}, link);
  }));
  return [html("h3", { textContent: title }), list];
};
