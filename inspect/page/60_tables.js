// Peers and channels: rows that stay where they are, and change only what has changed.
class Rows {
  constructor(body, width) { this.body = body; this.width = width; this.rows = new Map(); }

  // `cells`: per row, [text or node, attributes]; a node comes with a key, so that it is made again only when that changes.
  show(list) {
    const keep = new Set();
    let before = null;
    for (const { key, cells, attributes } of list) {
      keep.add(key);
      let row = this.rows.get(key);
      if (!row) {
        row = part("tr", {}, ...cells.map((cell, i) => part(i === 0 ? "th" : "td", i === 0 ? { scope: "row" } : {})));
        this.rows.set(key, row);
      }
      for (const [name, value] of Object.entries(attributes)) mark(row, name, value);
      cells.forEach((cell, i) => this.fill(row.children[i], cell));
      const place = before ? before.nextSibling : this.body.firstChild;
      if (place !== row) this.body.insertBefore(row, place);
      before = row;
    }
    for (const [key, row] of this.rows) {
      if (keep.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
  }

  fill(element, { text, make, key, type, label }) {
    if (type) mark(element, "class", type);
    if (label) { mark(element, "data-label", label); mark(element, "data-empty", text === "" || text === "\u2013" ? "yes" : "no"); }
    if (!make) return put(element, text);
    if (element.seen === key) return;
    element.seen = key;
    element.replaceChildren(...make());
  }
}

const text = (words, type, label) => ({ text: words, type, label });
const made = (key, make, type) => ({ key, make, type });
let peerRows = null;
let channelRows = null;

const LANES = { idle: "\u2013", waiting: "\u2026", dialling: "\u2197", greeting: "~", open: "\u2713" };

function peerRow(peer) {
  const { cause, detail, next_at_us: next } = peer.reason;
  const good = peer.state === "up";
  const lanes = peer.lanes.map((lane) => `${lane.lane[0]}${LANES[lane.state] || "?"}`).join(" ");
  const why = good ? "" : meaning(cause);
  return {
    key: peer.id,
    attributes: { "data-peer": peer.id, "data-picked": known.picked === peer.id ? "yes" : "no" },
    cells: [
      made(peer.id + peer.endpoint, () => [peer.id, part("small", {}, peer.endpoint)]),
      made(peer.state + peer.degraded, () => [pill(peer.state), ...(peer.degraded ? [" ", pill("degraded")] : [])], "state"),
      made(cause + detail + why, () => [part("span", {}, cause.replaceAll("_", " ")), ...(why || detail ? [part("small", {}, [why, detail].filter(Boolean).join(" \u2014 "))] : [])], "why"),
      text(span(now() - peer.reason.since_us), "n", "since"),
      text(next !== null && next > now() ? "in " + span(next - now()) : "\u2013", "n", "next try"),
      text(peer.phi >= 100 ? "> 100" : peer.phi.toFixed(1), "n", "phi"),
      text(peer.round_trip_us ? span(peer.round_trip_us) : "\u2013", "n", "round trip"),
      made(peer.breaker.state, () => [pill(peer.breaker.state)]),
      text(lanes, "lanes"),
      text(String(peer.flaps), "n", "flaps"),
    ],
  };
}

function drawPeers() {
  peerRows = peerRows || new Rows(at("peer-rows"));
  const all = others();
  const shown = all.filter((peer) => matches(peer.id, peer.state, peer.reason.cause, peer.endpoint))
    .sort((a, b) => ORDER[a.state] - ORDER[b.state] || b.degraded - a.degraded);
  peerRows.show(shown.map(peerRow));
  put(at("peers-shown"), (shown.length === all.length ? `${all.length}` : `${shown.length} of ${all.length}`) + ", worst first; lanes: control, ordinary, bulk");
}

function channelRow(row) {
  const losses = lost(row.ledger).map(([kind, ended]) => `${count(ended.messages)} ${kind.replace("_", " ")}`).join(", ");
  const causes = Object.entries(row.ledger.causes).filter(([cause]) => cause !== "none").sort((a, b) => b[1] - a[1]).slice(0, 3).map(([cause, n]) => `${cause.replaceAll("_", " ")} ${count(n)}`).join(", ");
  const delivered = row.ledger.outcomes.delivered ? row.ledger.outcomes.delivered.messages : 0;
  return {
    key: `${row.peer} ${row.type} ${row.replies}`,
    attributes: { "data-channel": `${row.peer} ${row.name}`, "data-picked": known.picked === row.peer ? "yes" : "no" },
    cells: [
      text(row.peer),
      made(row.name + row.replies + row.lane, () => [row.name || row.type, part("small", {}, row.lane + (row.replies ? ", replies" : ""))]),
      text(count(row.queued_messages), "n", "queued"),
      text(count(row.sent_messages), "n", "in flight"),
      text(row.oldest_age_us ? span(row.oldest_age_us) : "\u2013", "n", "oldest"),
      text(count(delivered), "n", "delivered"),
      made(losses + causes, () => [losses || "none", ...(losses ? [part("small", {}, causes)] : [])], "why"),
      made(row.breaker.state + row.breaker.reason.cause, () => [pill(row.breaker.state), ...(row.breaker.state === "closed" ? [] : [part("small", {}, row.breaker.reason.cause.replaceAll("_", " "))])]),
    ],
  };
}

function drawChannels() {
  channelRows = channelRows || new Rows(at("channel-rows"));
  const { channels, channels_total: total } = known.snapshot;
  const shown = channels.filter((row) => (!known.picked || known.picked === self() || row.peer === known.picked) && matches(row.peer, row.name, row.breaker.state));
  channelRows.show(shown.map(channelRow));
  put(at("channels-shown"), `${shown.length} of ${total}, those with most to worry about first` + (known.picked && known.picked !== self() ? `; of ${known.picked} alone` : ""));
}
