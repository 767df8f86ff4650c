// What is known: the last snapshot, the matrix, the transitions; and what follows from them.
const known = { snapshot: null, matrix: null, matrixVersion: 0, events: [], lastId: null, writes: false, picked: null, leaseMax: 0, heardAt: 0, silent: 0 };

const self = () => (known.snapshot ? known.snapshot.node : "");
const now = () => known.snapshot.taken_at_us;
const others = () => known.snapshot.peers.filter((peer) => peer.id !== self());
// By name, made again when what it is made of was replaced: a draw asks tens of thousands of times.
const byName = (list, key) => {
  let of = null, map = new Map();
  return (whole, id) => {
    if (of !== whole) { of = whole; map = new Map(whole[list].map((each) => [each[key], each])); }
    return map.get(id);
  };
};
const peersByName = byName("peers", "id"), rowsByName = byName("rows", "node");
const peerOf = (id) => peersByName(known.snapshot, id);
const rowOf = (id) => known.matrix && rowsByName(known.matrix, id);

// How well what `from` sends reaches `to`: state, and a word for it. Of links of this node its own judgement; of others
// the word of `to`, as long as that is fresh.
function linkState(from, to) {
  const me = self();
  if (from === me || to === me) {
    const peer = peerOf(from === me ? to : from);
    if (!peer) return null;
    if (peer.state === "up") return { state: "up", word: "up" };
    if (peer.state === "connecting") return { state: "connecting", word: "connecting" };
    const cause = peer.reason.cause;
    if (cause === "cut_outbound" && to === me) return { state: "up", word: "heard" };
    if (cause === "cut_inbound" && from === me) return { state: "unknown", word: "perhaps" };
    const cut = cause === "cut_outbound" || cause === "cut_inbound";
    return { state: peer.state === "suspect" ? "suspect" : "broken", word: cut ? "cut" : cause.replaceAll("_", " ") };
  }
  const row = rowOf(to);
  if (!row || !(from in row.hears)) return null;
  if (!row.fresh) return { state: "unknown", word: "not known" };
  const state = row.hears[from];
  return { state: state === "unreachable" ? "broken" : state, word: state };
}

const ORDER = { unreachable: 0, suspect: 1, connecting: 2, up: 3 };
const lost = (ledger) => Object.entries(ledger.outcomes).filter(([kind]) => kind !== "delivered");

// The sentences on top: worst first.
function troubles() {
  const all = [];
  const say = (level, what, why, id) => all.push({ level, what, why: why || "", id: id || "" });
  const status = known.snapshot.status;
  if (!status.ready) {
    const stance = status.stance === "serving" ? "is stopping" : status.stance === "joining" ? "has not joined yet" : "is isolated";
    say("bad", `${self()} ${stance} and may not serve: ${status.stance_reason.detail || status.stance_reason.cause}`,
      "Messages that need the cluster end as isolated. See below whom it lacks.");
  }
  if (status.local_health.cause && status.local_health.cause !== "healthy") {
    say(mood(status.local_health.cause) === "bad" ? "bad" : "warn", `${self()} itself is ${status.local_health.cause}: its loop ran ${span(status.loop_lag_us)} late`,
      "While that lasts it accuses nobody. A handler blocks, or the host starves it.");
  }
  if (status.ledger.imbalance !== 0) say("bad", `The books do not balance: ${status.ledger.imbalance} messages`, "A fault of the library: please report it with /api/v1/channels.");
  const together = crowds();
  for (const [cause, peers] of together) {
    const ids = peers.map((peer) => peer.id);
    const longest = peers.reduce((first, peer) => Math.min(first, peer.reason.since_us), now());
    say("bad", `${ids.length} of ${others().length} peers are unreachable (${cause}), the first for ${span(now() - longest)}: ${names(ids)}`,
      `Of each: ${meaning(cause)}. ${ids.length * 2 > others().length ? "So many at once: look at this node's own network first." : "Look at what they have in common: a rack, a switch, a release."}`, ids[0]);
  }
  for (const peer of others().slice().sort((a, b) => ORDER[a.state] - ORDER[b.state])) {
    if (peer.state === "unreachable" && together.has(peer.reason.cause)) continue;
    const { cause, detail, next_at_us: next, since_us: since } = peer.reason;
    const ago = span(now() - since);
    if (peer.state === "unreachable" || peer.state === "suspect") {
      const cut = cause === "cut_outbound" ? `${self()} \u2192 ${peer.id} is cut: ` : cause === "cut_inbound" ? `${peer.id} \u2192 ${self()} is cut: ` : "";
      say(peer.state === "suspect" ? "warn" : "bad", `${cut}${peer.id} is ${peer.state} for ${ago} (${cause}): ${meaning(cause)}`,
        [/^[a-z_]+$/.test(detail) ? "Last try: " + detail.replaceAll("_", " ") : detail, judgementOf(peer.id), advice(cause), next !== null && next > now() ? `Next try in ${span(next - now())}.` : ""].filter(Boolean).map((words) => words.replace(/\.?$/, ".").replace("?.", "?")).join(" "), peer.id);
    } else if (peer.state === "connecting" && now() - since > 3e6) {
      say("warn", `${peer.id} is not there yet (${cause}): ${meaning(cause)}`, advice(cause), peer.id);
    }
    if (peer.degraded) say("warn", `${peer.id} answers heartbeats and fails or crawls on real work`, "Its disk, its handlers or its own dependencies.", peer.id);
    if (peer.state === "up" && peer.breaker.state !== "closed") say("warn", `The breaker of ${peer.id} is ${peer.breaker.state.replace("_", " ")} (${peer.breaker.reason.cause})`, peer.breaker.reason.detail, peer.id);
  }
  for (const [a, b, said] of quarrels()) say("warn", `${a} and ${b} do not hear each other${said}`, `${self()} hears both. Which direction is cut, their own pages say.`, a);
  for (const row of known.snapshot.channels) {
    const peer = peerOf(row.peer);
    if (!peer || peer.state !== "up") continue;
    const name = `${row.name || row.type}${row.replies ? " (replies)" : ""} to ${row.peer}`;
    if (row.breaker.state !== "closed") say("warn", `${name}: its breaker is ${row.breaker.state.replace("_", " ")} (${row.breaker.reason.cause})`, row.breaker.reason.detail || "It asks again by itself.", row.peer);
    else if (row.oldest_age_us > 2e6) say("warn", `${name}: the oldest message waits ${span(row.oldest_age_us)}`, "One type: its handler there is slow. All types: the peer or the network.", row.peer);
  }
  if (status.frames_rejected > 0 && status.transport.frames_malformed > 100) say("warn", `${status.transport.frames_malformed} malformed frames came in`, "Somebody who is no node speaks to the port.");
  const rank = { bad: 0, warn: 1 };
  return all.sort((a, b) => rank[a.level] - rank[b.level]);
}

