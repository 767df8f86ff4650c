// Transitions with their causes, newest first, and a strip of the last ten minutes.
const STRIP_US = 600e6;
let eventShape = "";

// The node's own judgement; of what is wrong, a suspicion and what an operator did are the lesser evils.
const TELLING = new Set(["peer_state", "stance", "breaker", "view", "arbiter"]);
function eventMood(event) {
  if (event.level === "error") return "bad";
  if (event.level !== "warn") return event.level === "info" && TELLING.has(event.kind) ? "good" : "none";
  const lesser = event.kind === "admin" || event.kind === "gray" || event.kind === "intake";
  return lesser || (event.kind === "peer_state" && / is suspect/.test(event.text)) ? "warn" : "bad";
}

// The node's clock is its own; its distance to ours is known from the last snapshot.
function clock(us) {
  const date = new Date(known.heardAt - (now() - us) / 1000);
  return date.toLocaleTimeString([], { hour12: false }) + "." + String(date.getMilliseconds()).padStart(3, "0");
}

function drawTimeline() {
  const find = wanted();
  const shown = known.events.filter((event) => (!known.picked || known.picked === self() || event.peer === known.picked) && matches(event.peer, event.kind, event.cause, event.text)).slice(-200).reverse();
  const shape = [shown.length ? shown[0].number : 0, shown.length, find, known.picked, known.snapshot.incarnation].join(" ");
  drawStrip();
  if (shape === eventShape) return;
  eventShape = shape;
  put(at("timeline-shown"), `${shown.length} of ${known.events.length} transitions that are remembered`);
  at("events").replaceChildren(...shown.map((event) => {
    const felt = eventMood(event);
    return part("li", { "data-mood": felt, "data-kind": event.kind },
      part("time", { title: span(now() - event.at_us) + " ago" }, clock(event.at_us)),
      part("span", { class: "sign", "aria-hidden": "true" }, felt === "none" ? "\u00b7" : SIGNS[felt]),
      part("span", { class: "who" }, event.peer || self(), part("small", {}, event.kind.replace("_", " ") + (event.cause ? " \u00b7 " + event.cause.replaceAll("_", " ") : ""))),
      part("p", {}, event.text));
  }));
}

function drawStrip() {
  const first = known.events.length ? known.events[0].at_us : now();
  const width = Math.min(STRIP_US, Math.max(20e6, now() - first));
  const heights = { bad: [4, 60], warn: [16, 60], good: [28, 60], none: [46, 60] };
  at("strip").replaceChildren(...known.events.filter((event) => now() - event.at_us <= width).map((event) => {
    const x = 1000 - (1000 * (now() - event.at_us)) / width, felt = eventMood(event);
    return part("svg:line", { x1: x.toFixed(1), x2: x.toFixed(1), y1: heights[felt][0], y2: heights[felt][1], "data-mood": felt });
  }));
  put(at("strip-from"), span(width) + " ago");
}
