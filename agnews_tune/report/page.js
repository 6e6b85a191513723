// '4,038,916' is one number, of '4,3,5' the first one counts; nothing and words come last.
function toNumber(text) {
  const number = parseFloat(text.replace(/,(?=\d{3}(?!\d))/g, ""));
  return Number.isNaN(number) ? null : number;
}

function compare(first, second, isFigure, sign) {
  const [one, other] = [first, second].map((text) => (isFigure ? toNumber(text) : text || null));
  if (one === null || other === null) return (one === null) - (other === null);
  return sign * (isFigure ? one - other : one.localeCompare(other, "en", { numeric: true }));
}

// The third press brings the order of the grid back.
const NEXT = { ascending: "descending", descending: null };

function makeSortable(table) {
  const rows = [...table.tBodies[0].rows];
  const headers = [...table.tHead.rows[0].cells];
  const sort = (header) => {
    const current = header.getAttribute("aria-sort");
    const order = current ? NEXT[current] : "ascending";
    for (const other of headers) other.removeAttribute("aria-sort");
    if (order) header.setAttribute("aria-sort", order);
    const text = (row) => row.cells[header.cellIndex].textContent.trim();
    const isFigure = header.classList.contains("figure");
    const sign = order === "descending" ? -1 : 1;
    const sorted = [...rows];
    if (order) sorted.sort((one, other) => compare(text(one), text(other), isFigure, sign));
    table.tBodies[0].append(...sorted);
  };
  for (const header of headers) {
    header.querySelector("button").addEventListener("click", () => sort(header));
  }
}

function makeFilterable(part, rows) {
  const search = part.querySelector("input[type=search]");
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const left = rows.filter((row) => !row.hidden).length;
    part.querySelector("[role=status]").textContent = `${left} of ${rows.length} shown`;
  };
  search.addEventListener("input", filter);
  addEventListener("pageshow", filter); // a browser puts words back when one returns to a page
}

function makeSwitchable(part, rows, plots) {
  const train = part.querySelector("[data-kind=train]");
  const update = () => {
    const ticks = [...part.querySelectorAll("input[data-position]")];
    const shown = new Set(ticks.filter((tick) => tick.checked).map((tick) => Number(tick.dataset.position)));
    for (const { renderers } of plots) {
      for (const renderer of renderers) {
        const [position, kind] = renderer.tags;
        renderer.visible = shown.has(position) && (kind !== "train" || train.checked);
      }
    }
    for (const item of part.querySelectorAll(".legend li")) {
      item.hidden = !shown.has(Number(item.dataset.position));
    }
  };
  part.addEventListener("change", update);
  for (const button of part.querySelectorAll("[data-switch]")) {
    button.addEventListener("click", () => {
      for (const row of rows.filter((one) => !one.hidden)) {
        const tick = row.querySelector("input");
        if (tick) tick.checked = button.dataset.switch === "on";
      }
      update();
    });
  }
  update();
  addEventListener("pageshow", update); // it puts ticks back too
}

function colour(plots) {
  const text = getComputedStyle(document.body).color;
  for (const [element, plot] of plots) {
    const rule = getComputedStyle(element).borderTopColor;
    for (const axis of [...plot.below, ...plot.left]) {
      axis.setv({
        axis_label_text_color: text,
        major_label_text_color: text,
        axis_line_color: rule,
        major_tick_line_color: rule,
        minor_tick_line_color: null,
      });
    }
    for (const grid of plot.center) grid.grid_line_color = rule;
  }
}

function followTheme(plots) {
  const button = document.getElementById("dark");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const update = (dark) => {
    button.setAttribute("aria-pressed", dark);
    colour(plots);
  };
  system.addEventListener("change", () => {
    if (!document.documentElement.dataset.theme) update(system.matches);
  });
  button.addEventListener("click", () => {
    const dark = button.getAttribute("aria-pressed") === "false";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    update(dark);
  });
  update(system.matches);
}

async function start() {
  document.querySelectorAll("table").forEach(makeSortable);
  const items = JSON.parse(document.getElementById("plots").textContent);
  const curves = await Promise.all(items.curves.map(drawCurves));
  const tried = await Promise.all(items.tried.map(drawTried));
  for (const part of document.querySelectorAll("article")) {
    const rows = [...part.querySelectorAll(".experiments tbody tr")];
    makeFilterable(part, rows);
    const own = curves.filter(([element]) => part.contains(element)).map(([, plot]) => plot);
    if (own.length) makeSwitchable(part, rows, own);
  }
  followTheme([...curves, ...tried]);
}

start();
