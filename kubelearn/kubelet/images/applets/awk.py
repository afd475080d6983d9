"""awk: patterns and actions, fields, variables, arrays, control flow, printf, the usual functions.

Leaves out: user functions, getline, redirected output, regular expressions as record separators.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from kubelearn.kubelet.images.applets import Failures, applet, input_lines, options, out, usage_error
from kubelearn.kubelet.images.regex import compile_expression
from kubelearn.kubelet.process import Exit, Process

TOKEN = re.compile(r"""[ \t\r]*(?:(?P<comment>\#[^\n]*)|(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<string>"(?:\\.|[^"\\])*")
    |(?P<name>[A-Za-z_]\w*)|(?P<op>\*\*=?|\+\+|--|&&|\|\||[-+*/%^<>=!]=|!~|[-+*/%^<>=!~?:,;(){}\[\]$|\n]))""", re.VERBOSE)
KEYWORDS = {"BEGIN", "END", "if", "else", "while", "for", "in", "do", "print", "printf", "next", "exit", "break", "continue", "delete"}
ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "/": "/", "r": "\r"}


class AwkError(Exception):
    pass


class Jump(Exception):
    """next, exit, break, continue."""

    def __init__(self, kind: str, code: int = 0):
        self.kind, self.code = kind, code


class Tokens:
    def __init__(self, text: str):
        self.text, self.at, self.kind, self.value = text, 0, "", ""
        self.advance()

    def advance(self, expression: bool = False) -> str:
        """Gives the token that was and moves on. expression: a / here begins a regular expression."""
        old = self.value
        while True:
            if self.text[self.at:].strip(" \t\r") == "":
                self.kind, self.value, self.at = "end", "", len(self.text)
                return old
            if self.text.startswith("\\\n", self.at):
                self.at += 2
                continue
            match = TOKEN.match(self.text, self.at)
            if match is None:
                raise AwkError(f"unexpected token near '{self.text[self.at:self.at + 10]}'")
            self.at = match.end()
            if match.lastgroup != "comment":
                break
        self.kind, self.value = match.lastgroup, match[match.lastgroup]
        if self.kind == "name" and self.value in KEYWORDS:
            self.kind = "op"
        return old

    def expression(self) -> str:
        """The regular expression after the / that is the token now."""
        end = self.at
        while self.text[end:end + 1] not in ("/", ""):
            end += 2 if self.text[end] == "\\" else 1
        source, self.at = self.text[self.at:end].replace("\\/", "/"), end + 1
        self.advance()
        return source

    def skip(self, *values: str) -> None:
        while self.kind == "op" and self.value in values:
            self.advance()

    def take(self, value: str) -> bool:
        if self.kind == "op" and self.value == value:
            self.advance()
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.take(value):
            raise AwkError(f"syntax error near '{self.value}'")


Expression = Callable[["Awk"], object]


class Parser:
    """To closures over the running program."""

    def __init__(self, text: str):
        self.tokens = Tokens(text)

    def program(self) -> list[tuple[object, Expression]]:
        rules, tokens = [], self.tokens
        tokens.skip("\n", ";")
        while tokens.kind != "end":
            pattern: object = None
            if tokens.kind == "op" and tokens.value in ("BEGIN", "END"):
                pattern = tokens.advance()
            elif not (tokens.kind == "op" and tokens.value == "{"):
                pattern = self.expr()
                if tokens.take(","):
                    pattern = (pattern, self.expr(), [False])
            rules.append((pattern, self.block() if tokens.kind == "op" and tokens.value == "{" else None))
            tokens.skip("\n", ";")
        return rules

    def block(self) -> Expression:
        tokens, statements = self.tokens, []
        if not tokens.take("{"):
            tokens.skip("\n")
            return self.statement()
        tokens.skip("\n", ";")
        while not tokens.take("}"):
            if tokens.kind == "end":
                raise AwkError("unexpected end of program")
            statements.append(self.statement())
            tokens.skip("\n", ";")

        def run(awk: Awk) -> None:
            for statement in statements:
                statement(awk)
        return run

    def statement(self) -> Expression:
        tokens = self.tokens
        word = tokens.value if tokens.kind == "op" else ""
        if word in STATEMENTS:
            tokens.advance()
            return STATEMENTS[word](self)
        if word == "{":
            return self.block()
        return self.expr()

    def words(self) -> list[Expression]:
        """What print is to print: a list, in parentheses or not."""
        tokens = self.tokens
        mark = tokens.at, tokens.kind, tokens.value
        if tokens.take("("):
            found = self.list(False)
            if tokens.take(")") and self.ended():
                return found
            tokens.at, tokens.kind, tokens.value = mark  # the parentheses were only of the first one
        return self.list(True)

    def list(self, no_greater: bool) -> list[Expression]:
        found = []
        while not self.ended():
            found.append(self.expr(no_greater))
            if not self.tokens.take(","):
                break
            self.tokens.skip("\n")
        return found

    def ended(self) -> bool:
        return self.tokens.kind == "end" or self.tokens.kind == "op" and self.tokens.value in (";", "\n", "}", ")")

    def print_(self) -> Expression:
        words = self.words()
        return lambda awk: awk.write(awk.text(awk.get("OFS")).join(awk.text(word(awk)) for word in words) if words else awk.record)

    def printf(self) -> Expression:
        words = self.words()
        return lambda awk: awk.output.append(awk.format(*[word(awk) for word in words]))

    def if_(self) -> Expression:
        tokens = self.tokens
        tokens.expect("(")
        condition = self.expr()
        tokens.expect(")")
        yes, no = self.block(), None
        at, kind, value = tokens.at, tokens.kind, tokens.value
        tokens.skip("\n", ";")
        if tokens.take("else"):
            no = self.block()
        else:
            tokens.at, tokens.kind, tokens.value = at, kind, value
        return lambda awk: yes(awk) if awk.true(condition(awk)) else no(awk) if no else None

    def while_(self) -> Expression:
        self.tokens.expect("(")
        condition = self.expr()
        self.tokens.expect(")")
        return self.loop(condition, self.block())

    def do(self) -> Expression:
        body = self.block()
        self.tokens.skip("\n", ";")
        self.tokens.expect("while")
        self.tokens.expect("(")
        condition = self.expr()
        self.tokens.expect(")")
        again = self.loop(condition, body)

        def run(awk: Awk) -> None:
            body(awk)
            again(awk)
        return run

    @staticmethod
    def loop(condition: Expression | None, body: Expression, step: Expression | None = None) -> Expression:
        def run(awk: Awk) -> None:
            while condition is None or awk.true(condition(awk)):
                awk.turn()
                try:
                    body(awk)
                except Jump as jump:
                    if jump.kind == "break":
                        return
                    if jump.kind != "continue":
                        raise
                if step is not None:
                    step(awk)
        return run

    def for_(self) -> Expression:
        tokens = self.tokens
        tokens.expect("(")
        match = re.match(r"\s*in\s+(\w+)\s*\)", tokens.text[tokens.at:]) if tokens.kind == "name" else None
        if match:
            name = tokens.value
            tokens.at += match.end()
            tokens.advance()
            body = self.block()

            def each(awk: Awk) -> None:
                for key in list(awk.array(match[1])):
                    awk.variables[name] = key
                    body(awk)
            return each
        start = None if tokens.value == ";" else self.expr()
        tokens.expect(";")
        condition = None if tokens.value == ";" else self.expr()
        tokens.expect(";")
        step = None if tokens.value == ")" else self.expr()
        tokens.expect(")")
        again = self.loop(condition, self.block(), step)

        def run(awk: Awk) -> None:
            if start is not None:
                start(awk)
            again(awk)
        return run

    def jump(self, kind: str) -> Expression:
        tokens = self.tokens
        code = None if kind != "exit" or tokens.kind == "end" or tokens.value in (";", "\n", "}") else self.expr()

        def run(awk: Awk) -> None:
            raise Jump(kind, int(awk.number(code(awk))) if code else 0)
        return run

    def delete(self) -> Expression:
        name = self.tokens.advance()
        if not self.tokens.take("["):
            return lambda awk: awk.array(name).clear()
        key = self.expr()
        self.tokens.expect("]")
        return lambda awk: awk.array(name).pop(awk.text(key(awk)), None)

    # --- expressions ----------------------------------------------------------------------------------------------

    def expr(self, no_greater: bool = False) -> Expression:
        target = self.ternary(no_greater)
        tokens = self.tokens
        if tokens.kind == "op" and tokens.value in ("=", "+=", "-=", "*=", "/=", "%=", "^=") and hasattr(target, "assign"):
            operator = tokens.advance()[:-1]
            value = self.expr(no_greater)
            if not operator:
                return lambda awk: target.assign(awk, value(awk))
            return lambda awk: target.assign(awk, ARITHMETIC[operator](awk.number(target(awk)), awk.number(value(awk))))
        return target

    def ternary(self, no_greater: bool) -> Expression:
        condition = self.either(no_greater)
        if not self.tokens.take("?"):
            return condition
        yes = self.expr()
        self.tokens.expect(":")
        no = self.expr()
        return lambda awk: yes(awk) if awk.true(condition(awk)) else no(awk)

    def either(self, no_greater: bool) -> Expression:
        left = self.both(no_greater)
        while self.tokens.take("||"):
            self.tokens.skip("\n")
            left = (lambda a, b: lambda awk: int(awk.true(a(awk)) or awk.true(b(awk))))(left, self.both(no_greater))
        return left

    def both(self, no_greater: bool) -> Expression:
        left = self.membership(no_greater)
        while self.tokens.take("&&"):
            self.tokens.skip("\n")
            left = (lambda a, b: lambda awk: int(awk.true(a(awk)) and awk.true(b(awk))))(left, self.membership(no_greater))
        return left

    def membership(self, no_greater: bool) -> Expression:
        left = self.matching(no_greater)
        while self.tokens.take("in"):
            left = (lambda key, name: lambda awk: int(awk.text(key(awk)) in awk.array(name)))(left, self.tokens.advance())
        return left

    def matching(self, no_greater: bool) -> Expression:
        left = self.comparison(no_greater)
        while self.tokens.kind == "op" and self.tokens.value in ("~", "!~"):
            wanted = self.tokens.advance() == "~"
            left = (lambda a, b, wanted: lambda awk: int(bool(awk.regex(b).search(awk.text(a(awk)))) == wanted))(left, self.comparison(no_greater), wanted)
        return left

    def comparison(self, no_greater: bool) -> Expression:
        left = self.concatenation(no_greater)
        if self.tokens.kind == "op" and self.tokens.value in COMPARE and not (no_greater and self.tokens.value == ">"):
            compare = COMPARE[self.tokens.advance()]
            right = self.concatenation(no_greater)
            return lambda awk: int(compare(awk.order(left(awk), right(awk)), 0))
        return left

    def concatenation(self, no_greater: bool) -> Expression:
        left = self.sum()
        tokens = self.tokens
        while tokens.kind in ("number", "string", "name") or tokens.kind == "op" and tokens.value in ("$", "(", "!", "-", "+", "++", "--") and tokens.value not in ("!",):
            left = (lambda a, b: lambda awk: awk.text(a(awk)) + awk.text(b(awk)))(left, self.sum())
        return left

    def sum(self) -> Expression:
        return self.chain(("+", "-"), lambda: self.chain(("*", "/", "%"), self.unary))

    def chain(self, operators: tuple[str, ...], inner: Callable[[], Expression]) -> Expression:
        left = inner()
        while self.tokens.kind == "op" and self.tokens.value in operators:
            operation = ARITHMETIC[self.tokens.advance()]
            left = (lambda a, b, operation: lambda awk: operation(awk.number(a(awk)), awk.number(b(awk))))(left, inner(), operation)
        return left

    def unary(self) -> Expression:
        tokens = self.tokens
        if tokens.take("!"):
            inner = self.unary()
            return lambda awk: int(not awk.true(inner(awk)))
        if tokens.take("-"):
            inner = self.unary()
            return lambda awk: -awk.number(inner(awk))
        if tokens.take("+"):
            inner = self.unary()
            return lambda awk: awk.number(inner(awk))
        return self.power()

    def power(self) -> Expression:
        base = self.postfix()
        if self.tokens.kind == "op" and self.tokens.value in ("^", "**"):
            self.tokens.advance()
            exponent = self.unary()
            return lambda awk: awk.number(base(awk)) ** awk.number(exponent(awk))
        return base

    def postfix(self) -> Expression:
        tokens = self.tokens
        if tokens.kind == "op" and tokens.value in ("++", "--"):
            step = 1 if tokens.advance() == "++" else -1
            target = self.primary()
            return lambda awk: target.assign(awk, awk.number(target(awk)) + step)
        target = self.primary()
        if tokens.kind == "op" and tokens.value in ("++", "--") and hasattr(target, "assign"):
            step = 1 if tokens.advance() == "++" else -1

            def run(awk: Awk) -> float:
                old = awk.number(target(awk))
                target.assign(awk, old + step)
                return old
            return run
        return target

    def primary(self) -> Expression:
        tokens = self.tokens
        kind, value = tokens.kind, tokens.value
        if kind == "op" and value in ("/", "/="):
            tokens.at -= len(value) - 1
            expression = compile_expression(tokens.expression(), True)
            found = lambda awk: int(bool(expression.search(awk.record)))  # noqa: E731
            found.expression = expression
            return found
        tokens.advance()
        if kind == "number":
            number = float(value)
            return lambda awk: number
        if kind == "string":
            text = re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[0]), value[1:-1], flags=re.DOTALL)
            return lambda awk: text
        if kind == "name":
            return self.named(value)
        if value == "(":
            inner = self.expr()
            tokens.expect(")")
            return lambda awk: inner(awk)
        if value == "$":
            return Field(self.postfix_field())
        raise AwkError(f"syntax error near '{value.strip() or 'end'}'")

    def postfix_field(self) -> Expression:
        return self.primary()

    def named(self, name: str) -> Expression:
        tokens = self.tokens
        if name in FUNCTIONS:
            arguments = []
            if tokens.take("("):
                while not tokens.take(")"):
                    arguments.append(self.expr())
                    tokens.take(",")
            return lambda awk: FUNCTIONS[name](awk, arguments)
        if tokens.take("["):
            keys = [self.expr()]
            while tokens.take(","):
                keys.append(self.expr())
            tokens.expect("]")
            return Element(name, keys)
        return Variable(name)


class Variable:
    def __init__(self, name: str):
        self.name = name

    def __call__(self, awk: Awk) -> object:
        return awk.get(self.name)

    def assign(self, awk: Awk, value: object) -> object:
        awk.variables[self.name] = value
        if self.name == "NF":
            awk.fields = (awk.fields + [""] * int(awk.number(value)))[:int(awk.number(value))]
            awk.rebuild()
        return value


class Element:
    def __init__(self, name: str, keys: list[Expression]):
        self.name, self.keys = name, keys

    def key(self, awk: Awk) -> str:
        return "\x1c".join(awk.text(key(awk)) for key in self.keys)

    def __call__(self, awk: Awk) -> object:
        return awk.array(self.name).setdefault(self.key(awk), "")

    def assign(self, awk: Awk, value: object) -> object:
        awk.array(self.name)[self.key(awk)] = value
        return value


class Field:
    def __init__(self, index: Expression):
        self.index = index

    def __call__(self, awk: Awk) -> str:
        number = int(awk.number(self.index(awk)))
        return awk.record if number == 0 else awk.fields[number - 1] if number <= len(awk.fields) else ""

    def assign(self, awk: Awk, value: object) -> object:
        number = int(awk.number(self.index(awk)))
        if number == 0:
            awk.load(awk.text(value))
        else:
            awk.fields += [""] * (number - len(awk.fields))
            awk.fields[number - 1] = awk.text(value)
            awk.rebuild()
        return value


COMPARE = {"<": int.__lt__, "<=": int.__le__, "==": int.__eq__, "!=": int.__ne__, ">": int.__gt__, ">=": int.__ge__}


def _divide(a: float, b: float) -> float:
    if b == 0:
        raise AwkError("division by zero")
    return a / b


ARITHMETIC = {"+": float.__add__, "-": float.__sub__, "*": float.__mul__, "/": _divide, "^": float.__pow__, "**": float.__pow__,
              "%": lambda a, b: a - b * int(_divide(a, b))}
STATEMENTS = {"print": Parser.print_, "printf": Parser.printf, "if": Parser.if_, "while": Parser.while_, "for": Parser.for_, "do": Parser.do,
              "delete": Parser.delete, **{kind: (lambda kind: lambda parser: parser.jump(kind))(kind) for kind in ("next", "exit", "break", "continue")}}


def _sub(awk: Awk, arguments: list[Expression], count: int) -> int:
    target = arguments[2] if len(arguments) > 2 else Field(lambda awk: 0)
    replacement = awk.text(arguments[1](awk))
    result, found = awk.regex(arguments[0]).subn(lambda match: re.sub(r"\\&|&", lambda part: "&" if part[0] == "\\&" else match[0], replacement),
                                                  awk.text(target(awk)), count=count)
    if found:
        target.assign(awk, result)
    return found


def _split(awk: Awk, arguments: list[Expression]) -> int:
    parts = awk.cut(awk.text(arguments[0](awk)), awk.separator(arguments[2]) if len(arguments) > 2 else awk.text(awk.get("FS")))
    awk.arrays[arguments[1].name] = {str(at): part for at, part in enumerate(parts, 1)}
    return len(parts)


def _substr(awk: Awk, arguments: list[Expression]) -> str:
    text, start = awk.text(arguments[0](awk)), max(round(awk.number(arguments[1](awk))), 1)
    end = start + round(awk.number(arguments[2](awk))) if len(arguments) > 2 else len(text) + 1
    return text[start - 1:max(end, 1) - 1]


def _match(awk: Awk, arguments: list[Expression]) -> int:
    match = awk.regex(arguments[1]).search(awk.text(arguments[0](awk)))
    awk.variables.update(RSTART=match.start() + 1 if match else 0, RLENGTH=len(match[0]) if match else -1)
    return awk.variables["RSTART"]


FUNCTIONS: dict[str, Callable[[Awk, list[Expression]], object]] = {
    "length": lambda awk, arguments: len(awk.record if not arguments else awk.arrays[arguments[0].name] if getattr(arguments[0], "name", None) in awk.arrays
                                         else awk.text(arguments[0](awk))),
    "sub": lambda awk, arguments: _sub(awk, arguments, 1), "gsub": lambda awk, arguments: _sub(awk, arguments, 0), "split": _split,
    "substr": _substr, "match": _match, "index": lambda awk, arguments: awk.text(arguments[0](awk)).find(awk.text(arguments[1](awk))) + 1,
    "toupper": lambda awk, arguments: awk.text(arguments[0](awk)).upper(), "tolower": lambda awk, arguments: awk.text(arguments[0](awk)).lower(),
    "sprintf": lambda awk, arguments: awk.format(*[argument(awk) for argument in arguments]), "int": lambda awk, arguments: int(awk.number(arguments[0](awk))),
    "sqrt": lambda awk, arguments: awk.number(arguments[0](awk)) ** 0.5, "srand": lambda awk, arguments: 0, "rand": lambda awk, arguments: awk.random.random(),
    "systime": lambda awk, arguments: int(awk.process.clock.now + 1_767_225_600), "close": lambda awk, arguments: 0, "fflush": lambda awk, arguments: 0,
}


class Awk:
    """A program that runs: its variables, and the record that it is at."""

    def __init__(self, process: Process, rules: list):
        self.process, self.rules, self.arrays, self.output = process, rules, {}, []
        self.variables: dict[str, object] = {"FS": " ", "OFS": " ", "ORS": "\n", "NR": 0, "NF": 0, "SUBSEP": "\x1c"}
        self.record, self.fields, self.turns = "", [], 0
        self.random = process.clock.random(f"awk/{process.container.id}/{process.pid}")

    def turn(self) -> None:
        self.turns += 1
        if self.turns > 1_000_000:
            raise AwkError("a loop without end")

    def get(self, name: str) -> object:
        if name == "ENVIRON":
            return ""
        return self.variables.get(name, "")

    def array(self, name: str) -> dict[str, object]:
        if name == "ENVIRON" and name not in self.arrays:
            self.arrays[name] = dict(self.process.env)
        return self.arrays.setdefault(name, {})

    def text(self, value: object) -> str:
        if isinstance(value, str):
            return value
        return str(int(value)) if value == int(value) else f"{value:.6g}"

    def number(self, value: object) -> float:
        if isinstance(value, str):
            match = re.match(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value)
            return float(match[0]) if match else 0.0
        return float(value)

    def true(self, value: object) -> bool:
        if isinstance(value, str):
            return self.number(value) != 0 if self._numeric(value) else bool(value)
        return value != 0

    @staticmethod
    def _numeric(text: str) -> bool:
        return bool(re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", text))

    def order(self, a: object, b: object) -> int:
        """-1, 0, 1: as numbers when both look like numbers."""
        if all(not isinstance(value, str) or self._numeric(value) for value in (a, b)):
            a, b = self.number(a), self.number(b)
        else:
            a, b = self.text(a), self.text(b)
        return (a > b) - (a < b)

    def regex(self, expression: Expression) -> re.Pattern:
        return getattr(expression, "expression", None) or compile_expression(self.text(expression(self)), True)

    def separator(self, expression: Expression) -> str:
        found = getattr(expression, "expression", None)
        return found.pattern if found else self.text(expression(self))

    def cut(self, text: str, separator: str) -> list[str]:
        if separator == " ":
            return text.split()
        if not text:
            return []
        return text.split(separator) if len(separator) == 1 and separator != "|" or separator == "\\t" else compile_expression(separator, True).split(text)

    def load(self, record: str) -> None:
        self.record, self.fields = record, self.cut(record, self.text(self.get("FS")))
        self.variables["NF"] = len(self.fields)

    def rebuild(self) -> None:
        self.record = self.text(self.get("OFS")).join(self.fields)
        self.variables["NF"] = len(self.fields)

    def write(self, text: str) -> None:
        self.output.append(text + self.text(self.get("ORS")))

    def format(self, form: object, *values: object) -> str:
        rest = list(values)

        def convert(match: re.Match) -> str:
            if match[2] == "%":
                return "%"
            value = rest.pop(0) if rest else ""
            if match[2] in "di":
                return f"%{match[1]}d" % int(self.number(value))
            if match[2] in "eEfgGxXou":
                return f"%{match[1]}{match[2]}" % (self.number(value) if match[2] in "eEfgG" else int(self.number(value)))
            if match[2] == "c":
                return chr(int(value)) if not isinstance(value, str) else value[:1]
            return f"%{match[1]}s" % self.text(value)
        return re.sub(r"%([-+ #0-9.]*)([a-zA-Z%])", convert, self.text(form))

    def selected(self, pattern: object) -> bool:
        if pattern is None:
            return True
        if not isinstance(pattern, tuple):
            return self.true(pattern(self))
        start, end, inside = pattern
        value = inside[0] or self.true(start(self))
        if value:
            inside[0] = not self.true(end(self))
        return value

    def special(self, name: str) -> None:
        for pattern, action in self.rules:
            if pattern == name:
                action(self)

    def take(self, line: str) -> None:
        self.variables["NR"] = self.variables["FNR"] = int(self.number(self.get("NR"))) + 1
        self.load(line)
        for pattern, action in self.rules:
            if pattern not in ("BEGIN", "END") and self.selected(pattern):
                if action is None:
                    self.write(self.record)
                else:
                    action(self)

    def flush(self) -> None:
        if self.output:
            out(self.process, "".join(self.output))
            self.output = []


@applet("awk")
async def awk(process: Process) -> int:
    given, rest = options(process, "F:v:f:", usage="[OPTIONS] [AWK_PROGRAM] [FILE]...", stop=True)
    if "f" in given:
        text = process.files.read(process.path(given["f"])).decode()
    elif rest:
        text = rest.pop(0)
    else:
        raise usage_error(process, "[OPTIONS] [AWK_PROGRAM] [FILE]...")
    try:
        runner = Awk(process, Parser(text).program())
        if "F" in given:
            runner.variables["FS"] = "\t" if given["F"] in ("t", "\\t") else given["F"]
        for flag, word in zip(process.args, process.args[1:]):
            if flag == "-v":
                name, _, value = word.partition("=")
                runner.variables[name] = value
        return await _run(runner, rest)
    except (AwkError, ValueError) as error:
        raise Exit(process.fail(f"cmd. line:1: {error}")) from None


async def _run(awk: Awk, names: list[str]) -> int:
    failures, code = Failures(), 0
    try:
        awk.special("BEGIN")
        awk.flush()
        if any(pattern != "BEGIN" for pattern, _ in awk.rules):
            async for line in input_lines(awk.process, names, failures):
                try:
                    awk.take(line.rstrip("\n"))
                except Jump as jump:
                    if jump.kind != "next":
                        raise
                awk.flush()
        awk.special("END")
    except Jump as jump:
        code = jump.code
    awk.flush()
    return code or failures.code
