"""Random templates with contexts: all statements, whitespace control, files that include one another."""

from expressions import Expressions

WORDS = ["text", " ", "\n", "\n\n", "  ", "a: ", "- x\n", "  key: v\n", "\t", "<p>", "é", "{ ", "} ", "% ", "# ", "{ { ", "\n    ",
         "word word\n", "\"q\"", "'", "\\n", " \n", "end\n", "}} ", "%} ", "#} ", "$", "\r\n", "-"]
BASE_SCOPE = {"s1": "str", "s2": "str", "html": "str", "i1": "int", "i2": "int", "f1": "float", "b1": "bool", "b2": "bool",
              "n": "none", "ls": "list", "li": "list", "lm": "list", "d": "dict", "cfg": "dict", "users": "list",
              "cfg.name": "str", "cfg.list": "list", "cfg['sub'].x": "int", "users[0].name": "str", "d.k": "any",
              "cfg.sub": "dict"}
BROKEN = ["{% if %}", "{% for x %}{% endfor %}", "{{ }}", "{{ a b }}", "{% endif %}", "{% unknown %}", "{{ 1 + }}", "{{ 'x }}",
          "{% set %}", "{{ (1 }}", "{{ x|nofilter }}", "{{ x is notest }}", "{% if b1 %}", "{% block %}", "{{ [1, }}", "{% raw %}",
          "{# open", "{{ open", "{% macro %}{% endmacro %}", "{{ ) }}", "{{ missing.a }}", "{{ missing[0] }}", "{{ missing() }}",
          "{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{{ none + 1 }}", "{{ 'a' < 1 }}", "{{ [1].nope.x }}", "{{ s1.nope.x }}", "{{ 5 % 0 }}",
          "{% include 'nope' %}", "{% for x in 5 %}{% endfor %}", "{{ 'abc'.index('z') }}", "{{ lm|sort }}", "{{ d|first|first|x }}",
          "{% extends 'nope' %}", "{% import 'nope' as m %}", "{{ cfg.name.x.y }}", "{{ [1]|join(1, 2, 3, 4) }}", "{{ 1() }}",
          "{{ '%d' % 'x' }}", "{{ 'x'|center('y') }}", "{{ loop.index }}", "{{ {[]: 1} }}", "{{ range(1, 2, 0) }}", "{{ 1 is 2 }}",
          "{% from 'lib' import nope %}{{ nope() }}", "{{ super() }}", "{{ self.nope() }}", "{{ caller() }}", "{{ 1.x }}",
          "{{ a.1b }}", "{% for x in ls %}{% else %}{% else %}{% endfor %}", "{{ 'a' if }}", "{{ @ }}", "{% break %}", "{{ $x }}",
          "{% set 1 = 2 %}", "{% call 5 %}{% endcall %}", "{{ [1,2]|batch(0)|list }}", "{{ 10 ** 'x' }}", "{{ -'x' }}", "{{ x|default(a=1) }}",
          "{% block b1 %}{% endblock %}{% block b1 %}{% endblock %}", "{{ ls['x'].y }}", "{{ 'x'|round }}", "{{ [] | max | upper }}",
          "{{ s1(1) }}", "{{ cfg|dictsort(by='nope') }}", "{{ 5|map|list }}", "{{ ls|map(attribute='a', nope=1)|list }}", "{% endfor %}",
          "{% elif x %}", "{% with %}", "{% filter %}x{% endfilter %}", "{{ namespace(1) }}", "{% set ns.x = 1 %}", "{{ 'x' % (1, 2) }}",
          "{{ not }}", "{{ 1 if 2 else }}", "{{ a..b }}", "{{ a|.b }}", "{{ lipsum(n=0, 5, x=1, 2) }}", "{{ f(**a, *b) }}", "{{ 08 }}"]


