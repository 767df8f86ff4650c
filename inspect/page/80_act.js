// Actions, where this node takes them.
async function act(path) {
  const result = at("act-result");
  put(result, "asking\u2026");
  try {
    const answer = await fetch("/api/v1/actions/" + path, { method: "POST", headers: { Authorization: "Bearer " + at("act-token").value }, cache: "no-store" });
    const said = await answer.json();
    put(result, (answer.ok ? "\u2713 " : "\u2715 ") + said.message);
  } catch (problem) {
    put(result, "\u2715 the node did not answer: " + problem.message);
  }
}

function drawAct() {
  const select = at("act-peer");
  const ids = others().map((peer) => peer.id);
  if (select.children.length !== ids.length) select.replaceChildren(...ids.map((id) => part("option", {}, id)));
}

function prepareAct() {
  const asked = encodeURIComponent;
  at("act-breaker").addEventListener("click", () => act(`reset_breaker?peer=${asked(at("act-peer").value)}` + (at("act-type").value ? `&type=${asked(at("act-type").value)}` : "")));
  at("act-log").addEventListener("click", () => act(`log_level?level=${asked(at("act-level").value)}`));
  at("act-reload").addEventListener("click", () => act("reload"));
  // It cannot be taken back from here, so it takes more than one click.
  at("act-sure").addEventListener("input", () => { at("act-isolate").disabled = at("act-sure").value !== self(); });
  at("act-isolate").addEventListener("click", () => act("isolate"));
  fetch("/api/v1/config", { cache: "no-store" }).then((answer) => answer.json()).then((config) => { at("act").hidden = !config.writes; }).catch(() => {});
}
