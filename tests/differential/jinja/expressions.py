"""Random expressions of the template language, mostly well typed, as text."""

FIELDS = ["name", "age", "active", "tags", "meta"]
KINDS = ["str", "int", "float", "bool", "list", "dict", "any"]
STRINGS = ["", "a", "b c", "Hello World", "x-y_z", "  pad ", "<b>&\"'</b>", "line one\\nline two\\n", "\\n\\nq\\n",
           "caf\\u00e9", "\\u65e5\\u672c", "1", "42", "3.5", "0x1f", "true", "a,b,c", "http://example.org/p?q=1&r=2",
           "key: value", "- item", "tab\\there", "it's", "UPPER lower", "%s and %d", "{} {0}", "foo@example.org",
           "the quick brown fox jumps over the lazy dog", "(http://example.org)", "\\U0001f600", "ab" * 30]
STR_METHODS = [
    "upper()", "lower()", "title()", "capitalize()", "swapcase()", "strip()", "lstrip()", "rstrip()", "strip('a x')",
    "rstrip('\\n')", "replace('a', 'bb')", "replace('', '-')", "replace('l', 'L', 1)", "center(12)", "ljust(8, '.')",
    "rjust(8)", "zfill(6)", "join(['x', 'y'])", "removeprefix('a')", "removesuffix('c')", "casefold()", "expandtabs(4)",
    "expandtabs()", "format(1, 2)", "translate({97: 'b'})"]
STR_LISTS = ["split()", "split(',')", "split(None, 1)", "rsplit(' ', 1)", "splitlines()", "splitlines(true)",
             "partition(' ')", "rpartition('o')", "split('l', 1)"]
STR_BOOLS = ["startswith('a')", "endswith(('c', 'd'))", "isdigit()", "isalpha()", "isalnum()", "isupper()", "islower()",
             "isspace()", "istitle()", "isnumeric()", "isdecimal()", "isidentifier()", "isascii()", "isprintable()",
             "startswith('e', 1)"]
STR_INTS = ["find('l')", "rfind('o')", "count('a')", "find('o', 3)", "count('')", "index('a')", "rindex('e')"]
FORMATS = ["'%s' % {a}", "'%5s|%-5s|' % ({s}, {s})", "'%d' % {i}", "'%05d %x %o %X' % ({i}, 255, 8, 254)",
           "'%.2f' % {f}", "'%e' % {f}", "'%g %G' % ({f}, {f})", "'%r' % [{a}]", "'%(k)s' % {{'k': {a}}}", "'%+d % d' % ({i}, {i})",
           "'%%'|format", "'%c' % 'x'", "'%*d' % (5, {i})", "'{{}}-{{}}'.format({a}, {i})", "'{{1}} {{0}}'.format({a}, {s})",
           "'{{:>8}}|{{:<8}}|{{:^8}}'.format({s}, {i}, {s})", "'{{:05d}} {{:x}} {{:#x}} {{:b}}'.format({i}, 255, 255, 5)",
           "'{{:.3f}} {{:,}} {{:+}}'.format({f}, 1234567, {i})", "'{{n}}: {{n!r}}'.format(n={a})", "'{{0[0]}}'.format([{a}])",
           "'{{:e}} {{:g}} {{:%}}'.format({f}, {f}, 0.25)", "'%s %s'|format({a}, {i})", "'{{:*^12}}'.format({s})",
           "'{{:10.3}}|'.format({f})", "'{{:{{}}}}|'.format({s}, 10)", "'%s' % ({a},)", "'%10.3s|' % {s}", "'%#o %#x' % (8, 255)"]


