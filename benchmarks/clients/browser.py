"""LiteRT.js in a headless Chromium: a page that takes pixels and gives back what a model says."""

import http.server
import json
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from queue import Empty, Queue

import numpy as np

PATIENCE = 90
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html"}
PAGE = """<!doctype html>
<script type="importmap">{"imports": {
  "@litertjs/core": "/node_modules/@litertjs/core/dist/index.js",
  "@litertjs/wasm-utils": "/node_modules/@litertjs/wasm-utils/dist/index.js"}}</script>
<script type="module">
import {loadLiteRt, loadAndCompile, Tensor} from '@litertjs/core';

const models = {};

async function answer(task) {
  models[task.file] ??= await loadAndCompile(`/models/${task.file}`, {accelerator: 'wasm'});
  const content = await (await fetch('/pixels')).arrayBuffer();
  const pixels = task.bytes === 1 ? new Uint8Array(content) : new Float32Array(content);
  let values, times = [];
  for (let run = 0; run < task.runs + 1; run++) {
    const start = performance.now();
    const input = new Tensor(pixels, task.shape);
    const outputs = await models[task.file].run(input);
    values = outputs[0].toTypedArray().slice();
    outputs.forEach(output => output.delete());
    input.delete();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  await fetch(`/values?${times[0]}`, {method: 'POST', body: values});
}

async function main() {
  await loadLiteRt('/node_modules/@litertjs/core/wasm/');
  for (;;) {
    const task = await (await fetch('/task')).json();
    if (!task) continue;
    try {
      await answer(task);
    } catch (error) {
      await fetch('/error', {method: 'POST', body: String(error)});
    }
  }
}
main().catch(error => fetch('/error', {method: 'POST', body: String(error)}));
</script>
"""


class Browser:
    """Chromium with the page open.

    Args:
        node_modules: folder with `@litertjs/core` and `@litertjs/wasm-utils`.
        models: folder of .tflite files.
    """

    def __init__(self, node_modules, models):
        self.program = shutil.which("chromium") or shutil.which("google-chrome")
        core = Path(node_modules) / "@litertjs" / "core"
        for name, there in (("chromium", self.program), ("@litertjs/core", core.is_dir())):
            if not there:
                raise ImportError(f"{name} is missing", name=name)
        self.folders = {"node_modules": Path(node_modules), "models": Path(models)}
        self.tasks, self.answers, self.pixels = Queue(), Queue(), b""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._profile = tempfile.mkdtemp()
        url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        command = [self.program, *FLAGS, f"--user-data-dir={self._profile}", url]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *exception):
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        shutil.rmtree(self._profile, ignore_errors=True)

    def run(self, file, pixels, runs):
        """A dict of `values` and `milliseconds`, or of `error`."""
        self.pixels = np.ascontiguousarray(pixels).tobytes()
        task = {"file": file, "shape": pixels.shape, "bytes": pixels.itemsize, "runs": runs}
        self.tasks.put(task)
        try:
            milliseconds, content = self.answers.get(timeout=PATIENCE)
        except Empty:
            return {"error": f"no answer in {PATIENCE} s"}
        if milliseconds is None:
            return {"error": content.decode().splitlines()[0]}
        dtype = np.uint8 if pixels.itemsize == 1 else np.float32
        return {"values": np.frombuffer(content, dtype), "milliseconds": milliseconds}


def _handler(browser):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/":
                return self._reply(PAGE.encode(), ".html")
            if self.path == "/pixels":
                return self._reply(browser.pixels)
            if self.path == "/task":
                try:
                    return self._reply(json.dumps(browser.tasks.get(timeout=20)).encode())
                except Empty:
                    return self._reply(b"null")
            _, kind, *names = self.path.split("/")
            path = browser.folders.get(kind, Path("/none")).joinpath(*names)
            if ".." in names or not path.is_file():
                return self.send_error(404)
            return self._reply(path.read_bytes(), path.suffix)

        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            is_error = self.path == "/error"
            browser.answers.put((None if is_error else float(self.path.split("?")[1]), content))
            self._reply(b"")

        def _reply(self, content, suffix=""):
            self.send_response(200)
            self.send_header("Content-Type", TYPES.get(suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    return Handler
