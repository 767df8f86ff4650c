// The cluster as a graph. A link is directed: an arrow from A to B says how well B hears A. Its dashes and the tag in its
// middle say what its colour says.
const MAP = { arcsMax: 12, linksMax: 400 };
const narrowScreen = () => matchMedia("(max-width: 40rem)").matches;
let mapShape = "";

function placesOf(ids) {
  const many = ids.length > 24;
  const narrow = narrowScreen(), width = narrow ? 440 : 640, height = narrow ? 430 : 470;
  const rx = narrow ? (many ? 190 : 155) : many ? 285 : 235;
  const ry = narrow ? (many ? 190 : 140) : many ? 205 : 165;
  mark(at("graph"), "viewBox", `0 0 ${width} ${height}`);
  const first = Math.max(0, ids.indexOf(self()));
  return new Map(ids.map((id, i) => {
    const turn = (2 * Math.PI * (i - first)) / ids.length - Math.PI / 2;
    return [id, { x: width / 2 + rx * Math.cos(turn), y: height / 2 + ry * Math.sin(turn), turn }];
  }));
}

function nodeMood(id) {
  if (id === self()) return known.snapshot.status.ready ? "good" : known.snapshot.status.stance === "joining" ? "warn" : "bad";
  const peer = peerOf(id);
  return peer ? (peer.degraded && peer.state === "up" ? "warn" : mood(peer.state)) : "none";
}

function sentenceOf(id) {
  if (id === self()) return `${id}: this node, ${known.snapshot.status.stance}`;
  const peer = peerOf(id);
  if (!peer) return `${id}: spoken of by others, no peer of ${self()}`;
  if (peer.state === "up") return `${id} is up${peer.degraded ? ", degraded" : ""}, round trip ${span(peer.round_trip_us)}`;
  return `${id} is ${peer.state} for ${span(now() - peer.reason.since_us)} (${peer.reason.cause}): ${meaning(peer.reason.cause)}`;
}

function linksOf(ids) {
  const links = [];
  let left = 0;
  const every = ids.length <= MAP.arcsMax;
  // Whom nobody hears is in trouble alone: its circle says so, and a fan of links would hide what is between others.
  const alone = new Set(every ? [] : ids.filter((id) => id !== self() && !witnessesOf(id).hear.length));
  for (const from of ids) {
    for (const to of ids) {
      if (from === to) continue;
      const link = linkState(from, to);
      if (!link) continue;
      const own = from === self() || to === self();
      const calm = link.state === "up" || link.state === "unknown";
      if (!every && !own && (calm || alone.has(from) || alone.has(to))) continue;
      if (links.length >= MAP.linksMax && !own) ++left;
      else links.push({ from, to, own, ...link });
    }
  }
  links.sort((a, b) => (a.state === "up") - (b.state === "up") === 0 ? 0 : (a.state === "up") ? -1 : 1);
  return { links, left };
}

function arc(a, b, bend, shorten) {
  const dx = b.x - a.x, dy = b.y - a.y, long = Math.hypot(dx, dy) || 1;
  const nx = -dy / long, ny = dx / long;
  const mx = (a.x + b.x) / 2 + nx * bend, my = (a.y + b.y) / 2 + ny * bend;
  const cut = (from, toX, toY, by) => { const l = Math.hypot(toX - from.x, toY - from.y) || 1; return [from.x + ((toX - from.x) * by) / l, from.y + ((toY - from.y) * by) / l]; };
  const [sx, sy] = cut(a, mx, my, shorten), [ex, ey] = cut(b, mx, my, shorten + 7);
  return { path: `M${sx.toFixed(1)} ${sy.toFixed(1)}Q${mx.toFixed(1)} ${my.toFixed(1)} ${ex.toFixed(1)} ${ey.toFixed(1)}`, x: (sx + 2 * mx + ex) / 4, y: (sy + 2 * my + ey) / 4 };
}

