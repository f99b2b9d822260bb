"""The mistakes: finds in a C source all places where one can be made.

A mutant is (start, end, text): the source with [start, end) replaced by text. The source is read as tokens,
which is enough for conditions and statements written as clang-format writes them.
"""
import re

TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|0[xX][0-9A-Fa-f]+[uUlL]*"
    r"|\d+[uUlL]*|->|\+\+|--|<<=|>>=|<<|>>|[<>=!]=|&&|\|\||[-+*/%&|^]=|\S", re.S)

OPERATORS = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "&&": ["||"], "||": ["&&"], "+=": ["-="], "-=": ["+="], "++": ["--"], "--": ["++"],
    "|=": ["="], "&=": ["="], "<<": [">>"], ">>": ["<<"],
}
NAMES = {
    "HEAP_OK": "HEAP_BAD", "HEAP_BAD": "HEAP_FOREIGN", "HEAP_FOREIGN": "HEAP_BAD", "HEAP_FULL": "HEAP_BAD",
    "NMERR_SUCCESS": "NMERR_OUT_OF_MEMORY", "NMERR_OUT_OF_MEMORY": "NMERR_SUCCESS",
    "NMERR_ACCESS_DENIED": "NMERR_INVALID_PARAMETER", "NMERR_INVALID_PARAMETER": "NMERR_ACCESS_DENIED",
    "NMERR_EXPERT_TERMINATE": "NMERR_INVALID_EXPERT_HANDLE",
    "NMERR_INVALID_EXPERT_HANDLE": "NMERR_EXPERT_TERMINATE",
}
WORDS = {"if", "else", "for", "while", "do", "switch", "case", "default", "return", "goto", "sizeof"}
DECLARES = {"static", "const", "struct", "union", "enum", "extern", "typedef", "unsigned", "int", "char",
            "void", "volatile", "_Static_assert", "_Alignas"}
# What has no effect here but for a killed thread's test, which names the points itself.
SKIPPED_CALLS = {"KILL_POINT", "atomic_compiler_fence"}


def tokens(source):
    """(start, text) of each token that is neither a comment nor in a line that the preprocessor reads; of
    those only the value of a #define is kept."""
    kept = []
    dead = []
    for line in re.finditer(r"^[ \t]*#[ \t]*(\w+)(?:[^\n]*\\\n)*[^\n]*", source, re.M):
        value = re.match(r"[ \t]*#[ \t]*define[ \t]+\w+(\([^)]*\))?", line.group())
        dead.append((line.start(), line.start() + value.end() if value else line.end()))
    for found in TOKEN.finditer(source):
        if found.group()[:2] in ("//", "/*") or found.group() == "\\":
            continue
        if not any(start <= found.start() < end for start, end in dead):
            kept.append((found.start(), found.group()))
    return kept


def closing(toks, i):
    """The index of the token that closes the parenthesis at i."""
    depth = 0
    for k in range(i, len(toks)):
        depth += (toks[k][1] in "([{") - (toks[k][1] in ")]}")
        if depth == 0:
            return k
    return len(toks) - 1


def conditions(toks):
    """Conditions of if, while, for and ?: that can be made always true or false."""
    for i, (start, text) in enumerate(toks):
        if text in ("if", "while") and toks[i + 1][1] == "(":
            end = closing(toks, i + 1)
            last = toks[end][0]
            yield toks[i + 2][0], last, "0"
            if text == "if":
                yield toks[i + 2][0], last, "1"
        elif text == "?":
            depth, k = 0, i - 1
            while k >= 0:
                t = toks[k][1]
                depth += (t in (")", "]")) - (t in ("(", "["))
                if depth < 0 or (depth == 0 and t in ("=", "return", ",", ";", ":", "?", "+=", "{")):
                    break
                k -= 1
            yield toks[k + 1][0], start, "0 "
            yield toks[k + 1][0], start, "1 "


def statements(toks):
    """Expression statements, break and continue, and whole calls, that can be left out."""
    depths = 0  # of parentheses
    for i, (start, text) in enumerate(toks):
        before = toks[i - 1][1] if i else ";"
        depths += (text == "(") - (text == ")")
        if depths or before not in (";", "{", "}", ")", "else", ":", "do"):
            continue
        if before == ":" and toks[i - 3][1] != "case" and toks[i - 2][1] != "default":
            continue
        if before == ")":  # of if, for, while: else it is a cast or a call
            depth, k = 0, i - 1
            while k >= 0:
                depth += (toks[k][1] == ")") - (toks[k][1] == "(")
                if depth == 0:
                    break
                k -= 1
            if toks[k - 1][1] not in ("if", "for", "while"):
                continue
        if not re.match(r"[A-Za-z_*]|\+\+|--", text) or text in WORDS or text in DECLARES | SKIPPED_CALLS:
            continue
        k, seen = i, []
        while k < len(toks) and toks[k][1] not in (";", "{"):
            k = closing(toks, k) + 1 if toks[k][1] in ("(", "[") else k + 1
        if k >= len(toks) or toks[k][1] != ";":
            continue
        seen = [t for _, t in toks[i:k]]
        second = seen[1] if len(seen) > 1 else ""
        if text not in ("break", "continue") and (re.match(r"[A-Za-z_]\w*$", second) or
                (second == "*" and text != "*") or not set(seen) & {"(", "=", "++", "--", "+=", "-=", "|=", "&="}):
            continue  # a declaration
        yield start, toks[k][0], ""


def places(source):
    """Every mutant of a source, in a fixed order."""
    toks = tokens(source)
    found = set(conditions(toks)) | set(statements(toks))
    for i, (start, text) in enumerate(toks):
        before = toks[i - 1][1] if i else ";"
        end = start + len(text)
        for other in OPERATORS.get(text, []):
            found.add((start, end, other))
        if text in NAMES:
            found.add((start, end, NAMES[text]))
        if text in ("+", "-") and (re.match(r"\w", before[-1]) or before in ")]") and before != "return":
            found.add((start, end, "-" if text == "+" else "+"))
        if text == "!":
            found.add((start, end, ""))
        number = re.match(r"(0[xX][0-9A-Fa-f]+|\d+)([uUlL]*)$", text)
        if number:
            value = int(number.group(1), 0)
            truth = value == 1 and before in ("return", "=")  # 2 is as true
            if not truth:
                found.add((start, end, f"{value + 1}{number.group(2)}"))
            if value:
                found.add((start, end, f"{value - 1}{number.group(2)}"))
    inert = [(m.start(), m.end()) for m in re.finditer(r"_Static_assert\(.*?\);", source, re.S)]
    return sorted(m for m in found if not any(a <= m[0] < b for a, b in inert))


def describe(source, mutant):
    """(line number, lines before, lines after), blanks run together: what explained.txt is matched with."""
    start, end, text = mutant
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    squeeze = lambda s: " ".join(s.split())
    return (source.count("\n", 0, start) + 1, squeeze(source[first:last]),
            squeeze(source[first:start] + text + source[end:last]))
