"""Pins the golden vectors of a release, so that every later version must read them: run once, when a version is made.

    python -m tools.pin_vectors 0.2.0

Copies firmware_protocol/vectors/*.json to tests/firmware_protocol/released_vectors/VERSION and notes their SHA-256.
Rule: what was pinned is never written again.
"""

import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VECTORS = ROOT / "firmware_protocol" / "vectors"
RELEASED = ROOT / "tests" / "firmware_protocol" / "released_vectors"
SUMS = RELEASED / "sha256.json"


def main(version: str) -> None:
    sums = json.loads(SUMS.read_text(encoding="utf-8")) if SUMS.exists() else {}
    if version in sums:
        sys.exit(f"the vectors of {version} are pinned already")
    folder = RELEASED / version
    folder.mkdir(parents=True)
    sums[version] = {}
    for file in sorted(VECTORS.glob("*.json")):
        octets = file.read_bytes()
        (folder / file.name).write_bytes(octets)
        sums[version][file.name] = hashlib.sha256(octets).hexdigest()
    SUMS.write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