class Grammar(Expressions):
    def __init__(self, rnd):
        super().__init__(rnd)
        self.depth = 0
        self.count = 0
        self.in_loop = False
        self.buffered = False

    # --- tags -----------------------------------------------------------------------------------------

    def tag(self, code):
        left = self.pick("", "", "", "", "", "-", "+") if self.control else ""
        right = self.pick("", "", "", "", "", "-", "+") if self.control else ""
        gap = "\n  " if self.chance(1.5) else " "
        return "{%%%s%s%s %s%%}" % (left, gap, code, right)

    def output(self, code):
        left, right = (self.pick("", "", "", "", "", "-"), self.pick("", "", "", "", "-")) if self.control else ("", "")
        return "{{%s %s %s}}" % (left, code, right)

    def name(self, prefix="v"):
        self.count += 1
        return "%s%d" % (prefix, self.count)

    def inside(self, names, body, **flags):
        """`body()` with more names in scope."""
        scope, macros, loop = dict(self.scope), dict(self.macros), self.in_loop
        self.scope.update(names)
        self.in_loop = flags.get("loop", self.in_loop)
        text = body()
        self.scope, self.macros, self.in_loop = scope, macros, loop
        return text

    def collected(self, most):
        """A body whose text goes into a value. Jinja2 puts an `include ... without context` there in the wrong place."""
        before, self.buffered = self.buffered, True
        text = self.body(most)
        self.buffered = before
        return text

    def body(self, most=4):
        self.depth += 1
        pieces = [self.piece() for _ in range(self.rnd.randint(0, most))]
        self.depth -= 1
        return "".join(pieces)

    def piece(self):
        roll = self.rnd.randrange(100)
        if roll < 30:
            return "".join(self.rnd.choice(WORDS) for _ in range(self.rnd.randint(1, 4)))
        if roll < 62 or self.depth > 3:
            return self.output(self.expression("any", 3))
        return self.rnd.choice(self.STATEMENTS)(self)

    # --- statements -----------------------------------------------------------------------------------

    def if_(self):
        text = self.tag("if " + self.condition()) + self.body()
        while self.chance(20):
            text += self.tag("elif " + self.condition()) + self.body(2)
        if self.chance(40):
            text += self.tag("else") + self.body(2)
        return text + self.tag("endif")

    def loop_use(self):
        return self.output(self.pick("loop.index", "loop.index0", "loop.first", "loop.last", "loop.length", "loop.revindex",
                                     "loop.revindex0", "loop.cycle('a', 'b')", "loop.previtem", "loop.nextitem", "loop.depth",
                                     "loop.depth0", "loop.changed(s1)", "loop.previtem is defined", "loop.index is even"))

    def for_(self):
        kind = self.rnd.randrange(5)
        if kind == 0:
            head, names = "%s, %s in %s.items()", {self.name(): "str", self.name(): "any"}
            head %= (*names, self.atom("dict", 1))
        elif kind == 1:
            head, names = "%s in %s", {self.name(): "dict"}
            head %= (*names, "users" if self.chance(70) else self.expression("list", 1))
        elif kind == 2:
            head, names = "%s in range(%s)", {self.name(): "int"}
            head %= (*names, self.pick("3", "i1", "0", "2", "1, 4"))
        else:
            head, names = "%s in %s", {self.name(): "any"}
            head %= (*names, self.expression("list", 2))
        if self.chance(15):
            head += self.inside(names, lambda: " if " + self.condition(1))
        flow = lambda: self.tag("if " + self.condition(1)) + self.tag(self.pick("break", "continue")) + self.tag("endif")
        text = self.tag("for " + head)
        text += self.inside(names, lambda: self.body(3) + (self.loop_use() if self.chance(50) else "")
                            + (flow() if self.chance(8) else "") + self.body(2), loop=True)
        if self.chance(20):
            text += self.tag("else") + self.body(2)
        return text + self.tag("endfor")

    def recursive_for(self):
        item = self.name()
        return (self.tag("for %s in [{'n': 1, 'c': [{'n': 2, 'c': []}, {'n': 3}]}, {'n': 4}] recursive" % item)
                + self.output(item + ".n") + self.loop_use() + self.tag("if %s.c" % item) + self.output("loop(%s.c)" % item)
                + self.tag("endif") + self.collected(1) + self.tag("endfor"))

    def set_(self):
        name, kind = self.name(), self.pick("str", "int", "list", "dict", "any", "float")
        if self.chance(15):
            other = self.name()
            text = self.tag("set %s, %s = %s, %s" % (name, other, self.atom("any", 1), self.atom("int", 1)))
            self.scope.update({name: "any", other: "int"})
            return text
        text = self.tag("set %s = %s" % (name, self.expression(kind, 2)))
        if self.chance(15):
            name = self.rnd.choice(["s1", "i1", "li", "b1"])
            return self.tag("set %s = %s" % (name, self.expression(BASE_SCOPE[name], 2))) + self.output(name)
        self.scope[name] = kind
        return text

    def set_block(self):
        name = self.name()
        text = self.tag("set %s%s" % (name, self.pick("", "", "|upper", "|trim|replace('a', 'b')"))) + self.collected(3) + self.tag("endset")
        self.scope[name] = "str"
        return text

    def namespace(self):
        name = self.name("ns")
        text = self.tag("set %s = namespace(x=%s, y='q')" % (name, self.literal_int()))
        text += self.tag("for e in %s" % self.expression("list", 1)) + self.tag("set %s.x = %s" % (
            name, self.pick("loop.index", "%s.x ~ e" % name, "e", "%s.x + 1" % name))) + self.tag("endfor")
        self.scope[name + ".x"] = "any"
        return text + self.output(name + ".x")

    def macro(self):
        name, count = self.name("m"), self.rnd.randint(0, 3)
        names = {self.name("p"): "any" for _ in range(count)}
        optional = self.rnd.randint(0, count)
        parameters = [p if i < optional else "%s=%s" % (p, self.expression("any", 1)) for i, p in enumerate(names)]
        extra = self.pick("", "", "", "{{ varargs }}", "{{ kwargs }}", "{{ caller is defined }}", "{{ varargs|length }}{{ kwargs }}")
        outer = self.macros
        self.macros = {} if self.chance(50) else outer
        text = self.tag("macro %s(%s)" % (name, ", ".join(parameters)))
        text += self.inside(names, lambda: extra + self.collected(3), loop=False) + self.tag("endmacro")
        self.macros = outer
        self.macros[name] = count
        return text + (self.output(self.macro_call(2)) if self.chance(70) else "")

    def call(self):
        name = self.name("c")
        if self.chance(40):
            argument = self.name("p")
            text = self.tag("macro %s(a=1)" % name) + "[{{ caller(%s) }}{{ a }}]" % self.expression("any", 1) + self.tag("endmacro")
            return text + self.tag("call(%s) %s(%s)" % (argument, name, self.expression("any", 1))) + self.inside(
                {argument: "any"}, lambda: self.collected(3)) + self.tag("endcall")
        text = self.tag("macro %s(a=1)" % name) + "[{{ caller() }}{{ a }}]" + self.tag("endmacro")
        return text + self.tag("call %s(%s)" % (name, self.pick("", "2", "a=s1"))) + self.collected(3) + self.tag("endcall")

    def filter_block(self):
        return self.tag("filter " + self.pick("upper", "indent(2)", "trim", "replace('a', 'b')|lower", "escape", "title", "wordwrap(10)",
                                              "indent(width=3, first=true)", "reverse", "urlize")) + self.collected(3) + self.tag("endfilter")

    def with_(self):
        names = {self.name(): self.pick("str", "int", "list") for _ in range(self.rnd.randint(0, 2))}
        head = ", ".join("%s = %s" % (n, self.expression(k, 2)) for n, k in names.items())
        return self.tag("with " + head) + self.inside(names, lambda: self.body(3)) + self.tag("endwith")

    def raw(self):
        return self.tag("raw") + self.pick("{{ x }}", "{% if %}", " {# c #} ", "\n{{\n", "{%- x -%}", "plain") + self.tag("endraw")

    def comment(self):
        return self.pick("{# note #}", "{#- a -#}", "{#\n several\n lines #}", "{# {{ x }} #}", "{#+ x +#}", "{#-\n#}\n", "  {# own line #}\n")

    def do(self):
        name = self.name()
        change = self.pick("append(%s)", "extend([%s])", "insert(0, %s)", "append(%s) or x", "remove(%s)")
        text = self.tag("set %s = %s|list" % (name, self.atom("list", 1))) + self.tag(
            "do %s.%s" % (name, change % self.expression("any", 1)))
        self.scope[name] = "list"
        return text + self.output(name)

    def dict_change(self):
        name = self.name()
        text = self.tag("set %s = dict(a=1, b=[2])" % name) + self.tag(self.pick("set _ = %s.update({'c': %s})", "do %s.update(z=%s)",
                        "set _ = %s.setdefault('a', %s)", "set _ = %s.pop('b', %s)", "do %s.__setitem__('b', %s)") % (name, self.expression("any", 1)))
        self.scope[name] = "dict"
        return text + self.output(name)

    def include(self):
        what = self.pick("'part'", "'part'", "'part' with context", "'part' without context", "'nope' ignore missing", "['nope', 'part']",
                         "'sub/other'", "'nope' ignore missing with context", "['nope'] ignore missing", "part_name")
        if self.buffered:
            what = what.replace(" without context", "")
        return self.tag("include " + what)

    def import_(self):
        form = self.rnd.randrange(4)
        if form == 0:
            name = self.name("lib")
            return self.tag("import 'lib' as %s%s" % (name, self.pick("", " with context", " without context"))) + self.output(
                self.pick("%s.hello(%s)", "%s.value ~ %s", "%s.nope is defined ~ %s", "%s.twice(%s)", "%s._hidden ~ %s") % (name, self.atom("any", 1)))
        if form == 1:
            return self.tag("from 'lib' import hello, value%s" % self.pick("", " with context")) + self.output("hello(%s) ~ value" % self.expression("any", 1))
        if form == 2:
            return self.tag("from 'lib' import twice as t2") + self.output("t2(%s)" % self.expression("any", 1))
        return self.tag("from 'lib' import nope") + self.pick("", "", self.output("nope"), self.output("nope is defined"))

    def autoescape(self):
        return self.tag("autoescape %s" % self.pick("true", "false", "true", "b1")) + self.body(4) + self.tag("endautoescape")

    def cycler(self):
        name = self.name("cy")
        return self.tag("set %s = %s" % (name, self.pick("cycler('a', 'b', 3)", "cycler(1)"))) + self.tag("for e in range(4)") + self.output(
            self.pick("%s.next()", "%s.current", "%s.next() ~ %s.current") .replace("%s", name)) + self.tag("endfor")

    def joiner(self):
        name = self.name("j")
        return self.tag("set %s = joiner(%s)" % (name, self.pick("", "'; '"))) + self.tag("for e in ls") + self.output(name + "()") + self.output(
            "e") + self.tag("endfor")

    def block(self):
        name = self.name("b")
        return self.tag("block %s%s" % (name, self.pick("", "", " scoped"))) + self.body(3) + self.tag("endblock" + self.pick("", " " + name)) + (
            self.output("self.%s()" % name) if self.chance(20) else "")

    def broken(self):
        return self.rnd.choice(BROKEN)

    STATEMENTS = [if_, if_, if_, for_, for_, for_, recursive_for, set_, set_, set_, set_block, namespace, macro, macro, call, filter_block,
                  with_, raw, comment, comment, do, dict_change, include, import_, import_, autoescape, cycler, joiner, block]

    # --- files and contexts ---------------------------------------------------------------------------

    def fresh(self):
        self.scope, self.macros, self.in_loop, self.depth = dict(BASE_SCOPE), {}, False, 0
        self.buffered = False

    def text(self, most=8):
        self.fresh()
        return self.body(most)

    def library(self):
        self.fresh()
        return ("{% set value = " + self.expression("any", 1) + " %}{% set _hidden = 1 %}{% macro hello(x=1) %}hello {{ x }}" + self.collected(2)
                + "{% endmacro %}{% macro twice(x) -%} {{ x }}{{ x }} {%- endmacro %}")

    def parent(self):
        self.fresh()
        inner = self.tag("block inner") + self.body(2) + self.tag("endblock")
        return (self.body(2) + self.tag("block top") + self.body(2) + self.tag("endblock") + self.body(1)
                + self.tag("block outer") + "(" + inner + ")" + self.tag("endblock") + self.body(1))

    def child(self, parent):
        self.fresh()
        text = self.tag("extends %s" % parent) + (self.body(2) if self.chance(50) else "\n")
        for name in self.rnd.sample(["top", "outer", "inner", "own"], self.rnd.randint(1, 3)):
            self.fresh()
            up = self.output(self.pick("super()", "super()|upper", "self.top()" if name != "top" else "super()")) if self.chance(50) else ""
            text += self.tag("block " + name) + self.body(2) + up + self.body(1) + self.tag("endblock") + self.pick("", "\n", " x ")
        return text

    def context(self):
        pick, few = self.pick, self.rnd.randint
        strings = ["a", "Hello World", "", "b<c>&", "x\ny\n", "é日本", "  s ", "CamelCase", "1", "k: v", "it's \"q\""]
        some = lambda values, most: [self.rnd.choice(values) for _ in range(few(0, most))]
        mixed = strings + [1, 2.5, None, True, [1, 2], {"k": 1}]
        user = lambda: {"name": pick("ann", "Bob", "cy"), "age": few(0, 60), "active": pick(True, False), "tags": some(strings, 2),
                        "meta": pick({}, {"k": pick("v", 2, None)})}
        return {"s1": pick(*strings), "s2": pick(*strings), "html": pick("<a href='x'>&</a>", "<!-- c --> t <b>x</b>", "x"),
                "i1": few(-2, 5), "i2": pick(0, 10, 255, 1000), "f1": pick(0.5, 2.25, -1.5, 1e-7, 3.14159), "b1": pick(True, False),
                "b2": pick(True, False), "n": None, "ls": some(strings, 4), "li": [few(-3, 9) for _ in range(few(0, 5))],
                "lm": some(mixed, 4), "d": {k: self.rnd.choice(mixed) for k in self.rnd.sample(["k", "a", "items", "B", "z z", "keys"], few(0, 4))},
                "cfg": {"name": pick(*strings), "list": some(strings, 3), "sub": {"x": few(0, 9), "y": {"z": None}}, "on": pick(True, False)},
                "users": [user() for _ in range(few(0, 4))], "part_name": pick("part", "sub/other")}

    def case(self):
        self.control = self.chance(60)
        files = {"part": "", "sub/other": "", "lib": ""}
        self.fresh()
        files["sub/other"] = self.body(2) if self.chance(20) else "[other {{ s1 }}]"
        self.fresh()
        files["part"] = self.body(3) if self.chance(40) else "<part {{ i1 }}{{ e }}>\n"
        files["lib"] = self.library()
        roll = self.rnd.random() * 100
        if roll < 12:
            files["base"] = self.parent()
            parent = "'base'"
            if self.chance(30):
                files["middle"] = self.child(parent)
                parent = "'middle'"
            text = self.child(self.pick(parent, parent, parent, "['nope', 'base']"))
        else:
            text = self.text()
        if self.chance(9):
            at = self.rnd.choice([0, len(text), text.find("{"), text.find("\n") + 1])
            text = text[:at] + self.broken() + text[at:]
        elif self.chance(3):
            at = self.rnd.randint(0, len(text))
            text = text[:at] + text[at + self.rnd.randint(1, 6):]
        used = {name: source for name, source in files.items() if "'%s'" % name in text + "".join(files.values())
                or name in ("part", "sub/other") and "part_name" in text}
        return {"source": text, "files": used, "context": self.context(), "opts": self.options()}

    def options(self):
        opts = {"trim_blocks": self.chance(50), "lstrip_blocks": self.chance(50), "keep_trailing_newline": self.chance(30)}
        if self.chance(20):
            opts["undefined"] = self.pick("strict", "chainable", "strict")
        if self.chance(15):
            opts["plan"] = True
        return opts
