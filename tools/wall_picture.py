"""Takes the README's picture of the shelf wall: `.venv/bin/esl demo` in one terminal, and in another

    .venv/bin/python -m tools.wall_picture http://127.0.0.1:8080/console docs/pictures/shelf-wall.png

In: the wall's address, a file. Out: a PNG of 256 colours, small enough for a repository.
Rule: it is the page as a person sees it, taken when every label is proved.
"""

import io
import sys
from pathlib import Path
from shutil import which

from PIL import Image
from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1400, 900
PATIENCE_MS = 60_000
WHOLE = '#sum[data-whole="true"]'
DRAWN = "() => Promise.allSettled([...document.images].map((one) => one.decode()))"


def main(address: str, file: Path) -> None:
    """Writes the file."""
    with sync_playwright() as playwright:
        path = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address, wait_until="domcontentloaded", timeout=PATIENCE_MS)
        page.wait_for_selector(WHOLE, timeout=PATIENCE_MS)
        page.evaluate(DRAWN)
        octets = page.screenshot(timeout=PATIENCE_MS)
        browser.close()
    picture = Image.open(io.BytesIO(octets)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file, optimize=True)
    print(f"{file}: {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
