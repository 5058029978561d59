"""Plans a specification as a Python program would: PyYAML's safe loader, deep merge, Jinja2, files.

usage: plan.py DEFAULTS SCENARIO TEMPLATES OUT CONFIG.yaml...
The finished configurations that we wrote are read too, so that both sides render the same values.
"""
import base64
import hashlib
import json
import sys
from pathlib import Path

import jinja2
import yaml


def merge(low, high):
    result = dict(low)
    for key, value in high.items():
        if value is None:
            continue
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def toyaml(value, indent=0, default_flow_style=False):
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, str):
        return value
    text = yaml.dump(value, default_flow_style=default_flow_style, allow_unicode=True, sort_keys=True).rstrip()
    pad = " " * indent
    return "\n".join(pad + line if line.strip() else line for line in text.split("\n"))


def indent(text, width=4, first=False):
    lines = str(text).split("\n")
    pad = " " * width
    return "\n".join(pad + line if line and (first or at) else line for at, line in enumerate(lines))


def label(model, namespace=""):
    if not model:
        return model
    name = model.replace("/", "-").replace(".", "-")
    digest = hashlib.sha256((f"{namespace}/{name}" if namespace else name).encode()).hexdigest()
    return f"{name[:8]}-{digest[:8]}-{name[-8:]}".lower()


def b64pad(value):
    if not isinstance(value, str) or not value:
        return value
    value = value.strip()
    return value + "=" * (-len(value) % 4)


def is_empty(value):
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def complain(message):
    raise ValueError(message)


def environment(folder):
    env = jinja2.Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True,
                             loader=jinja2.FileSystemLoader(folder))
    env.filters.update(
        toyaml=toyaml, indent=indent, model_id_label=label, b64pad=b64pad, is_empty=is_empty,
        tojson=lambda value: json.dumps(value, separators=(",", ":")),
        default_if_empty=lambda value, other="": other if is_empty(value) else value,
        b64encode=lambda value: base64.b64encode(str(value).encode()).decode())
    env.globals["raise"] = complain
    return env


def main(defaults, scenario, templates, out, configs):
    base = yaml.safe_load(Path(defaults).read_text())
    tree = yaml.safe_load(Path(scenario).read_text())
    for stack in tree["scenario"]:
        merge(merge(base, tree.get("shared") or {}), stack)
    macros = Path(templates, "_macros.j2")
    prelude = macros.read_text() + "\n" if macros.exists() else ""
    env = environment(templates)
    for number, path in enumerate(configs):
        config = yaml.safe_load(Path(path).read_text())
        folder = Path(out, str(number))
        folder.mkdir(parents=True)
        for template in sorted(Path(templates).glob("*.j2")):
            if template.name.startswith("_"):
                continue
            text = env.from_string(prelude + template.read_text()).render(**config).strip() + "\n"
            list(yaml.safe_load_all(text))
            name = template.name[:-3]
            (folder / (name if name.endswith(".yaml") else name + ".yaml")).write_text(text)
        (folder / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True))


if __name__ == "__main__":
    main(*sys.argv[1:5], sys.argv[5:])
