"""`make mutants`: plant each bug of tests/mutants and let the laboratory find it. Status 1 if one hides.

In: patches. Out: a story each, and a table: seeds needed, promise broken, processor seconds. Rule: the laboratory that
looks is the one that certifies the product; nothing in it knows of a patch.
"""

import argparse
import json
import sys

from simulator.world.lab.planted import ChildFailed, Found, look_for, mutant_names, read_mutant

LONGEST_S = 3 * 3600.0


def main() -> int:
    options = _options()
    found: list[Found] = []
    for name in options.only or mutant_names():
        mutant = read_mutant(name)
        print(f"looking for {name}", file=sys.stderr)
        try:
            one = look_for(
                mutant,
                options.scenario,
                options.seeds,
                jobs=options.jobs,
                shrink_runs=options.runs,
                within_s=LONGEST_S,
            )
        except ChildFailed as error:
            print(f"  {error}", file=sys.stderr)
            one = Found(name, mutant.title, 0, 0, "", 0.0)
        found.append(one)
        if not options.json:
            print("\n".join(["", f"{name}: {mutant.title}", *(f"  {line}" for line in one.story)]), flush=True)
    if options.json:
        print(json.dumps({"scenario": options.scenario, "mutants": [one.to_json() for one in found]}))
    else:
        print("\n".join(["", *_table(found)]))
    return 0 if all(one.seeds for one in found) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", choices=mutant_names(), help="this one; repeat it")
    parser.add_argument("--scenario", default="worst-week", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="at the most (200)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    parser.add_argument("--runs", type=int, default=60, metavar="N", help="tries at shrinking (60); 0: no story")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def _table(found: list[Found]) -> list[str]:
    rows = [("mutant", "seeds", "promise broken", "CPU s")]
    rows += [(one.name, str(one.seeds or "none"), one.promise, f"{one.cpu_s:.0f}") for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


if __name__ == "__main__":
    sys.exit(main())
