// ── events ─────────────────────────────────────────────────────────────────────────────────
const act = (name) => (items.get(name)?.body ? toggle(name) : select(name));
const centre = () => [$("picture").clientWidth / 2, $("picture").clientHeight / 2];

// One pointer moves the picture, two zoom it too; a pointer that stays where it is acts.
const pointers = new Map();  // by their ids, where they are
let drag = null;
const grip = () => {
  const all = [...pointers.values()], [one, two] = all;
  const mean = (key) => all.reduce((sum, at) => sum + at[key], 0) / all.length;
  return { x: mean("x"), y: mean("y"), spread: two ? Math.hypot(one.x - two.x, one.y - two.y) : 0 };
};
const letGo = (event) => {
  if (!pointers.delete(event.pointerId) || pointers.size) return;
  drag = null;
  $("picture").classList.remove("dragging");
};
$("picture").addEventListener("pointerdown", (event) => {
  if (event.button) return;
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  drag = { moved: pointers.size > 1, name: event.target.closest("g.node")?.dataset.name };
});
window.addEventListener("pointermove", (event) => {
  const from = pointers.get(event.pointerId);
  if (!from || (!drag.moved && Math.hypot(event.clientX - from.x, event.clientY - from.y) < 4)) return;
  const before = grip();
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  const after = grip(), box = $("picture").getBoundingClientRect();
  drag.moved = true;
  $("picture").classList.add("dragging");
  state.x += after.x - before.x;
  state.y += after.y - before.y;
  move();
  if (before.spread && after.spread) zoomAt(after.spread / before.spread, after.x - box.left, after.y - box.top);
});
window.addEventListener("pointerup", (event) => {
  if (pointers.has(event.pointerId) && !drag.moved) {
    drag.name && items.has(drag.name) ? act(drag.name) : (state.selected = "", show(null), mark());
  }
  letGo(event);
});
window.addEventListener("pointercancel", letGo);
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
document.documentElement.dataset.version = model.version;
$("title").textContent = view.title;
const count = view.faults.length;
const works = count ? `does not work: ${count === 1 ? "a fault" : `${count} faults`}` : `${quantity(view.params)} params · ${quantity(view.macs)} MACs`;
$("subtitle").textContent = `${works} · ${shapeText(view.input)} → ${Object.entries(view.outputs).map(([name, shape]) => `${name} ${shapeText(shape)}`).join(", ")}`;
$("faults").textContent = model.faults.join("\n\n");
const preferred = matchMedia("(prefers-color-scheme: dark)");
setDark(model.theme === "auto" ? preferred.matches : model.theme === "dark");
legend();
draw();
fit();
show(null);

// While its spec is edited, the page is made again on every save and keeps what was open.
const KEPT = ["detail", "dark", "table", "sort", "query", "selected", "x", "y", "zoom"];
const keep = () => {
  const focused = document.activeElement;
  const kept = { open: [...state.open], focus: focused?.dataset?.name ?? "", id: focused?.id ?? "" };
  for (const key of KEPT) kept[key] = state[key];
  sessionStorage.setItem("archgen", JSON.stringify(kept));
};
const restore = (kept) => {
  state.open = new Set(kept.open.filter((name) => items.get(name)?.body));
  setDark(kept.dark);
  setDetail(kept.detail);
  $("search").value = kept.query;
  if (kept.query) search(kept.query); else draw();
  state.sort = kept.sort;
  if (items.has(kept.selected)) go(kept.selected);
  Object.assign(state, { x: kept.x, y: kept.y, zoom: kept.zoom });
  move();
  setTable(kept.table);
  const focused = kept.focus ? node(kept.focus) : kept.id && $(kept.id);
  focused?.focus({ preventScroll: true });
};
if (model.version) {
  const kept = sessionStorage.getItem("archgen");
  if (kept) restore(JSON.parse(kept));
  const changes = new EventSource(`changes?${model.version}`);
  changes.onmessage = () => { keep(); location.reload(); };
}

window.archgen = {
  state: () => ({
    ...state, open: [...state.open], rows: boxes.map((box) => box.name), groups: allGroups(), links: [...feeds].flatMap(([from, to]) => to.map((end) => [from, end])),
    boxes: drawn.shapes.filter((s) => s.name).map(({ name, kind, x, y, w, h }) => ({ name, kind, x, y, w, h })),
    edges: drawn.shapes.filter((s) => s.kind === "edge" && !s.inner).map(({ source, target, points }) => ({ source, target, points })),
    lit: [...nodesLayer.querySelectorAll("g.on")].map((element) => element.dataset.name),
  }),
};
