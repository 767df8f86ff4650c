#!/usr/bin/env python3
"""The live page in a real browser, on a real cluster in which one node is stopped and one direction of a link is cut.

Five processes of `hawser node`; what n1 sends to n3 passes a relay here, which at some point passes nothing on any more.
n4 gets SIGSTOP. Headless Chromium, over its debugging pipe, opens the pages of n1 and n3, and this looks into what they
show. The same run takes the pictures of the documentation: --pictures FOLDER.

Only what Python brings along. Waits for things to become true, and says what it waited for when they do not.
"""
import argparse, base64, contextlib, copy, ctypes, http.server, json, os, select, shutil, signal, socket, subprocess, sys
import tempfile, threading, time, urllib.request

PATIENCE = 60
IDS = ["n1", "n2", "n3", "n4", "n5"]


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In a child before exec: nothing of ours outlives a test that is killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Relay:
    """Passes on what one node sends to another, until it is cut: then connections stay open and nothing moves."""

    def __init__(self, to):
        self.to = to
        self.cut = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            inside, _ = self.listener.accept()
            self.kept.append(inside)
            if self.cut.is_set():
                continue
            try:
                outside = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                inside.close()
                continue
            self.kept.append(outside)
            for a, b in ((inside, outside), (outside, inside)):
                threading.Thread(target=self.copy, args=(a, b), daemon=True).start()

    def copy(self, a, b):
        try:
            while data := a.recv(65536):
                if self.cut.is_set():
                    return
                b.sendall(data)
        except OSError:
            pass
        if not self.cut.is_set():
            for end in (a, b):
                end.close()


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Cluster:
    """Made without its processes, so that whatever goes wrong while they start, end() ends those there are."""

    def __init__(self, hawser, folder):
        self.hawser, self.folder = hawser, folder
        ports = free_ports(2 * len(IDS))
        self.listen = dict(zip(IDS, ports))
        self.admin = dict(zip(IDS, ports[len(IDS):]))
        self.relay = Relay(self.listen["n3"])
        self.processes = {}
        self.token = "a-token-of-a-test"
        token_file = os.path.join(folder, "token")
        with os.fdopen(os.open(token_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(self.token + "\n")
        for node in IDS:
            path = os.path.join(folder, node + ".toml")
            with open(path, "w") as file:
                file.write(f'cluster = "orders"\nid = "{node}"\nlisten = "127.0.0.1:{self.listen[node]}"\n')
                file.write('strategy = "keep_majority"\n\n[peers]\n')
                for other in IDS:
                    port = self.relay.port if (node, other) == ("n1", "n3") else self.listen[other]
                    if other != node:
                        file.write(f'{other} = "127.0.0.1:{port}"\n')
                file.write(f'\n[admin]\nlisten = "127.0.0.1:{self.admin[node]}"\n')
                file.write(f'writes = true\ntoken_file = "{token_file}"\n')

    def start(self):
        for node in IDS:
            with open(os.path.join(self.folder, node + ".words"), "w") as words:
                self.processes[node] = subprocess.Popen(
                    [self.hawser, "node", "--config", os.path.join(self.folder, node + ".toml"), "--traffic", "Greeting=60",
                     "--traffic", "Blob=5", "--blob-size", "4KiB"], stdout=words, stderr=words, preexec_fn=die_with_parent)

    def signal(self, node, number):
        self.processes[node].send_signal(number)

    def end(self):
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()


class Browser:
    """Headless Chromium, spoken to over pipes 3 and 4: JSON, each message ended by a zero byte. start() starts it."""

    def __init__(self, program, folder):
        self.program, self.folder, self.process = program, folder, None
        self.unread, self.number, self.session, self.complaints = b"", 0, None, []

    def start(self):
        to_read, self.write = os.pipe()
        self.read, to_write = os.pipe()

        def before_exec():
            die_with_parent()
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        arguments = [self.program, "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                     "--no-first-run", "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
                     "--user-data-dir=" + os.path.join(self.folder, "profile"), "about:blank"]
        with open(os.path.join(self.folder, "chromium.words"), "w") as words:
            self.process = subprocess.Popen(arguments, preexec_fn=before_exec, close_fds=False, stdout=words,
                                            stderr=words, stdin=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)

    def message(self):
        while b"\0" not in self.unread:
            if not select.select([self.read], [], [], PATIENCE)[0]:
                raise SystemExit(f"FAILED chromium has said nothing for {PATIENCE} s")
            got = os.read(self.read, 1 << 20)
            if not got:
                raise SystemExit("chromium is gone")
            self.unread += got
        one, self.unread = self.unread.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **parameters):
        self.number += 1
        call = {"id": self.number, "method": method, "params": parameters}
        if self.session and not method.startswith("Target."):
            call["sessionId"] = self.session
        os.write(self.write, json.dumps(call).encode() + b"\0")
        while True:
            said = self.message()
            if said.get("id") == self.number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]
            self.listen(said)

    def listen(self, said):
        if said.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(said["params"]["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        if said.get("method") == "Log.entryAdded" and said["params"]["entry"]["level"] == "error":
            self.complaints.append(said["params"]["entry"]["text"] + " " + said["params"]["entry"].get("url", ""))

    def open(self, url):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(domain + ".enable")
        self.ask("Page.navigate", url=url)
        return self.session

    def value(self, expression):
        said = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise RuntimeError(expression + ": " + json.dumps(said["exceptionDetails"]))
        return said["result"].get("value")

    def until(self, what, expression):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.value(f"(() => {{ try {{ return Boolean({expression}); }} catch (e) {{ return false; }} }})()"):
                print("ok   ", what)
                return
            time.sleep(0.05)
        print(self.value("document.body.innerText")[:4000])
        raise SystemExit(f"FAILED {what}\n  waited {PATIENCE} s for: {expression}")

    def look(self, width, height, dark=False, mobile=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.ask("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def picture(self, path, height=None):
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        self.value("document.activeElement && document.activeElement.blur(), scrollTo(0, 0)")
        size = self.value("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], height or size[1]), "scale": 1}
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
        print("image", path, os.path.getsize(path) // 1000, "kB")

    def key(self, key, text=None):
        code = {"Enter": 13, "Tab": 9, "Escape": 27}.get(key, ord(key[0].upper()))
        for kind in ("keyDown", "keyUp"):
            more = {"text": text or ("\r" if key == "Enter" else key)} if kind == "keyDown" and (text or len(key) == 1 or key == "Enter") else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def check(what, truth, shown=""):
    if not truth:
        raise SystemExit(f"FAILED {what}\n  {shown}")
    print("ok   ", what)


def find_browser():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


WRONG = "[...document.querySelectorAll('#wrong-list li')].map((li) => li.innerText).join('\\n')"


def cell(row, col):
    return f"document.querySelector('#matrix-box td[data-row={row}][data-col={col}]').dataset.state"


def play(cluster, browser, pictures):
    browser.open(f"http://127.0.0.1:{cluster.admin['n1']}/")
    browser.look(1280, 900)
    browser.until("the page says whose view it is", "document.getElementById('self').textContent === 'n1' && document.getElementById('cluster').textContent === 'orders'")
    browser.until("the stream is live", "document.getElementById('live').dataset.live === 'live'")
    browser.until("a healthy cluster is well, and serves", "document.getElementById('stance').textContent === 'Serving' && document.querySelector('#wrong-list li[data-mood=good]') && /4 of 4 up/.test(document.getElementById('peer-counts').textContent)")
    browser.until("everybody hears everybody", "document.querySelectorAll('#matrix-box td[data-state=up]').length === 20")
    browser.until("the lease is counted", "/ms|s$/.test(document.getElementById('lease').textContent)")
    browser.value("window.sameDocument = true")
    if pictures:
        browser.picture(os.path.join(pictures, "page-well.png"), 1180)

    cluster.signal("n4", signal.SIGSTOP)
    cluster.relay.cut.set()
    browser.until("n4 is unreachable, and why", f"/n4 is unreachable for .*\\(silent\\): nothing comes back from it/.test({WRONG})")
    browser.until("the cut has its direction in words", f"/n1 \u2192 n3 is cut: n3 is (unreachable|suspect).*\\(cut_outbound\\)/.test({WRONG})")
    browser.until("the cut has its direction in the matrix", cell("n1", "n3") + " === 'cut_outbound'")
    label = browser.value("document.querySelector('#matrix-box td[data-row=n1][data-col=n3]').getAttribute('aria-label')")
    check("the matrix says it to those who cannot see it", label == "n1 \u2192 n3 is cut: n3 does not hear n1, n1 hears n3", label)
    browser.until("n4 in the matrix: not heard, and its own row is an old word", cell("n1", "n4") + " === 'unreachable' && document.querySelector('tr[data-row=n4]').dataset.fresh === 'no'")
    browser.until("n2 and n5 say the same of n4", f"{cell('n2', 'n4')} === 'unreachable' && {cell('n5', 'n4')} === 'unreachable'")
    browser.until("a sick node is told from a broken link", "/Nobody who is heard here hears n4: the trouble is its own/.test(document.getElementById('matrix-words').textContent) && /n2 and n5 hear n3, n1 does not/.test(document.getElementById('matrix-words').textContent)")
    browser.until("the link n1 -> n3 is drawn as broken, and the way back as heard", "document.querySelector('#graph .link[data-from=n1][data-to=n3]').dataset.state === 'broken' && document.querySelector('#graph .link[data-from=n3][data-to=n1]').dataset.state === 'up'")
    browser.until("the table of peers puts what is worst first", "[...document.querySelectorAll('#peer-rows tr')].slice(0, 2).map((row) => row.dataset.peer).sort().join() === 'n3,n4'")
    browser.until("the timeline has the transition", "[...document.querySelectorAll('#events li[data-kind=peer_state]')].some((li) => /n4/.test(li.innerText) && /unreachable/.test(li.innerText))")
    browser.until("n1 goes on serving without them", "document.getElementById('stance').textContent === 'Serving' && /n1 n2 n5/.test(document.getElementById('view').innerText)")
    check("no reload was needed", browser.value("window.sameDocument === true"))
    if pictures:
        browser.picture(os.path.join(pictures, "page-trouble.png"), 1320)
        browser.look(1280, 900, dark=True)
        browser.picture(os.path.join(pictures, "page-trouble-dark.png"), 1180)

    by_keyboard(browser)
    small_screen(browser, cluster, pictures)
    heal(cluster, browser)
    act(cluster, browser)
    crowd(cluster, browser, pictures)
    lose_and_find(cluster, browser)


def by_keyboard(browser):
    browser.look(1280, 900)
    browser.value("document.activeElement.blur()")
    browser.key("/")
    browser.until("/ leads to the filter", "document.activeElement.id === 'filter'")
    browser.key("n")
    browser.key("4")
    browser.until("the filter filters", "document.querySelectorAll('#peer-rows tr').length === 1")
    browser.key("Escape")
    browser.until("Esc shows all again", "document.querySelectorAll('#peer-rows tr').length === 4")
    browser.value("document.querySelector('#graph [data-node=n4]').focus()")
    browser.key("Enter")
    browser.until("a node is chosen with Enter, and its story is told", "/n4 is unreachable/.test(document.getElementById('graph-note').textContent) && document.activeElement.dataset.node === 'n4'")
    browser.key("Escape")
    names = browser.value("[...document.querySelectorAll('input, select, button, a, [tabindex=\"0\"]')].filter((e) => !(e.labels && e.labels.length) && !e.getAttribute('aria-label') && !e.textContent.trim()).map((e) => e.id || e.tagName)")
    check("everything that can be focused has a name", names == [], str(names))


def small_screen(browser, cluster, pictures):
    trouble = browser.session
    browser.open(f"http://127.0.0.1:{cluster.admin['n3']}/")
    browser.look(390, 844, mobile=True)
    browser.until("n3 knows that it must not serve", "document.getElementById('stance').textContent === 'Isolated: must not serve' && document.getElementById('may-serve').textContent === 'no'")
    browser.until("and which direction it does not hear", f"/n1 \u2192 n3 is cut: n1 is unreachable.*\\(cut_inbound\\)/.test({WRONG})")
    wide = browser.value("[document.documentElement.scrollWidth, innerWidth]")
    check("nothing sticks out of a small screen", wide[0] <= wide[1], str(wide))
    if pictures:
        browser.picture(os.path.join(pictures, "page-small.png"), 1900)
    browser.session = trouble


def heal(cluster, browser):
    browser.ask("Page.bringToFront")
    browser.look(1280, 900)
    cluster.signal("n4", signal.SIGCONT)
    browser.until("n4 goes on, and the page says so by itself", "document.querySelector('#peer-rows tr[data-peer=n4] .pill').innerText.includes('up')")


def act(cluster, browser):
    browser.until("actions are offered where they are taken", "!document.getElementById('act').hidden")
    levels = browser.value("[...document.querySelectorAll('#act-level option')].map((option) => option.value).join(' ')")
    check("the levels of the log are the node's own words", levels == "error warn info debug", levels)
    asked = "document.querySelector('#act details').open = true, document.getElementById('act-token').value = '{}', document.getElementById('act-peer').value = 'n2', document.getElementById('act-breaker').click()"
    browser.value(asked.format("not the token"))
    browser.until("without the token nothing is done", "/token of admin.token_file/.test(document.getElementById('act-result').textContent)")
    browser.value(asked.format(cluster.token))
    browser.until("with it something is", "/^\u2713 the breakers of n2/.test(document.getElementById('act-result').textContent)")
    browser.until("and it is in the timeline", "document.querySelector('#events li[data-kind=admin]')")


def stream_of(url):
    """The first snapshot and matrix of a stream, as they come."""
    found = {}
    with urllib.request.urlopen(url + "api/v1/stream", timeout=PATIENCE) as stream:
        event = ""
        while len(found) < 2:
            line = stream.readline().decode()
            if line.startswith("event: "):
                event = line[7:].strip()
            if line.startswith("data: ") and event in ("snapshot", "matrix"):
                found[event] = json.loads(line[6:])
    return found["snapshot"], found["matrix"]


def many(snapshot, matrix, nodes=200):
    """The same cluster with very many nodes: of every tenth nothing is heard."""
    peer = next(each for each in snapshot["peers"] if each["id"] == "n2")
    ids = [f"node-{i:03}" for i in range(1, nodes + 1)]
    snapshot["peers"] = []
    for i, name in enumerate(ids):
        one = copy.deepcopy(peer)
        one["id"] = name
        if i % 10 == 9:
            one["state"], one["reason"]["cause"] = "unreachable", "silent"
        snapshot["peers"].append(one)
    snapshot["status"]["peers"] = {"up": 180, "unreachable": 20, "suspect": 0, "connecting": 0}
    row = next(each for each in snapshot["channels"] if each["name"] == "Greeting")
    snapshot["channels"] = [dict(row, peer=name, name=f"Type{t}", type=hex(t)) for t in range(20) for name in ids[:5]]
    snapshot["channels_total"] = nodes * 20
    state = {name: "unreachable" if i % 10 == 9 else "up" for i, name in enumerate(ids)}
    matrix["nodes"] = ids + ["n1"]
    matrix["rows"] = [{"node": name, "own": False, "said_at_us": 0, "fresh": state[name] == "up",
                       "hears": {other: state[other] for other in ids if other != name} | {"n1": "up"}} for name in ids]
    matrix["rows"].append({"node": "n1", "own": True, "said_at_us": 0, "fresh": True, "hears": state})
    matrix["cuts"] = []
    return snapshot, matrix


class Crowd(http.server.BaseHTTPRequestHandler):
    """The node's own page, with its own policy, on a cluster that is made up."""
    page = policy = snapshot = matrix = None

    def do_GET(self):
        self.send_response(200)
        stream = self.path.startswith("/api/v1/stream")
        self.send_header("Content-Type", "text/event-stream" if stream else "text/html" if self.path == "/" else "application/json")
        if self.path == "/":
            self.send_header("Content-Security-Policy", self.policy)
        self.end_headers()
        if not stream:
            self.wfile.write(self.page if self.path == "/" else b"{}")
            return
        try:
            self.wfile.write(b"event: matrix\ndata: " + json.dumps(self.matrix).encode() + b"\n\n")
            while True:
                self.snapshot["taken_at_us"] += 1_000_000
                self.wfile.write(b"event: snapshot\ndata: " + json.dumps(self.snapshot).encode() + b"\n\n")
                time.sleep(1)
        except OSError:
            pass

    def log_message(self, *_):
        pass


def crowd(cluster, browser, pictures):
    url = f"http://127.0.0.1:{cluster.admin['n1']}/"
    with urllib.request.urlopen(url, timeout=PATIENCE) as page:
        Crowd.page, Crowd.policy = page.read(), page.headers["Content-Security-Policy"]
    Crowd.snapshot, Crowd.matrix = many(*stream_of(url))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Crowd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = browser.session
    browser.open(f"http://127.0.0.1:{server.server_address[1]}/")
    browser.look(1280, 900)
    browser.until("two hundred peers are rows, the unreachable ones first", "document.querySelectorAll('#peer-rows tr').length === 200 && document.querySelectorAll('#peer-rows tr')[19].dataset.peer === 'node-200'")
    browser.until("the matrix of two hundred is drawn", "document.querySelector('canvas.hears').width >= 200")
    browser.until("twenty in one trouble are one sentence", "/20 of 200 peers are unreachable .silent./.test(document.getElementById('wrong-list').textContent) && ![...document.querySelectorAll('#wrong-list li')].some((li) => /node-[0-9]+ is unreachable/.test(li.innerText))")
    browser.value("document.getElementById('filter').value = 'node-010', document.getElementById('filter').dispatchEvent(new Event('input'))")
    browser.until("one of them is found by its name", "document.querySelectorAll('#peer-rows tr').length === 1")
    browser.value("document.getElementById('filter').value = '', document.getElementById('filter').dispatchEvent(new Event('input'))")
    took = browser.value("new Promise((done) => { mapShape = matrixShape = ''; const begin = performance.now(); drawTop(); drawMap(); drawMatrix(); drawPeers(); drawChannels(); drawTimeline(); done(performance.now() - begin); })")
    print(f"      all of it is drawn afresh in {took:.0f} ms here")
    if pictures:
        browser.picture(os.path.join(pictures, "page-crowd.png"), 1000)
    browser.session = before
    browser.ask("Page.bringToFront")
    server.shutdown()


def lose_and_find(cluster, browser):
    check("the page complained of nothing but the refused action",
          [each for each in browser.complaints if "401" not in each] == [], str(browser.complaints))
    cluster.signal("n1", signal.SIGSTOP)
    browser.until("a page that hears nothing says so, and greys", "/nothing new|connection lost/.test(document.getElementById('live-text').textContent) && document.body.dataset.old === 'yes'")
    cluster.signal("n1", signal.SIGCONT)
    browser.until("and goes on by itself", "document.getElementById('live').dataset.live === 'live'")
    cluster.signal("n1", signal.SIGKILL)
    browser.until("of a node that is gone it says when it tries again", "/connection lost.*trying again in/.test(document.getElementById('live-text').textContent)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hawser", required=True, help="the hawser command")
    parser.add_argument("--pictures", help="a folder for the pictures of the documentation")
    options = parser.parse_args()
    program = find_browser()
    if program is None:
        sys.exit("FAILED there is no chromium here: apt-get install chromium (./run setup test does it)")
    with tempfile.TemporaryDirectory(prefix="hawser-page-", ignore_cleanup_errors=True) as folder:
        if options.pictures:
            os.makedirs(options.pictures, exist_ok=True)
        with contextlib.ExitStack() as ending:
            cluster = Cluster(options.hawser, folder)
            ending.callback(cluster.end)
            browser = Browser(program, folder)
            ending.callback(browser.end)
            cluster.start()
            browser.start()
            play(cluster, browser, options.pictures)
    print("the page was right throughout")


if __name__ == "__main__":
    main()