class Expressions:
    """Draws expressions; `scope` maps names of variables to their kinds."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.scope = {}
        self.macros = {}

    def pick(self, *choices):
        return self.rnd.choice(choices)

    def chance(self, percent):
        return self.rnd.random() * 100 < percent

    def expression(self, kind="any", depth=3):
        if self.chance(4):
            kind = self.pick(*KINDS)
        if kind == "any":
            kind = self.pick("str", "str", "int", "float", "bool", "list", "dict", "none")
        if kind == "none":
            return self.pick("none", "missing", "None", "cfg.nope", "missing", "n")
        if depth <= 0 or self.chance(25):
            return self.leaf(kind)
        if self.chance(6):
            return "(%s)" % self.expression(kind, depth - 1)
        if self.chance(7):
            return "(%s if %s else %s)" % (self.expression(kind, depth - 1), self.condition(depth - 1),
                                           self.expression(kind, depth - 1))
        return getattr(self, "some_" + kind)(depth - 1)

    def leaf(self, kind):
        names = [name for name, has in self.scope.items() if has == kind]
        if names and self.chance(60):
            return self.rnd.choice(names)
        return getattr(self, "literal_" + kind)()

    def quoted(self, text):
        return "'%s'" % text.replace("'", "\\'") if self.chance(60) else '"%s"' % text.replace('"', '\\"')

    def literal_str(self):
        return self.quoted(self.rnd.choice(STRINGS))

    def literal_int(self):
        return self.pick("0", "1", "2", "3", "7", "12", "100", "-1", "1_000", "0x1F", "0o17", "0b101", "42", "5")

    def literal_float(self):
        return self.pick("0.5", "1.0", "2.25", "-3.75", "1e3", "1.5e-7", "1e16", "123456789.125", "0.1", "3.0", "1e22",
                         "0.0", "12_3.5")

    def literal_bool(self):
        return self.pick("true", "false", "True", "False")

    def literal_list(self):
        return self.pick("[]", "[1, 2, 3]", "['b', 'a', 'C']", "[3, 1, 2]", "(1, 2)", "('x',)", "[1.5, 'q', none]", "()",
                         "[[1, 2], [3]]", "['x', 'X', 'y']", "[true, false, 1]")

    def literal_dict(self):
        return self.pick("{}", "{'a': 1, 'b': 'two'}", "{'z': [1], 'y': {'x': none}}", "{1: 'one', 'k': 2.5}",
                         "dict(p=1, q='r')", "{'B': 2, 'a': 1, 'c': 3}")

    def condition(self, depth=2):
        return self.expression("bool", depth)

    # --- by kind --------------------------------------------------------------------------------------

    def some_str(self, depth):
        e, roll = self.expression, self.rnd.randrange(12)
        if roll < 2:
            return "%s ~ %s" % (self.atom("any", depth), self.atom("any", depth))
        if roll < 3:
            return self.pick("%s + %s" % (self.atom("str", depth), self.atom("str", depth)),
                             "%s * %s" % (self.atom("str", depth), self.pick("0", "1", "2", "-1")))
        if roll < 5:
            return "%s.%s" % (self.atom("str", depth), self.rnd.choice(STR_METHODS))
        if roll < 6:
            return self.sliced(self.atom("str", depth))
        if roll < 7:
            form = self.rnd.choice(FORMATS)
            return "(%s)" % form.format(a=e("any", depth), s=e("str", depth), i=e("int", depth), f=e("float", depth))
        if roll < 8 and self.macros:
            return self.macro_call(depth)
        return self.filtered(self.rnd.choice(STR_FILTERS), depth)

    def some_int(self, depth):
        roll = self.rnd.randrange(10)
        a, b = self.atom("int", depth), self.atom("int", depth)
        if roll < 4:
            return "%s %s %s" % (a, self.pick("+", "-", "*", "//", "%", "+"), b)
        if roll < 5:
            return self.pick("-%s" % a, "+%s" % a, "(%s) ** %s" % (a, self.pick("0", "1", "2", "-1")), "- - %s" % a)
        if roll < 6:
            return "%s.%s" % (self.atom("str", depth), self.rnd.choice(STR_INTS))
        if roll < 7:
            return "%s.%s" % (self.atom("list", depth), self.pick("count(1)", "index(1)", "count('a')"))
        return self.filtered(self.rnd.choice(INT_FILTERS), depth)

    def some_float(self, depth):
        roll = self.rnd.randrange(6)
        if roll < 3:
            return "%s %s %s" % (self.atom("float", depth), self.pick("+", "-", "*", "/", "//", "%"),
                                 self.atom(self.pick("int", "float"), depth))
        if roll < 4:
            return self.pick("%s / %s", "%s ** %s") % (self.atom("int", 0), self.pick("2", "4", "-1", "0"))
        return self.filtered(self.rnd.choice(FLOAT_FILTERS), depth)

    def some_bool(self, depth):
        roll = self.rnd.randrange(12)
        if roll < 2:
            return "%s %s %s" % (self.atom("bool", depth), self.pick("and", "or"), self.atom(self.pick("bool", "any"), depth))
        if roll < 3:
            return "not %s" % self.atom("any", depth)
        if roll < 6:
            kind = self.pick("int", "float", "str", "list", "any")
            ops = self.pick("==", "!=", "<", "<=", ">", ">=")
            chain = "%s %s %s" % (self.atom(kind, depth), ops, self.atom(kind, depth))
            return chain + (" %s %s" % (self.pick("<", "==", ">="), self.atom(kind, 0)) if self.chance(20) else "")
        if roll < 8:
            where = self.pick("list", "str", "dict")
            what = "str" if where != "list" else "any"
            return "%s %s %s" % (self.atom(what, depth), self.pick("in", "not in"), self.atom(where, depth))
        if roll < 9:
            return "%s.%s" % (self.atom("str", depth), self.rnd.choice(STR_BOOLS))
        test = self.rnd.choice(TESTS).replace("#", self.atom("int", 0)).replace("@", self.atom("list", 0))
        return "%s is %s%s" % (self.atom("any", depth), self.pick("", "", "not "), test)

    def some_list(self, depth):
        roll = self.rnd.randrange(10)
        if roll < 2:
            return "[%s]" % ", ".join(self.expression("any", depth - 1) for _ in range(self.rnd.randrange(4)))
        if roll < 3:
            return "%s + %s" % (self.atom("list", depth), self.atom("list", depth))
        if roll < 4:
            return self.sliced(self.atom("list", depth))
        if roll < 5:
            return "%s.%s" % (self.atom("str", depth), self.rnd.choice(STR_LISTS))
        if roll < 6:
            return self.pick("range(%s)|list", "range(1, %s)|list", "range(0, %s, 2)|list") % self.atom("int", 0)
        if roll < 7:
            return "%s.%s|list" % (self.atom("dict", depth), self.pick("items()", "keys()", "values()"))
        return self.filtered(self.rnd.choice(LIST_FILTERS), depth)

    def some_dict(self, depth):
        roll = self.rnd.randrange(6)
        if roll < 2:
            return "{%s}" % ", ".join("%s: %s" % (self.quoted(self.pick("a", "b", "k k", "z")), self.expression("any", depth - 1))
                                      for _ in range(self.rnd.randrange(4)))
        if roll < 3:
            return self.pick("dict(%s, x=1)", "dict(%s)", "%s.copy()") % self.atom("dict", depth)
        if roll < 4:
            return "users[%s]" % self.pick("0", "-1", "1", "i1", "9")
        if roll < 5:
            return "users|%s" % self.pick("first", "last", "selectattr('active')|first", "max(attribute='age')",
                                          "min(attribute='name')", "sort(attribute='age')|last")
        return self.leaf("dict")

    # --- pieces ---------------------------------------------------------------------------------------

    def atom(self, kind, depth):
        """An expression that may stand beside an operator."""
        text = self.expression(kind, depth)
        if all(c.isalnum() or c in "_'\"." for c in text.replace(" ", "~")) and not text[:1] in "-":
            return text
        if self.chance(1.5):
            return text                                  # precedence decides
        return "(%s)" % text

    def sliced(self, text):
        parts = self.pick("[0]", "[-1]", "[1:]", "[:2]", "[::-1]", "[1:-1]", "[::2]", "[5:1]", "[:]", "[-2:]", "[i1]",
                          "[9]", "[1:3]", ".0", "[4:0:-2]")
        return text + parts

    def filtered(self, entry, depth):
        """`entry` is (kind of the input, filter); #, @ and $ in it stand for an int, a list and a text."""
        kind, text = entry
        for mark, wanted in (("#", "int"), ("@", "list"), ("$", "str")):
            while mark in text:
                text = text.replace(mark, self.atom(wanted, depth - 2), 1)
        chain = ("users" if kind == "users" else self.atom(kind, depth)) + "|" + text
        if self.chance(10):
            chain = chain.replace("|", " | ", 1)
        return chain

    def macro_call(self, depth):
        name = self.rnd.choice(sorted(self.macros))
        arguments = [self.expression("any", depth - 1) for _ in range(self.rnd.randint(0, self.macros[name]))]
        if self.chance(20):
            arguments.append("extra=%s" % self.expression("any", 0))
        if self.chance(10):
            arguments.append("*%s" % self.atom("list", 0))
        if self.chance(1.5):
            arguments.append("**%s" % self.atom("dict", 0))
        return "%s(%s)" % (name, ", ".join(arguments))


