"""Renders templates over and over with Jinja2 and says how long it took.

templates.py CONFIG TIMES TEMPLATE...   CONFIG: JSON; prints one JSON line: per template the seconds of one rendering (compiled
before), of one compilation and rendering, and the bytes and SHA-256 of its output.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import jinja2

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "differential" / "jinja"))
from reference import PLAN_FILTERS  # noqa: E402


def environment():
    env = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    env.filters.update(PLAN_FILTERS)
    return env


def seconds(times, action):
    begun = time.perf_counter()
    for _ in range(times):
        text = action()
    return (time.perf_counter() - begun) / times, text


def measured(source, config, times):
    env = environment()
    template = env.from_string(source)
    template.render(config)
    warm, text = seconds(times, lambda: template.render(config))
    cold, _ = seconds(max(times // 20, 1), lambda: environment().from_string(source).render(config))
    data = text.encode()
    return {"warm_s": warm, "cold_s": cold, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    print(json.dumps([measured(Path(path).read_text(encoding="utf-8"), config, int(sys.argv[2])) for path in sys.argv[3:]]))


main()
