"""What Python's json module makes of mutated texts and generated values, as JSON on stdout."""

import json
import random
import sys

SEEDS = ['{"a": [1, -2.5e-3, true, false, null], "b": {"c": "x\\n\\u00e9\\ud83d\\ude00"}, "": "é日"}',
         '[0, 1e5, 1E+2, 12345678901234567890, -0.0, "\\"\\\\\\/"]', '"x"', "[[[]], {}]", " 12 ", "[NaN, -Infinity]"]
ALPHABET = '{}[]:,"\\ \n\t0123456789.eE+-truefalsnNIy\x01é\u2028'


def mutated(rnd):
    text = list(rnd.choice(SEEDS))
    for _ in range(rnd.randint(0, 3)):
        at = rnd.randint(0, len(text))
        if rnd.random() < 0.5 and text:
            del text[at:at + rnd.randint(1, 3)]
        else:
            text[at:at] = [rnd.choice(ALPHABET) for _ in range(rnd.randint(1, 3))]
    return "".join(text)


def loaded(text):
    """None if Python refuses the text. Two leniencies of Python are left out: half surrogates, big integers."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        return None
    return value


def has_big_integer(value):
    if isinstance(value, list):
        return any(map(has_big_integer, value))
    if isinstance(value, dict):
        return any(map(has_big_integer, value.values()))
    return isinstance(value, int) and not -2**63 <= value < 2**64


def main():
    rnd = random.Random(int(sys.argv[1]))
    cases = []
    while len(cases) < int(sys.argv[2]):
        text = mutated(rnd)
        value = loaded(text)
        if has_big_integer(value):
            continue
        ok = value is not None or text.strip(" \t\r\n") == "null"
        cases.append({"text": text, "ok": ok,
                      "compact": json.dumps(value, separators=(",", ":"), ensure_ascii=False) if ok else "",
                      "spaced": json.dumps(value, sort_keys=True) if ok else "",
                      "pretty": json.dumps(value, indent=2, ensure_ascii=False) if ok else ""})
    json.dump(cases, sys.stdout)


main()