STR_FILTERS = [("str", f) for f in (
    "upper", "lower", "title", "capitalize", "trim", "trim('ax')", "replace('a', 'bb')", "replace('o', '', 1)", "center(10)",
    "center", "truncate(9)", "truncate(9, true)", "truncate(9, false, '..', 0)", "truncate(20, leeway=2)", "wordwrap(7)",
    "wordwrap(10, false)", "wordwrap(9, wrapstring='|')", "indent", "indent(2)", "indent(2, true)", "indent(1, true, true)",
    "indent('>')", "escape", "e", "forceescape", "safe", "striptags", "string", "urlencode", "urlize", "urlize(10)",
    "urlize(12, true)", "urlize(target='_blank')", "reverse", "first", "last", "default('d')", "d('e', true)", "pprint",
    "join('-')", "tojson", "safe|e", "escape|upper", "e|replace('&', '<')", "urlize(rel='x y')")]
STR_FILTERS += [("any", f) for f in (
    "string", "tojson", "pprint", "default($)", "default($, true)", "string|escape", "tojson(indent=2)", "forceescape",
    "list|join(', ')", "upper", "lower", "e ~ '<'", "string|length|string")]
STR_FILTERS += [("list", f) for f in ("join", "join(', ')", "join($)", "join('|', attribute='name')", "map('upper')|join",
                                      "first|string", "map('string')|join('<')", "map('e')|join('&')")]
