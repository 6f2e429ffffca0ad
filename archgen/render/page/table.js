// ── the table ──────────────────────────────────────────────────────────────────────────────
const COLUMNS = [
  ["name", (box) => box.name], ["in", (box) => wordsOf(items.get(parents.get(box.name)) ?? {})], ["op", wordsOf],
  ["shape", (box) => shapeText(box.shape)], ["copies", times], ["params", (box) => box.params ?? 0], ["MACs", (box) => box.macs ?? 0],
  ["receptive field", (box) => shapeText(box.field ?? [])], ["spec", (box) => box.at ?? ""],
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
  $("picture").style.visibility = wanted ? "hidden" : "";  // nothing behind the table takes the focus
  $("tabular").setAttribute("aria-pressed", String(wanted));
  if (wanted) tabulate();
  else $("layers").replaceChildren();
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
  $("legend").replaceChildren();
  const used = new Set(boxes.map((box) => box.family ?? "other"));
  const said = new Set(boxes.flatMap((box) => wordsOf(box).split(" ")));
  for (const [family, words] of palette.legend) {
    if (!used.has(family)) continue;
    const sample = make("svg", { viewBox: "0 0 16 11", "aria-hidden": "true" }, rect(0.5, 0.5, 15, 10, 3, family));
    $("legend").append(html("span", {}, sample, words));
  }
  const note = (textContent) => $("legend").append(html("span", { textContent }));
  if (state.detail) note("below a label: shape · params · MACs");
  const stride = [...said].filter((word) => word.startsWith("/")).sort()[0];
  if (stride) note(`${stride}: stride ${stride.slice(1)}`);
  for (const [mark, meaning] of palette.marks) if (said.has(mark)) note(`${mark}: ${meaning}`);
};

const allGroups = () => [...items.values()].filter((item) => item.body).map((item) => item.name);
const setOpen = (names) => { state.open = new Set(names); draw(); fit(); };
const setDetail = (wanted) => { state.detail = wanted; $("detail").setAttribute("aria-pressed", String(wanted)); legend(); draw(); };