function arrowHeads() {
  return part("svg:defs", {}, ...["up", "suspect", "broken", "connecting", "unknown"].map((state) => part("svg:marker", { id: "to-" + state, viewBox: "0 0 10 10", refX: 5, refY: 5, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" }, part("svg:path", { d: "M0 1L10 5L0 9z", class: "m-" + state }))));
}

function drawMap() {
  const ids = known.matrix ? known.matrix.nodes : known.snapshot.peers.map((peer) => peer.id);
  const { links, left } = linksOf(ids);
  const shape = JSON.stringify([ids, links, ids.map(nodeMood), known.picked]);
  note(ids, links, left);
  if (shape === mapShape) return;
  mapShape = shape;
  const focused = document.activeElement && document.activeElement.getAttribute && document.activeElement.getAttribute("data-node");
  const places = placesOf(ids);
  const small = ids.length > 24;
  const radius = small ? Math.max(4, 12 - ids.length / 25) : 26;
  const graph = at("graph");
  mark(graph, "data-many", small ? "yes" : "no");
  const lines = part("svg:g", { "aria-hidden": "true" }), tags = part("svg:g", { "aria-hidden": "true" }), dots = part("svg:g", {});
  const pairs = new Set();
  const linkOf = new Map(links.map((link) => [link.from + " " + link.to, link]));
  let labelled = 0;
  const narrow = narrowScreen();
  for (const link of links) {
    const a = places.get(link.from), b = places.get(link.to);
    const drawn = arc(a, b, ids.length === 2 ? 40 : small ? 8 : 17, radius + 3);
    const dim = known.picked && link.from !== known.picked && link.to !== known.picked;
    lines.append(part("svg:path", { class: "link" + (dim ? " dim" : ""), "data-state": link.state, "data-from": link.from, "data-to": link.to, d: drawn.path, "marker-end": small ? null : `url(#to-${link.state})` }));
    const pair = [link.from, link.to].sort().join(" ");
    const back = linkOf.get(link.to + " " + link.from);
    const both = back && back.state === link.state && back.word === link.word;
    if (small || dim || !["broken", "suspect"].includes(link.state) || (both && pairs.has(pair))) continue;
    pairs.add(pair);
    const word = `${link.state === "suspect" ? "!" : "\u2715"} ${link.word}`;
    const width = word.length * (narrow ? 8.1 : 6.6) + 14, height = narrow ? 24 : 20;
    const x = both ? (a.x + b.x) / 2 : drawn.x, y = both ? (a.y + b.y) / 2 : drawn.y;
    tags.append(part("svg:g", { class: "tag", "data-state": link.state }, part("svg:rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 6 }), part("svg:text", { x, y: y + (narrow ? 5 : 4) }, word)));
  }
  for (const id of ids) {
    const place = places.get(id), own = id === self(), state = nodeMood(id), peer = peerOf(id);
    const dim = known.picked && known.picked !== id && !linkOf.has(id + " " + known.picked) && !linkOf.has(known.picked + " " + id);
    const node = part("svg:g", { class: "node" + (dim ? " dim" : ""), tabindex: 0, role: "button", "aria-pressed": known.picked === id ? "true" : "false", "aria-label": sentenceOf(id), "data-node": id, "data-mood": state, "data-own": own ? "yes" : "no", onclick: () => pick(id), onkey: (key) => { if (key.key === "Enter" || key.key === " ") { key.preventDefault(); pick(id); } } },
      part("svg:title", {}, sentenceOf(id)), part("svg:circle", { cx: place.x, cy: place.y, r: own && small ? radius + 5 : radius }));
    if (!small) {
      node.append(part("svg:text", { class: "glyph-in", x: place.x, y: place.y + 5 }, own ? "\u2605" : SIGNS[state]));
      const below = Math.sin(place.turn) >= -0.3;
      node.append(part("svg:text", { class: "name", x: place.x, y: below ? place.y + radius + 18 : place.y - radius - (narrow ? 25 : 21) }, id.length > 18 ? id.slice(0, 17) + "\u2026" : id));
      node.append(part("svg:text", { class: "under", x: place.x, y: below ? place.y + radius + (narrow ? 37 : 33) : place.y - radius - 7 }, own ? "this node, " + known.snapshot.status.stance : peer ? peer.state : "no peer of it"));
    } else if (own || known.picked === id || (state === "bad" && ++labelled <= 24)) {
      // Inwards, so that nothing is cut off at the rim.
      const inwards = own ? 22 : 16, side = Math.cos(place.turn);
      node.append(part("svg:text", { class: "rim", "text-anchor": side > 0.3 ? "end" : side < -0.3 ? "start" : "middle", x: place.x - inwards * side, y: place.y - inwards * Math.sin(place.turn) + 4 }, id));
    }
    dots.append(node);
  }
  graph.replaceChildren(arrowHeads(), lines, dots, tags);
  if (focused) { const again = graph.querySelector(`[data-node="${CSS.escape(focused)}"]`); if (again) again.focus({ preventScroll: true }); }
}

function note(ids, links, left) {
  let text = known.picked ? sentenceOf(known.picked) + ". Esc shows all again." : "An arrow from A to B says how well B hears A. Choose a node to see it alone.";
  if (ids.length > MAP.arcsMax) text += ` Of links between others only those in trouble are drawn${left ? `, and ${left} of them are left out` : ""}.`;
  put(at("graph-note"), text);
}

function drawLegend() {
  const line = (kind) => part("svg:svg", { viewBox: "0 0 34 10", "aria-hidden": "true" }, part("svg:line", { class: kind, x1: 1, x2: 33, y1: 5, y2: 5 }));
  at("graph-legend").replaceChildren(...[["up", "heard"], ["suspect", "! suspect"], ["broken", "\u2715 not heard"], ["unknown", "not known"]].map(([kind, word]) => part("span", {}, line(kind), word)));
}