STR_FILTERS += [("dict", f) for f in ("xmlattr", "xmlattr(false)", "urlencode", "dictsort|list|string", "tojson", "items|list|string",
                                      "list|join", "dictsort(true)|join", "dictsort(by='value')|join", "length|string")]
STR_FILTERS += [("int", f) for f in ("filesizeformat", "filesizeformat(true)", "string", "abs|string", "pprint")]
STR_FILTERS += [("float", f) for f in ("filesizeformat", "string", "pprint", "round|string", "tojson")]
INT_FILTERS = [("list", f) for f in ("length", "count", "sum", "max", "min", "first", "sum(start=#)", "unique|list|length")]
INT_FILTERS += [("any", f) for f in ("int", "int(#)", "default(#)|int", "string|length", "abs")]
INT_FILTERS += [("str", f) for f in ("length", "wordcount", "int", "int(base=16)", "int(-1, 8)", "int(#)")]
INT_FILTERS += [("int", f) for f in ("abs", "int", "round|int", "default(#)", "float|int")]
FLOAT_FILTERS = [("any", f) for f in ("float", "float(1.5)", "float(#)")] + [("float", f) for f in (
    "round", "round(2)", "round(1, 'floor')", "round(1, 'ceil')", "abs", "float", "round(-1)", "round(#)")]
FLOAT_FILTERS += [("int", f) for f in ("float", "round", "round(-1, 'ceil')")]
LIST_FILTERS = [("list", f) for f in (
    "sort", "sort(reverse=true)", "sort(case_sensitive=true)", "reverse|list", "unique|list", "list", "map('string')|list",
    "map('length')|list", "select|list", "reject|list", "select('number')|list", "reject('none')|list", "select('string')|list",
    "select('odd')|list", "select('in', @)|list", "batch(2)|list", "batch(3, '-')|list", "slice(2)|list", "slice(3, 'x')|list",
    "map('default', 'D')|list", "select('gt', #)|list", "reject('equalto', #)|list", "unique(true)|list", "map('replace', 'a', 'b')|list",
    "select('divisibleby', 2)|list", "map('int')|list", "map('float')|list", "default(@)")]
LIST_FILTERS += [("dict", f) for f in ("list", "dictsort", "dictsort(reverse=true)", "items|list", "dictsort(false, 'value')",
                                       "dictsort(true)", "sort")]
LIST_FILTERS += [("str", f) for f in ("list", "batch(3)|list", "slice(2)|list", "sort", "unique|list")]
LIST_FILTERS += [("users", f) for f in (
    "map(attribute='name')|list", "map(attribute='age')|sort", "selectattr('active')|map(attribute='name')|list",
    "rejectattr('active')|map(attribute='age')|list", "selectattr('age', 'gt', #)|map(attribute='name')|list",
    "map(attribute='meta.k')|list", "map(attribute='nope', default='D')|list", "sort(attribute='name')|map(attribute='name')|list",
    "sort(attribute='active,name', reverse=true)|map(attribute='name')|list", "groupby('active')|list",
    "groupby('age')|map(attribute='grouper')|list", "groupby('meta.k', default='x')|map('first')|list",
    "map(attribute='tags')|map('join', '+')|list", "selectattr('name', 'equalto', $)|list", "unique(attribute='active')|map(attribute='name')|list",
    "map(attribute='tags.0')|list", "rejectattr('meta.k', 'defined')|list|length", "map('attr', 'name')|list", "sum(attribute='age')",
    "selectattr('name', 'in', @)|list", "groupby('name', case_sensitive=true)|list")]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "true", "false", "mapping", "sequence",
         "iterable", "callable", "even", "odd", "divisibleby(3)", "divisibleby 2", "lower", "upper", "in @", "in(@)", "eq #", "ne(#)",
         "gt #", "lt(#)", "ge #", "le(#)", "equalto #", "sameas none", "sameas(true)", "escaped", "filter", "test",
         "greaterthan(#)", "lessthan #"]
