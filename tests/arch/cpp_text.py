"""Just enough C++ reading for the architecture test: no comments, no strings, where functions are."""

import re

# One alternative per thing whose inside must not be read as code.
_SKIPPED = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)

_CONTAINER = re.compile(r'\b(namespace|class|struct|union|enum)\b|\bextern\s*""\s*$')
_MEMBER_VALUE = re.compile(r'\)\s*(?:noexcept\s*)?:(?!:).*[\w>]$', re.DOTALL)  # `S() : a_` before `{1}`
_NAME = re.compile(r'(operator[^\s\w(]*|[~\w:]+)\s*\(')


def code_only(text):
    """The text with comments and the insides of literals blanked; line numbers stay."""
    def blank(match):
        piece = match.group(0)
        kept = '""' if '"' in piece[:20] and not piece.startswith('/') else ' '
        return kept + '\n' * piece.count('\n')
    return _SKIPPED.sub(blank, text)


def functions(text):
    """Yields (name, number of lines of its body) for every function outside functions."""
    code = re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*',
                  lambda m: '\n' * m.group(0).count('\n'), code_only(text), flags=re.MULTILINE)
    head_start = 0
    opened = []  # one entry per open brace: (kind, name, position)
    for match in re.finditer(r'[{};]', code):
        inside = any(kind == 'body' for kind, _, _ in opened)
        mark = match.group(0)
        if mark == '{':
            head = code[head_start:match.start()]
            kind = _kind(head, inside)
            opened.append((kind, _name(head) if kind == 'body' else '', match.start()))
        elif mark == '}' and opened:
            kind, name, start = opened.pop()
            if kind == 'body':
                yield name, code.count('\n', start, match.start()) + 1
        else:
            kind = opened[-1][0] if opened else 'end'
        if kind != 'value':  # else the statement that holds `= {...}` goes on
            head_start = match.end()


def _kind(head, inside):
    head = head.strip()
    if inside:
        return 'block'
    if head.endswith(('=', ',', '(', 'return')) or head.count('(') > head.count(')'):
        return 'value'
    if _MEMBER_VALUE.search(head):
        return 'value'
    if _CONTAINER.search(head) and not re.search(r'\)\s*(const|noexcept|override|final|\s)*$', head):
        return 'container'
    return 'body' if '(' in head else 'value'


def _name(head):
    # In a constructor's head the last call is an initialiser: the first name is the function's.
    found = _NAME.search(head)
    return found.group(1) if found else ''
