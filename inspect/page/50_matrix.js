// Who hears whom. A row is what one node says of the others; the column is whom it speaks of.
const MATRIX = { tableMax: 40 };
const CELLS = { up: "\u2713", suspect: "!", unreachable: "\u2715", connecting: "\u2026", cut_outbound: "\u219b", cut_inbound: "\u219a", self: "\u00b7", "": "" };
let matrixShape = "";

function cellOf(row, id) {
  if (row.node === id) return ["self", ""];
  const state = row.hears[id];
  if (!state) return ["", `${id} is no peer of ${row.node}, as far as ${self()} knows`];
  const cut = row.own && known.matrix.cuts.find((each) => each.from === id || each.to === id);
  if (cut && cut.cause === "cut_outbound") return ["cut_outbound", `${cut.from} \u2192 ${cut.to} is cut: ${cut.to} does not hear ${cut.from}, ${cut.from} hears ${cut.to}`];
  if (cut) return ["cut_inbound", `${cut.from} \u2192 ${cut.to} is cut: ${cut.to} does not hear ${cut.from}, others do`];
  const words = { up: "hears", suspect: "hardly hears", unreachable: "does not hear", connecting: "looks for" };
  return [state, `${row.node} ${words[state]} ${id}${row.fresh ? "" : ", as of its last word"}`];
}

function drawMatrix() {
  const { matrix } = known;
  if (!matrix) return;
  const shape = known.matrixVersion + " " + known.picked;  // it is sent only when it has changed
  if (shape === matrixShape) return;
  matrixShape = shape;
  const box = at("matrix-box");
  if (matrix.nodes.length > MATRIX.tableMax) box.replaceChildren(canvasOf(matrix));
  else box.replaceChildren(tableOf(matrix));
  const sick = matrix.nodes.filter((id) => id !== self()).map((id) => [id, judgementOf(id)]).filter(([, words]) => words);
  at("matrix-words").replaceChildren(...sick.slice(0, 4).map(([id, words]) => part("li", { "data-about": id }, part("span", { class: "sign", "aria-hidden": "true" }, SIGNS.bad), part("span", {}, words))), ...(sick.length > 4 ? [part("li", {}, part("span"), part("span", {}, `And ${sick.length - 4} more of that kind.`))] : []));
  const stale = matrix.rows.filter((row) => !row.fresh).map((row) => row.node);
  const cuts = matrix.cuts.map((cut) => `${cut.from} \u2192 ${cut.to} is cut`);
  put(at("matrix-note"), [cuts.join(", "), stale.length ? `Hatched rows are old words: ${stale.slice(0, 8).join(", ")}${stale.length > 8 ? ` and ${stale.length - 8} more` : ""} ${stale.length === 1 ? "is" : "are"} not heard here` : "", cuts.length || stale.length ? "" : matrix.rows.every((row) => Object.values(row.hears).every((state) => state === "up")) ? "Everybody hears everybody" : "Every row is fresh"].filter(Boolean).join(". ") + ".");
}

function tableOf(matrix) {
  const head = part("tr", {}, part("th", { scope: "col" }, part("small", {}, "hears \u2192")), ...matrix.nodes.map((id) => part("th", { scope: "col", class: id === self() ? "own" : null }, id)));
  const body = matrix.rows.map((row) => part("tr", { class: row.own ? "own" : null, "data-fresh": row.fresh ? "yes" : "no", "data-row": row.node, "data-picked": known.picked === row.node ? "yes" : "no" },
    part("th", { scope: "row" }, row.node, part("small", {}, row.own ? "its own view" : row.fresh ? "" : "old word")),
    ...matrix.nodes.map((id) => {
      const [state, sentence] = cellOf(row, id);
      return part("td", { "data-row": row.node, "data-col": id, "data-state": state, title: sentence || null, "aria-label": sentence || null }, CELLS[state]);
    })));
  return part("table", { class: "hears", "data-size": matrix.nodes.length <= 7 ? "big" : "small" }, part("caption", { class: "skip" }, "Who hears whom"), part("thead", {}, head), part("tbody", {}, ...body));
}

// Very many nodes: one small square each. What is amiss is also said in words below.
function canvasOf(matrix) {
  const n = matrix.nodes.length, size = Math.max(2, Math.min(10, Math.floor(620 / n)));
  const canvas = part("canvas", { class: "hears", width: n * size, height: n * size, role: "img", tabindex: 0, "aria-label": `Matrix of ${n} nodes` });
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const colours = { up: colour("--good-line"), suspect: colour("--warn-line"), unreachable: colour("--bad-line"), connecting: colour("--none-line") };
  const draw = canvas.getContext("2d");
  let brush = "";
  matrix.nodes.forEach((from, y) => {
    const row = rowOf(from);
    if (!row) return;
    matrix.nodes.forEach((to, x) => {
      const state = row.hears[to];
      if (!state) return;
      // Most squares are like the one before, and a colour costs more than a square.
      if (brush !== state + row.fresh) {
        brush = state + row.fresh;
        draw.globalAlpha = row.fresh ? (state === "up" ? 0.45 : 1) : 0.2;
        draw.fillStyle = colours[state];
      }
      // Small where all is well, whole where it is not: not by colour alone.
      const gap = state === "up" && size > 3 ? 2 : 0;
      draw.fillRect(x * size + gap / 2, y * size + gap / 2, size - gap || 1, size - gap || 1);
    });
  });
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const row = rowOf(matrix.nodes[Math.floor(((event.clientY - box.top) * n) / box.height)]);
    const id = matrix.nodes[Math.floor(((event.clientX - box.left) * n) / box.width)];
    if (row && id) put(at("matrix-note"), cellOf(row, id)[1] || row.node);
  });
  return canvas;
}
