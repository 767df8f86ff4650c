"use strict";
// Words and small parts. Everything that is shown goes through textContent or an attribute: nothing is ever parsed as
// markup, whatever a peer calls itself.
const SVG = "http://www.w3.org/2000/svg";

function part(tag, attributes, ...children) {
  const svg = tag.startsWith("svg:");
  const made = svg ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") made.addEventListener("click", value);
    else if (name === "onkey") made.addEventListener("keydown", value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

const at = (id) => document.getElementById(id);

// Only what has changed touches the document, so that selections and screen readers are left in peace.
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
function mark(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

function span(us) {
  const s = Math.max(0, us) / 1e6;
  if (s < 0.001) return Math.round(us) + " \u00b5s";
  if (s < 1) return Math.round(s * 1000) + " ms";
  if (s < 10) return s.toFixed(1) + " s";
  if (s < 120) return Math.round(s) + " s";
  if (s < 7200) return Math.round(s / 60) + " min";
  if (s < 172800) return Math.round(s / 3600) + " h";
  return Math.round(s / 86400) + " d";
}

function count(number) {
  if (number < 10000) return String(number);
  if (number < 1e6) return (number / 1e3).toFixed(1) + " k";
  return (number / 1e6).toFixed(1) + " M";
}

// What a state is worth, and the sign that says so without colour.
const MOODS = {
  up: "good", serving: "good", closed: "good", open_lane: "good", healthy: "good",
  suspect: "warn", half_open: "warn", ramping: "warn", late: "warn", degraded: "warn",
  unreachable: "bad", isolated: "bad", open: "bad", forced_open: "bad", stalled: "bad",
};
const SIGNS = { good: "\u2713", warn: "!", bad: "\u2715", none: "\u2026" };
const mood = (word) => MODES_NONE.has(word) ? "none" : MOODS[word] || "none";
const MODES_NONE = new Set(["connecting", "joining", "disabled"]);
const sign = (word) => SIGNS[mood(word)];
const pill = (word, said) => part("span", { class: "pill", "data-mood": mood(word) },
  part("span", { "aria-hidden": "true" }, sign(word)), said || word.replace("_", " "));

// What a cause means to somebody who has just been woken, and what to do about it.
const CAUSES = {
  silent: ["nothing comes back from it", "Is its host up, its process running (or stopped), and the network between whole?"],
  cut_outbound: ["it can be heard, but does not answer", "What this node sends does not arrive there: look at firewalls and routes in that one direction."],
  cut_inbound: ["it is not heard here, though others hear it", "What it sends does not arrive here: look at firewalls and routes in that one direction."],
  connect_refused: ["its host answers, but nobody listens on the port", "The process is down, or listens elsewhere: start it."],
  connect_timeout: ["its host does not answer", "Host down, wrong address, or a firewall that drops."],
  never_heard: ["it has never answered since this node started", "Is it started, and is its address right?"],
  refused_by_peer: ["it turns this node away", "Its reason is in the detail: usually another configuration or cluster."],
  handshake_failed: ["it speaks something else", "Is that address really a node of this cluster?"],
  handshake_timeout: ["it accepts connections and then says nothing", "It is stopped or starved."],
  authentication_failed: ["it is not who it should be", "Compare the keys on both sides."],
  peer_stopped: ["it said goodbye: it was stopped on purpose", "Nothing, unless it should run."],
  peer_restarted: ["it has started again", ""],
  connection_lost: ["its connection broke", "Usually heals by itself; watch its flaps."],
  closed_by_peer: ["the other end closed the connection", "If it does not come back: does its process run, and what does it say?"],
  name_not_found: ["its name has no address", "Correct the name in [peers], or the name service."],
  no_descriptors: ["this process may open no more files", "Raise its limit of open files (ulimit -n), and see who holds them."],
  starting: ["it is being looked for", ""],
  session_open: ["both sides agreed on a session", ""],
  recovered: ["it answers again", ""],
};
const meaning = (cause) => (CAUSES[cause] || [cause.replaceAll("_", " "), ""])[0];
const advice = (cause) => (CAUSES[cause] || ["", ""])[1];
