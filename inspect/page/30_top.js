// The first glance: whose view, stance, may it serve and for how long, and what is wrong.
function drawTop() {
  const { snapshot } = known;
  const status = snapshot.status;
  put(at("cluster"), snapshot.cluster);
  put(at("self"), snapshot.node);
  const all = troubles();
  const bad = all.filter((each) => each.level === "bad").length;
  document.title = `${bad ? "\u2715 " + bad + " " : all.length ? "! " : "\u2713 "}${snapshot.node} ${status.ready ? status.stance : "not ready"} \u00b7 ${snapshot.cluster}`;
  const verdict = !status.ready ? (status.stance === "joining" ? "warn" : "bad") : "good";
  mark(at("verdict"), "data-mood", verdict);
  put(at("stance-glyph"), SIGNS[verdict]);
  put(at("stance"), status.ready ? "Serving" : status.stance === "joining" ? "Joining: not serving yet" : status.stance === "isolated" ? "Isolated: must not serve" : "Stopping: serves no more");
  const reason = status.stance_reason;
  put(at("stance-why"), `${reason.cause.replaceAll("_", " ")} for ${span(now() - reason.since_us)}${reason.detail ? ": " + reason.detail : ""}`);
  const plain = !status.strategy || status.strategy === "none";
  put(at("may-serve"), status.may_serve ? "yes" : "no");
  drawLease();
  at("view").replaceChildren(plain ? "no strategy" : `epoch ${status.epoch.counter}`,
    part("small", {}, plain ? "everybody always serves" : `${status.view.length} members${status.view_settled ? ", settled" : ", not settled"}: ${status.view.slice(0, 7).map((member) => member.id).join(" ")}${status.view.length > 7 ? " \u2026" : ""}`));
  const counts = status.peers;
  const total = counts.up + counts.suspect + counts.unreachable + counts.connecting;
  at("peer-counts").replaceChildren(`${counts.up} of ${total} up`, part("small", {}, ["unreachable", "suspect", "connecting"].filter((state) => counts[state]).map((state) => `${counts[state]} ${state}`).join(", ") || "all of them"));
  const ledger = status.ledger;
  at("books").replaceChildren(ledger.balanced ? "balanced" : "NOT balanced", part("small", {}, `${count(ledger.submitted.messages)} submitted, ${count(ledger.held.messages)} held`));
  drawWrong(all);
  put(at("about"), `Hawser ${status.version} on ${status.endpoint}, up for ${span(now() - status.started_at_us)}, incarnation ${snapshot.incarnation}`);
}

function drawLease() {
  const { status } = known.snapshot;
  if (status.lease_remaining_us === null || status.strategy === "none") {
    put(at("lease"), "without end");
    mark(at("lease-fill"), "width", 100);
    return;
  }
  known.leaseMax = Math.max(known.leaseMax, status.lease_remaining_us);
  put(at("lease"), status.may_serve ? span(status.lease_remaining_us) : "none: it has run out");
  const share = known.leaseMax ? (100 * status.lease_remaining_us) / known.leaseMax : 0;
  mark(at("lease-fill"), "width", share.toFixed(0));
  mark(at("lease-fill"), "data-low", share < 25 ? "yes" : "no");
}

const shownWrong = new Map();
function drawWrong(all) {
  const list = at("wrong-list");
  put(at("nav-wrong"), String(all.length));
  mark(at("nav-wrong"), "data-bad", all.length ? "yes" : "no");
  const found = all.filter((each) => matches(each.what, each.why, each.id));
  const shown = found.slice(0, 12);
  if (!all.length) shown.push({ level: "good", what: `All is well: ${self()} ${known.snapshot.status.ready ? "serves" : "is here"}, and hears every peer.`, why: "", id: "" });
  else if (found.length > shown.length) shown.push({ level: "warn", what: `And ${found.length - 12} more of that kind: the tables below have them all.`, why: "", id: "" });
  // One entry per subject, kept while it lasts: screen readers hear of it once.
  const keep = new Set();
  let before = null;
  for (const each of shown) {
    const key = each.level + each.what.replace(/[0-9.]+ (\u00b5s|ms|s|min|h|d)\b/g, "");
    keep.add(key);
    let item = shownWrong.get(key);
    if (!item) {
      item = part("li", {}, part("span", { class: "sign", "aria-hidden": "true" }, SIGNS[each.level]), part("div", {}, part("strong"), part("p", { class: "advice" })));
      mark(item, "data-mood", each.level);
      mark(item, "data-about", each.id);
      shownWrong.set(key, item);
    }
    put(item.querySelector("strong"), each.what);
    put(item.querySelector(".advice"), each.why);
    const place = before ? before.nextSibling : list.firstChild;
    if (place !== item) list.insertBefore(item, place);
    before = item;
  }
  for (const [key, item] of shownWrong) {
    if (keep.has(key)) continue;
    item.remove();
    shownWrong.delete(key);
  }
}

// The detail of one node wherever it is shown: chosen in the map, the matrix or the table.
function pick(id) {
  known.picked = known.picked === id ? null : id;
  drawAll();
}