// Where very many peers are in the same trouble, that is one trouble.
function crowds() {
  const causes = new Map();
  for (const peer of others()) if (peer.state === "unreachable") causes.set(peer.reason.cause, [...(causes.get(peer.reason.cause) || []), peer]);
  return new Map([...causes].filter(([, peers]) => peers.length > 5));
}

// Whom the nodes that are heard here say they hear: that tells a sick node from a broken link.
function witnessesOf(id) {
  const rows = known.matrix ? known.matrix.rows.filter((row) => row.fresh && row.node !== id && row.hears[id]) : [];
  const hear = rows.filter((row) => row.hears[id] === "up").map((row) => row.node);
  const deaf = rows.filter((row) => row.hears[id] === "unreachable").map((row) => row.node);
  return { hear, deaf };
}

const names = (ids) => (ids.length > 5 ? `${ids.slice(0, 4).join(", ")} and ${ids.length - 4} others` : ids.length > 1 ? `${ids.slice(0, -1).join(", ")} and ${ids[ids.length - 1]}` : ids[0] || "nobody");

function judgementOf(id) {
  const { hear, deaf } = witnessesOf(id);
  if (!deaf.length) return "";
  if (!hear.length) return deaf.length > 1 ? `Nobody who is heard here hears ${id}: the trouble is its own, or that of its network.` : `Only ${deaf[0]} can say anything of ${id}.`;
  return `${names(hear)} ${hear.length > 1 ? "hear" : "hears"} ${id}, ${names(deaf)} ${deaf.length > 1 ? "do" : "does"} not: the trouble is between them, not in ${id}.`;
}

// Pairs of other nodes, both heard here, of which one does not hear the other.
function quarrels() {
  const found = [];
  if (!known.matrix) return found;
  const rows = known.matrix.rows.filter((row) => row.fresh && !row.own && peerOf(row.node) && peerOf(row.node).state === "up");
  for (let i = 0; i < rows.length && found.length < 20; ++i) {
    for (let j = i + 1; j < rows.length && found.length < 20; ++j) {
      const ab = rows[j].hears[rows[i].node];
      const ba = rows[i].hears[rows[j].node];
      if (ab === "unreachable" || ba === "unreachable") found.push([rows[i].node, rows[j].node, ab === ba ? "" : ", at least one way"]);
    }
  }
  return found;
}

const wanted = () => at("filter").value.trim().toLowerCase();
const matches = (...words) => { const find = wanted(); return !find || words.some((word) => String(word).toLowerCase().includes(find)); };
