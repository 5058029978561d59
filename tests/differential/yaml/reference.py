"""What PyYAML makes of texts and values, as JSON on stdout. Exit code 77: PyYAML is missing.

reference.py generate SEED COUNT   generated documents to read, and a third as many values to write
reference.py read FILE             the documents in FILE, a JSON list of texts
"""

import json
import random
import sys

try:
    import yaml
except ImportError:
    sys.exit(77)


class Loader(yaml.SafeLoader):
    """The safe loader, with dates and binary data kept as text."""


for kind in ("timestamp", "binary"):
    Loader.add_constructor("tag:yaml.org,2002:" + kind, lambda loader, node: loader.construct_yaml_str(node))


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


class IndentingDumper(Dumper):
    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


class BlockDumper(Dumper):
    pass


BlockDumper.add_representer(str, lambda dumper, text: dumper.represent_scalar(
    "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None))

SCALAR_CHARS = "0011223456789__..::+-eExXbaf~ynYNoO<=TZ tfinINF"
TOKENS = ["a", "b: ", "c:", "- ", "-", "? ", "?", ": ", ":", "\n", "\n", "\n", "\n  ", "\n ", "\n    ", "[", "]",
          "{", "}", ", ", ",", "&x ", "*x", "!!str ", "!t ", "'q'", '"d"', "|\n", "> ", "# c", "---", "\n---\n",
          "1", "~", "<<: ", "<<", "é", "\t", "\r\n", "'", '"', "|", "''", "\\", "@", "*x : ", "=", "\n- ",
          "\n  - ", "\nk: "]
WORDS = ["a", "bc", "x: y", "# c", "- d", "'q'", '"r"', "1", "{", "}", "é", "  s", "\tt", "e  ", "f #g", "h:", "", ""]
PIECES = ["a", "b c", "  ", " ", "\n", "\n\n", "x" * 30, "word ", "é", "日本", "😀", "\t", "'", '"', "\\", ":", ": ",
          "#", " #", "-", "- ", "? ", "[", "{", "}", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "1", "0x1",
          ".5", "yes", "null", "~", "=", "<<", "---", "...", "\r", "\x01", "\ufeff", "\x7f", "2024-01-01", "$"]
LOOK_ALIKES = ["", "yes", "no", "on", "1", "1.0", "1e3", "0x10", "010", "1:30", "~", "null", "2024-01-01", "=", "<<",
               "-", "--- a", "... b", "true"]
STYLES = [{}, {"sort_keys": True}, {"width": 40}, {"flow": True}, {"literal_blocks": True}, {"indent_lists": True},
          {"indent": 4}, {"width": 0}]
NUMBERS = [0.0, -0.0, 1.5, 1e300, 1e16, 1e15, 1e-5, 1e-4, 123456.789, 2.5e-7, 1e22, 2**63 + 5, -7, True, False, None]


def scalar_text(rnd):
    return rnd.choice(["k: ", "- ", ""]) + "".join(rnd.choice(SCALAR_CHARS) for _ in range(rnd.randint(1, 9)))


def token_text(rnd):
    return "".join(rnd.choice(TOKENS) for _ in range(rnd.randint(1, 14)))


def multiline_text(rnd):
    start, indent = rnd.choice([("k: ", 2), ("- ", 2), ("", 2), ("a:\n  k: ", 4), ("a:\n- k: ", 4), ("- - ", 4)])
    lines = "\n".join(" " * (indent + rnd.choice([0, 0, 0, 1, 2])) + rnd.choice(WORDS)
                      for _ in range(rnd.randint(0, 5)))
    tail = rnd.choice(["", "\n", "\n\n", "\n# end\n", "\nz: 1\n", "\n- z\n", "\n...\n", "\n---\nq\n"])
    form = rnd.randint(0, 3)
    if form == 0:
        return start + rnd.choice("|>") + rnd.choice(["", "", "-", "+", "2", "1-", "+1"]) + "\n" + lines + tail
    if form == 1:
        return start + "'" + lines.strip().replace("'", "''") + rnd.choice(["", "\n", "\n\n  "]) + "'" + tail
    if form == 2:
        return start + '"' + lines.strip().replace('"', '\\"') + rnd.choice(["", "\\", "\n\n  "]) + '"' + tail
    return start + lines.strip() + tail


NAMES = ["model", "name", "replicas", "enabled", "image", "args", "env", "port", "ports", "resources", "cpu", "memory", "on",
         "labels", "nested", "value", "2", '"quoted key"', "'k'", "a b", "x-y", "null", "yes", "1.5"]
SCALARS = ["true", "False", "yes", "off", "1", "8080", "0x1F", "012", "1_000", "0.95", "1.0", ".5", "1e3", "1.0e+3", "1:30", "~", "",
           "null", "16Gi", "100m", "v1.2.3", "registry.example/a/b:tag", "2024-05-01", "plain words here", "'single ''q'''",
           '"double \\n \\"q\\""', "é日本", "a#b", "a # note", "a:b", "http://h:80/p", "-1", "!!str 12", "'yes'", "a\tb",
           "[1, two, 3.0]", "{a: 1, b: [x]}", "[]", "{}", "'{{ x }}'", "$x", "x, y"]
ODD_SCALARS = ["- 1", "*alias", "=", "@x", "%x", "?", "a: b", "[", "{a", "'", "&x", "|", "!t x", ": c", "\t", "<<"]


def block_text(rnd, pad):
    lines = [" " * (pad + rnd.choice([0, 0, 2])) + rnd.choice(WORDS) for _ in range(rnd.randint(1, 4))]
    return rnd.choice("|>") + rnd.choice(["", "-", "+"]) + "\n" + " " * pad + "x\n" + "\n".join(lines)


def scalar_node(rnd, pad, anchors):
    roll = rnd.random()
    if roll < 0.08:
        return block_text(rnd, pad)
    if roll < 0.12 and anchors:
        return "*" + rnd.choice(anchors)
    return rnd.choice(ODD_SCALARS if rnd.random() < 0.02 else SCALARS) + (rnd.choice(["  # note", " #x"]) if rnd.random() < 0.1 else "")


def maps_of(anchors):
    return [name for name in anchors if name.startswith("m")]


def node_text(rnd, pad, depth, anchors):
    """The lines of a map or list at a column, as users write them."""
    lines, is_list = [], rnd.random() < 0.35
    for _ in range(rnd.randint(1, 5)):
        head = " " * pad + ("-" if is_list else rnd.choice(NAMES) + ":")
        if rnd.random() < 0.07:
            lines.append(rnd.choice(["", "# comment", " " * pad + "# note", " "]))
        if not is_list and maps_of(anchors) and rnd.random() < 0.1:
            lines.append(" " * pad + "<<: *" + rnd.choice(maps_of(anchors)))
            continue
        nested = depth < 4 and rnd.random() < 0.4
        name = ("m%d" if nested else "a%d") % len(anchors)
        anchor = " &" + name if rnd.random() < 0.1 else ""
        if nested:
            deeper = pad + rnd.choice([2, 2, 2, 4, 2 if is_list else 0])
            lines.append(head + anchor + "\n" + node_text(rnd, deeper, depth + 1, anchors))
        else:
            lines.append(head + anchor + " " + scalar_node(rnd, pad + 2, anchors))
        if anchor:
            anchors.append(name)
    return "\n".join(lines)


def structured_text(rnd):
    start = rnd.choice(["", "", "", "---\n", "# head\n", "%YAML 1.1\n---\n"])
    documents = [node_text(rnd, 0, 0, []) for _ in range(rnd.choice([1, 1, 1, 2, 3]))]
    return start + "\n---\n".join(documents) + rnd.choice(["\n", "", "\n...\n", "\n\n"])


def loaded(text):
    """The documents as the JSON text that our side would write, or None if PyYAML refuses them."""
    try:
        documents = list(yaml.load_all(text, Loader))
        return json.dumps(json.loads(json.dumps(documents)), ensure_ascii=False)
    except Exception:
        return None


def random_string(rnd):
    if rnd.random() < 0.2:
        return rnd.choice(LOOK_ALIKES)
    return "".join(rnd.choice(PIECES) for _ in range(rnd.choice([1, 2, 3, 4, 8, 20, 40])))


def random_value(rnd, depth=0):
    roll = rnd.random()
    if depth < 4 and roll < 0.3:
        return [random_value(rnd, depth + 1) for _ in range(rnd.randint(0, 3))]
    if depth < 4 and roll < 0.65:
        return {random_string(rnd): random_value(rnd, depth + 1) for _ in range(rnd.randint(0, 4))}
    return random_string(rnd) if roll < 0.9 else rnd.choice(NUMBERS + [rnd.random() * 10 ** rnd.randint(-9, 20)])


def dumped(value, style):
    dumper = BlockDumper if style.get("literal_blocks") else IndentingDumper if style.get("indent_lists") else Dumper
    return yaml.dump(value, Dumper=dumper, allow_unicode=True, default_flow_style=style.get("flow", False),
                     sort_keys=style.get("sort_keys", False), width=style.get("width", 80) or float("inf"),
                     indent=style.get("indent", 2))


def generated(rnd, count):
    kinds = [scalar_text, token_text, multiline_text, structured_text, structured_text]
    texts = [rnd.choice(kinds)(rnd) for _ in range(count)]
    dumps = []
    for _ in range(count // 3):
        value, style = random_value(rnd), rnd.choice(STYLES)
        dumps.append({"value": value, "style": style, "text": dumped(value, style)})
    return {"loads": [{"text": text, "json": loaded(text)} for text in texts], "dumps": dumps}


def main():
    if sys.argv[1] == "generate":
        answer = generated(random.Random(sys.argv[2]), int(sys.argv[3]))
    else:
        with open(sys.argv[2], encoding="utf-8") as file:
            answer = [loaded(text) for text in json.load(file)]
    json.dump(answer, sys.stdout)


main()
