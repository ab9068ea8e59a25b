"""The rules of the house. Each takes a House and yields one sentence per breach."""

import re

import cpp_text

MOST_FILE_LINES = 500
MOST_FUNCTION_LINES = 60
MOST_README_LINES = 40
EXCEPTIONS = 'tests/arch/exceptions.txt'

# Who may write to standard output or error directly; all others go through the command's Context.
_MAY_PRINT = ('commands/', 'tests/', 'bench/', 'lib/base/check.cpp')
_PRINTS = re.compile(
    r'std::(cout|cerr|clog)\b|\b(printf|puts|putchar|perror)\s*\('
    r'|\bf(printf|puts|putc|write)\s*\(.*\b(stdout|stderr)\b|\bfmt::print\s*\(')
# Tests of the machinery name codes that nothing in them provokes: there only FDL1234 counts, in the
# title of a test that does provoke it.
_MAKES_CODES_UP = ('tests/unit/base/',)
_NAMES_ANY_CODE = ('tests/arch/', 'tests/unit/base/diagnostic_test.cpp')
_TORCH = re.compile(r'^(torch|ATen|c10|caffe2)/')


def table_matches_folders(house):
    on_disk = {f'lib/{path.name}' for path in (house.root / 'lib').iterdir() if path.is_dir()}
    in_table = {folder for folder in house.level if folder.startswith('lib/')}
    for folder in sorted(on_disk - in_table):
        yield f'{folder} is missing in the table of docs/architecture.md'
    for folder in sorted(in_table - on_disk):
        yield f'the table of docs/architecture.md names {folder}, which does not exist'


def named_paths_exist(house):
    text = (house.root / 'docs/architecture.md').read_text(encoding='utf-8')
    for path in re.findall(r'`((?:lib|commands|tests|docs|cmake|manifests)/[\w./-]*)`', text):
        if 'NAME' not in path and not (house.root / path).exists():
            yield f'docs/architecture.md names {path}, which does not exist'


def includes_point_down(house):
    for path in house.cpp:
        own = house.folder_of(path)
        for line, _, name in house.includes(path):
            other = house.folder_of(name)
            if own not in house.level or other not in house.level or other == own:
                continue
            if house.level[other] >= house.level[own]:
                yield (f'{path}:{line}: {own} (level {house.level[own]}) may not include {other} '
                       f'(level {house.level[other]})')


def library_does_not_know_tests(house):
    for path in house.cpp:
        for line, _, name in house.includes(path):
            if not path.startswith('tests/') and name.startswith('tests/'):
                yield f'{path}:{line}: includes a file of the tests'


def torch_only_where_allowed(house):
    for path in house.cpp:
        if path.startswith(('tests/', 'bench/')) or house.may_use_torch(path):
            continue
        for line, _, name in house.includes(path):
            if _TORCH.match(name):
                yield f'{path}:{line}: includes <{name}>, but {house.folder_of(path)} is torch-free'


def torch_folders_stay_out_of_torch_free_ones(house):
    # commands/ has level 10, so levels alone would let `fdl` itself include the torch half.
    for path in house.cpp:
        if path.startswith(('tests/', 'bench/')) or house.may_use_torch(path):
            continue
        for line, _, name in house.includes(path):
            if house.may_use_torch(name):
                yield f'{path}:{line}: is torch-free but includes "{name}", which is not'


def includes_are_from_the_root(house):
    for path in house.cpp:
        for line, quote, name in house.includes(path):
            generated = name.startswith('generated/')
            if quote == '"' and not generated and not (house.root / name).is_file():
                yield f'{path}:{line}: "{name}" is no path from the root of the repository'


def headers_have_pragma_once(house):
    for path in house.cpp:
        if path.endswith('.h') and '#pragma once' not in house.text(path).splitlines():
            yield f'{path}: has no "#pragma once"'


def no_using_namespace(house):
    for path in house.cpp:
        for line, _ in house.hits(path, re.compile(r'\busing\s+namespace\b')):
            yield f'{path}:{line}: using namespace'


def printing_has_one_way_out(house):
    for path in house.cpp:
        if path.startswith(_MAY_PRINT):
            continue
        for line, text in house.hits(path, _PRINTS):
            yield f'{path}:{line}: prints by itself: {text}'


