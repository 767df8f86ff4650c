// The stream: one connection, and an honest word about it.
const KEEP = 512;
let source = null;
let tries = 0;
let again = 0;
let drawing = false;

function drawAll() {
  if (!known.snapshot || drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawTop();
    drawMap();
    drawMatrix();
    drawPeers();
    drawChannels();
    drawTimeline();
    drawAct();
  });
}

function sayLive() {
  const ago = known.heardAt ? (Date.now() - known.heardAt) / 1000 : 0;
  let state = "live", words = `live, as of ${ago < 2 ? "now" : Math.round(ago) + " s ago"}`;
  if (again) { state = "lost"; words = `connection lost${known.heardAt ? `, this is ${Math.round(ago)} s old` : ""}; trying again in ${Math.max(0, Math.ceil((again - Date.now()) / 1000))} s`; }
  else if (!source || source.readyState !== 1) { state = "connecting"; words = "connecting\u2026"; }
  else if (known.silent) { state = "silent"; words = `the node's loop does not answer; this is ${Math.round(ago)} s old`; }
  else if (ago > 5) { state = "silent"; words = `nothing new for ${Math.round(ago)} s`; }
  mark(at("live"), "data-live", state);
  put(at("live-text"), words);
  mark(document.body, "data-old", known.heardAt && (state === "lost" || state === "silent") ? "yes" : "no");
}

// The browser would try again at its own pace, and give up when the node answers but has no room.
function lose() {
  if (source) source.close();
  source = null;
  const wait = Math.min(10000, 500 * 2 ** Math.min(tries++, 5));
  again = Date.now() + wait;
  setTimeout(connect, wait);
  sayLive();
}

function connect() {
  again = 0;
  source = new EventSource("/api/v1/stream" + (known.lastId ? "?since=" + encodeURIComponent(known.lastId) : ""));
  source.onerror = lose;
  source.onopen = () => { tries = 0; sayLive(); };
  source.addEventListener("snapshot", (message) => {
    const snapshot = JSON.parse(message.data);
    if (known.snapshot && known.snapshot.incarnation !== snapshot.incarnation) known.leaseMax = 0;
    known.snapshot = snapshot;
    known.heardAt = Date.now();
    known.silent = 0;
    sayLive();
    drawAll();
  });
  source.addEventListener("matrix", (message) => { known.matrix = JSON.parse(message.data); ++known.matrixVersion; drawAll(); });
  source.addEventListener("transition", (message) => {
    const [life] = message.lastEventId.split("-");
    if (known.lastId && known.lastId.split("-")[0] !== life) known.events = [];
    known.lastId = message.lastEventId;
    known.events.push(JSON.parse(message.data));
    if (known.events.length > KEEP) known.events.splice(0, known.events.length - KEEP);
  });
  source.addEventListener("silent", () => { known.silent = 1; sayLive(); });
  sayLive();
}

function goTo(id) {
  at(id).scrollIntoView();
  at(id).focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape") {
    at("filter").value = "";
    known.picked = null;
    drawAll();
    if (typing) event.target.blur();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const section = { 1: "wrong", 2: "cluster-map", 3: "matrix", 4: "peers", 5: "channels", 6: "timeline" }[event.key];
  if (section) goTo(section);
  if (event.key === "/") { event.preventDefault(); at("filter").focus(); }
});
at("filter").addEventListener("input", drawAll);
for (const query of ["(prefers-color-scheme: dark)", "(max-width: 40rem)"]) {
  matchMedia(query).addEventListener("change", () => { matrixShape = mapShape = ""; drawAll(); });
}
drawLegend();
prepareAct();
connect();
setInterval(sayLive, 1000);
