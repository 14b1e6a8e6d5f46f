"""Write the report of a pool of the paper's size, open it in Chromium and move its sliders.

128 problems x 256 solutions x 32 verdicts. Prints how long the first report takes, how long the
next one from the stored success table, its size, and how soon the page answers: text shown, panel
ready, and the figure drawn after a slider moved (median and largest of 40 moves for each slider).
Exits with 1 beyond 15 s, 10 MB or, as a median, 100 ms. Needs playwright and Chromium.
`python benchmarks/report.py [--problems 128] [--browser chromium]`.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright
from synthetic import Shape, write_pool

TIME_LIMIT, SIZE_LIMIT, RESPONSE_LIMIT = 15.0, 10e6, 100.0
MOVE = """async ([name, position]) => {
  const slider = document.getElementById(`live-${name}`);
  slider.value = position;
  const start = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  await live.drawn;
  return performance.now() - start;
}"""


def seconds_to_write(pool: Path, out: Path) -> float:
    """Wall time of the command, start of Python included."""
    start = time.perf_counter()
    command = ["svlaw", "report", str(pool), "--lambda", "2", "-o", str(out)]
    subprocess.run([str(Path(sys.executable).with_name(command[0])), *command[1:]], check=True)
    return time.perf_counter() - start


def milliseconds(page: Page, event: str) -> float:
    """Time from the start of loading to an event of the page's own clock."""
    entry: dict[str, Any] = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    return float(entry[event])


def responses(page: Page, name: str) -> list[float]:
    """Milliseconds from the movement of a slider to the figure that shows it."""
    page.evaluate(MOVE, [name, 500])
    return [page.evaluate(MOVE, [name, position]) for position in range(200, 800, 15)]


def main() -> int:
    """Print the figures; 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=128)
    parser.add_argument("--browser", default="chromium", help="name or path of the browser")
    arguments = parser.parse_args()
    browser = shutil.which(arguments.browser)
    if browser is None:
        parser.error(f"--browser {arguments.browser}: not found")
    with tempfile.TemporaryDirectory() as folder:
        pool, out = Path(folder, "pool"), Path(folder, "report.html")
        write_pool(pool, Shape(arguments.problems, 256, 32))
        first, again = seconds_to_write(pool, out), seconds_to_write(pool, out)
        size = out.stat().st_size
        print(f"{arguments.problems} problems x 256 solutions x 32 verdicts, lambda 2")
        print(f"first report {first:.1f} s; from the stored success table {again:.1f} s")
        print(f"size {size / 1e6:.2f} MB")
        with sync_playwright() as driver:
            started = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            page = started.new_page(viewport={"width": 1280, "height": 900})
            page.goto(out.as_uri())
            page.evaluate("live.drawn")
            shown, loaded = (milliseconds(page, e) for e in ("domInteractive", "loadEventEnd"))
            print(f"page read after {shown:.0f} ms, panel and all scripts after {loaded:.0f} ms")
            slowest = 0.0
            for name in ("ratio", "budget"):
                times = responses(page, name)
                slowest = max(slowest, median(times))
                print(f"slider {name}: median {median(times):.0f} ms, largest {max(times):.0f} ms")
            started.close()
    return int(again > TIME_LIMIT or size > SIZE_LIMIT or slowest > RESPONSE_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
