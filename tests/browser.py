"""A real browser for tests: headless Chromium, driven over its DevTools protocol."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import ClientConnection, connect

_START_SECONDS = 60
_ANSWER_SECONDS = 60
_LONGEST_MESSAGE = 64 * 2**20


class Page:
    """One open page of the browser."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = count(1)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its answer."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=_ANSWER_SECONDS))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def log_in(self, url: str, cookies: Mapping[str, str]) -> None:
        """The cookies that a person has after logging in there."""
        for name, value in cookies.items():
            self.ask("Network.setCookie", name=name, value=value, domain=urlsplit(url).hostname, path="/")

    def go(self, url: str) -> None:
        """Begins to load the address."""
        self.ask("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page; promises are awaited."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, script: str, seconds: float = 60) -> Any:
        """The expression's value once it is true; fails where it does not become so."""
        deadline = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < deadline, f"not in the page after {seconds:.0f} s: {script}"
            time.sleep(0.2)
        return value

    def picture(self) -> bytes:
        """What the page looks like, as a PNG file's bytes."""
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])


@contextmanager
def chromium(*, width: int = 1440, height: int = 1000) -> Iterator[Page]:
    """A page of a new Chromium without a profile; the test is skipped where it is not installed."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: run `make system-packages`")
    with tempfile.TemporaryDirectory(prefix="rl-chromium-", ignore_cleanup_errors=True) as folder:
        options = ["--headless", "--remote-debugging-port=0", f"--user-data-dir={folder}", "--disable-gpu"]
        options += ["--disable-background-networking", "--no-first-run", f"--window-size={width},{height}"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
        nowhere = subprocess.DEVNULL
        process = subprocess.Popen([program, *options, "about:blank"], stdout=nowhere, stderr=nowhere)
        try:
            with connect(_page_address(Path(folder), process), max_size=_LONGEST_MESSAGE, proxy=None) as connection:
                yield Page(connection)
        finally:
            process.terminate()
            process.wait(timeout=_START_SECONDS)


def _page_address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    import httpx

    told = folder / "DevToolsActivePort"
    deadline = time.monotonic() + _START_SECONDS
    while not told.exists() or "\n" not in told.read_text():
        assert process.poll() is None and time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.1)
    port = told.read_text().split()[0]
    targets = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
    return str(next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"))
