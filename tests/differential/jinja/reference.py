"""What real Jinja2 makes of a case: `{"text": ...}` or `{"class": ..., "line": ..., "file": ...}`."""

import base64
import hashlib
import json
import re
import signal
import sys
import traceback

import jinja2
import jinja2.compiler
import jinja2.filters
import markupsafe
import yaml

UNDEFINED = {"default": jinja2.Undefined, "strict": jinja2.StrictUndefined, "chainable": jinja2.ChainableUndefined}
MAIN = "main"


def keeps_markup(name):
    return lambda self, *args: type(self)(getattr(str, name)(self, *args))


# Before version 3 of MarkupSafe these methods of safe text gave plain text; we follow the newer ones.
for method in ("casefold", "removeprefix", "removesuffix"):
    if method not in vars(markupsafe.Markup):
        setattr(markupsafe.Markup, method, keeps_markup(method))


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


# --- the filters that only the plan phase has -----------------------------------------------------------


def is_empty(value):
    return value is None or isinstance(value, jinja2.Undefined) or isinstance(value, str) and not value.strip() or isinstance(value, (dict, list, tuple)) and not value


def pad(text, width, first):
    lines = [" " * width + line if line else line for line in text.split("\n")]
    return "\n".join(lines if first else [text.split("\n")[0]] + lines[1:])


def plan_indent(value, width=4, first=False):
    return pad(str(value), width, first) if value else value


def toyaml(value, indent=0, default_flow_style=False):
    if isinstance(value, jinja2.Undefined):
        value._fail_with_undefined_error()
    if value is None or isinstance(value, (dict, list, tuple)) and not value:
        return ""
    if isinstance(value, str):
        return value
    text = yaml.dump(value, Dumper=Dumper, default_flow_style=default_flow_style, allow_unicode=True, sort_keys=True).rstrip()
    return "\n".join(" " * indent + line if line.strip() else line for line in text.split("\n")) if indent else text


def b64pad(value):
    if not isinstance(value, str) or not value or value.startswith("{{secret:"):
        return value
    return value.strip() + "=" * (-len(value.strip()) % 4)


def model_id_label(value, namespace=""):
    if not value:
        return value
    name = value.replace("/", "-").replace(".", "-")
    digest = hashlib.sha256((namespace + "/" + name if namespace else name).encode()).hexdigest()
    return (name[:8] + "-" + digest[:8] + "-" + name[-8:]).lower()


PLAN_FILTERS = {
    "indent": plan_indent, "toyaml": toyaml, "b64pad": b64pad, "model_id_label": model_id_label, "is_empty": is_empty,
    "tojson": lambda value: json.dumps(value, separators=(",", ":")),
    "default_if_empty": lambda value, other: other if is_empty(value) else value,
    "b64encode": lambda value: base64.b64encode(str(value).encode()).decode(),
}

# --- what 3.1.4 refuses and Debian 12 and Ubuntu 24.04, with 3.1.2, do not --------------------------------


@jinja2.pass_eval_context
def checked_xmlattr(eval_ctx, attributes, autospace=True):
    for key, value in attributes.items():
        if value is not None and not isinstance(value, jinja2.Undefined) and re.search(r"[\s/>=]", key):
            raise ValueError("Invalid character in attribute name: %r" % key)
    return jinja2.filters.do_xmlattr(eval_ctx, attributes, autospace)


# --- running --------------------------------------------------------------------------------------------


class Generator(jinja2.compiler.CodeGenerator):
    """Records the lines of `with`, `set` and `extends`, which Jinja2 forgets: it blames an error there on what is
    before."""

    def visit_With(self, node, frame):
        self.newline(node)
        super().visit_With(node, frame)

    def visit_Assign(self, node, frame):
        self.newline(node)
        super().visit_Assign(node, frame)

    def visit_Extends(self, node, frame):
        self.newline(node)
        super().visit_Extends(node, frame)


class UnfoldedGenerator(Generator):
    """Leaves all constant expressions to be computed when the template runs."""

    def _output_child_to_const(self, node, frame, finalize):
        if not isinstance(node, jinja2.nodes.TemplateData):
            raise jinja2.nodes.Impossible()
        return super()._output_child_to_const(node, frame, finalize)


def environment(case, optimized=True):
    opts, sources = case["opts"], {**case["files"], MAIN: case["source"]}
    env = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (sources[name], name, None) if name in sources else None),
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], trim_blocks=opts.get("trim_blocks", False),
        lstrip_blocks=opts.get("lstrip_blocks", False), keep_trailing_newline=opts.get("keep_trailing_newline", False),
        undefined=UNDEFINED[opts.get("undefined", "default")], optimized=optimized)
    env.filters["xmlattr"] = checked_xmlattr
    env.code_generator_class = Generator if optimized else UnfoldedGenerator
    if opts.get("plan"):
        env.filters.update(PLAN_FILTERS)
    return env, sources


def failure(error, sources):
    found = {"class": type(error).__name__, "message": str(error)[:200]}
    if found["message"] == "unhashable type: 'slice'":
        found["class"] = "KeyError"  # so since Python 3.12
    if isinstance(error, jinja2.TemplateSyntaxError):
        found.update(line=error.lineno, file=error.name)
        return found
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in sources:
            found.update(line=frame.lineno, file=frame.filename)
    return found


class TooSlow(BaseException):
    """Jinja2 took too long; no `except` of a template's code stops it."""


def too_slow(*_):
    raise TooSlow


def run(case, optimized):
    env, sources = environment(case, optimized)
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        return {"text": env.get_template(MAIN).render(json.loads(json.dumps(case["context"])))}
    except TooSlow:
        return {"class": "TooSlow"}
    except Exception as error:
        return failure(error, sources)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def expected(case):
    """`unfolded` is what comes out without Jinja2's folding of constants, where that makes a difference."""
    outcome, unfolded = run(case, True), run(case, False)
    if outcome != unfolded:
        outcome["unfolded"] = unfolded
    return outcome


def comparable(outcome):
    """False for what no other program can print: addresses, numbers beyond 64 bits."""
    if outcome.get("class") in ("RecursionError", "MemoryError", "OverflowError", "NameError", "TooSlow"):
        return False
    if sys.version_info < (3, 12) and outcome.get("message", "").endswith("cannot be interpreted as an integer"):
        return False  # may come from `reverse=`, which takes anything since Python 3.12
    text = outcome.get("text", "")
    return len(text) < 200000 and not re.search(r" at 0x[0-9a-f]+|\d{19}|<(class|built-in|bound|function)", text)


# --- as a program: one JSON request a line, one JSON answer a line --------------------------------------


def generate(seed, number):
    import random

    from grammar import Grammar

    rnd = random.Random("%s/%d" % (seed, number))
    while True:
        case = Grammar(rnd).case()
        outcome = expected(case)
        if comparable(outcome):
            return {"case": case, "expect": outcome}


def answers(request):
    if "generate" in request:
        for number in range(request["count"]):
            yield generate(request["seed"], request["generate"] + number)
    else:
        outcome = expected(request["case"])
        yield {"expect": outcome, "comparable": comparable(outcome)}


def main():
    signal.signal(signal.SIGALRM, too_slow)
    print(json.dumps({"jinja2": jinja2.__version__, "python": sys.version.split()[0]}), flush=True)
    for line in sys.stdin:
        for answer in answers(json.loads(line)):
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