def sizes(house):
    """Files and functions; what tests/arch/exceptions.txt excuses must need the excuse."""
    excused = dict(_exceptions(house))
    for name, reason in excused.items():
        if not reason:
            yield f'{EXCEPTIONS}: {name} has no reason'
    too_large = dict(_too_large(house))
    for name, sentence in too_large.items():
        if name not in excused:
            yield sentence
    for name in excused.keys() - too_large.keys():
        yield f'{EXCEPTIONS}: {name} needs no exception; remove the line'


def _exceptions(house):
    path = house.root / EXCEPTIONS
    for line in path.read_text(encoding='utf-8').splitlines() if path.is_file() else []:
        if line.strip() and not line.startswith('#'):
            name, _, reason = line.partition(' ')
            yield name, reason.strip()


def _too_large(house):
    for path in house.sources:
        num_lines = len(house.text(path).splitlines())
        if num_lines > MOST_FILE_LINES:
            yield path, f'{path}: {num_lines} lines, the limit is {MOST_FILE_LINES}'
    for path in house.cpp:
        for name, num_lines in cpp_text.functions(house.text(path)):
            if num_lines > MOST_FUNCTION_LINES:
                yield (f'{path}:{name}',
                       f'{path}: {name} has {num_lines} lines, the limit is {MOST_FUNCTION_LINES}')


def folders_are_complete(house):
    for folder in sorted(house.level):
        if not folder.startswith('lib/'):
            continue
        if not (house.root / folder / 'CMakeLists.txt').is_file():
            yield f'{folder}: has no CMakeLists.txt'
        readme = house.root / folder / 'README.md'
        if not readme.is_file():
            yield f'{folder}: has no README.md'
        elif len(readme.read_text(encoding='utf-8').splitlines()) > MOST_README_LINES:
            yield f'{folder}/README.md: more than {MOST_README_LINES} lines'


def lists_are_complete(house):
    """A list x.inc beside a folder x names exactly the headers in it, and each has its torch half."""
    for listed in sorted((house.root / 'lib').rglob('*.inc')):
        folder = listed.with_suffix('')
        if not folder.is_dir():
            continue
        name = folder.relative_to(house.root).as_posix()
        names = set(re.findall(r'^[A-Z_]+\((\w+)', listed.read_text(encoding='utf-8'), re.MULTILINE))
        headers = {path.stem for path in folder.glob('*.h')}
        for word in sorted(headers - names):
            yield f'{name}.inc: {word} is missing, though {name}/{word}.h is there'
        for word in sorted(names - headers):
            yield f'{name}.inc: names {word}, but there is no {name}/{word}.h'
        other = house.root / 'lib/nn' / folder.name
        for word in sorted(names if other.is_dir() else ()):
            if not (other / f'{word}.cpp').is_file():
                yield f'{name}.inc: {word} has no lib/nn/{folder.name}/{word}.cpp'


def every_code_is_tested(house):
    codes = re.findall(r'^FDL_CODE\((\w+),\s*(\d+)', house.text('lib/base/codes.inc'), re.MULTILINE)
    if not codes:
        yield 'lib/base/codes.inc: no FDL_CODE line found'
    named = set()
    for path in (house.root / 'tests').rglob('*'):
        name = path.relative_to(house.root).as_posix()
        if path.is_file() and not name.startswith(_NAMES_ANY_CODE):
            pattern = r'FDL\d{4}' if name.startswith(_MAKES_CODES_UP) else r'FDL\d{4}|Code::\w+'
            named.update(re.findall(pattern, path.read_text(encoding='utf-8', errors='replace')))
    for name, number in codes:
        if f'FDL{number}' not in named and f'Code::{name}' not in named:
            yield f'FDL{number} ({name}): no golden case and no test names it'


ALL = [table_matches_folders, named_paths_exist, includes_point_down, library_does_not_know_tests,
       torch_only_where_allowed, torch_folders_stay_out_of_torch_free_ones,
       includes_are_from_the_root, headers_have_pragma_once, no_using_namespace,
       printing_has_one_way_out, sizes, folders_are_complete, lists_are_complete,
       every_code_is_tested]
