"""Renders a template over and over with Jinja2, as the plan phase does, and says how long one rendering takes.

usage: templates.py CONFIG.json FOLDER TIMES NAME
"""
import hashlib
import json
import sys
import time
from pathlib import Path

import jinja2

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "differential" / "jinja"))
from reference import PLAN_FILTERS  # noqa: E402


def main():
    config, folder, times, name = json.loads(Path(sys.argv[1]).read_text()), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    env = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, loader=jinja2.FileSystemLoader(folder))
    env.filters.update(PLAN_FILTERS)
    template = env.get_template(name)
    text = template.render(config)
    begun = time.perf_counter()
    for _ in range(times):
        template.render(config)
    seconds = (time.perf_counter() - begun) / times
    data = text.encode()
    print(json.dumps({"s": seconds, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}))


main()
