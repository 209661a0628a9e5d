"""A page looked at in a real headless browser: what is on it at a width, and everything that its console complains of."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

import pytest

# Around the page, which itself has no script: a frame, since a window of chromium's is never narrower than 500 pixels.
FRAME = """<!doctype html><meta name="color-scheme" content="light dark">
<iframe style="border: 0; height: 800px; width: {width}px" srcdoc="{page}"></iframe>
<script>
document.querySelector("iframe").onload = ({{target}}) => {{
  const page = target.contentDocument, view = target.contentWindow;
  const shown = [...page.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().height > 50);
  const seen = {{
    width: view.innerWidth, wide: page.documentElement.scrollWidth,
    blocks: shown.map((svg) => svg.querySelectorAll(".block").length),
    text: view.getComputedStyle(page.body).color, page: view.getComputedStyle(page.body).backgroundColor,
  }};
  document.documentElement.setAttribute("data-seen", JSON.stringify(seen));
}};
</script>
"""


@dataclass(frozen=True)
class Seen:
    """`wide` is how far the page reaches, in pixels of a view `width` wide; `blocks` are those of each picture shown."""

    width: int
    wide: int
    blocks: list[int]
    text: str
    page: str


def look(page: Path, scratch: Path, width: int, dark: bool = False) -> tuple[Seen, list[str]]:
    """What a browser shows of a page, and the lines of its console. Without chromium the test fails."""
    browser = shutil.which("chromium")
    if not browser:
        pytest.fail("chromium is not on this machine: on Debian, apt-get install chromium", pytrace=False)
    frame = scratch / f"frame-{width}-{dark}.html"
    frame.write_text(FRAME.format(width=width, page=escape(page.read_text(encoding="utf-8"))), encoding="utf-8")
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr"]
    words += [f"--user-data-dir={scratch / 'browser'}", "--window-size=1280,900", "--dump-dom"]
    words += ["--blink-settings=preferredColorScheme=0"] if dark else []
    ran = subprocess.run([browser, *words, frame.as_uri()], capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r'data-seen="([^"]*)"', ran.stdout)
    assert found, f"chromium: exit {ran.returncode}\n{ran.stderr[-3000:]}"
    console = [line for line in ran.stderr.splitlines() if ":CONSOLE" in line]
    return Seen(**json.loads(unescape(found[1]))), console
