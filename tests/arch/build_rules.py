"""What only the build folder can tell: everything is compiled, and `fdl` itself stays light."""

import json
import re
import subprocess
from pathlib import Path

_HEAVY = ('torch', 'libc10', 'libcurl', 'libarchive', 'libicu', 'sentencepiece')


def _compiled(house, build):
    """Sources the build compiles, as paths from the root (or from the build folder)."""
    paths = set()
    for entry in json.loads((build / 'compile_commands.json').read_text(encoding='utf-8')):
        path = Path(entry['directory'], entry['file']).resolve()
        if path.parent.name == 'Unity':  # CMake's bunch of sources that are compiled together
            text = path.read_text(encoding='utf-8')
            paths.update(Path(inner) for inner in re.findall(r'^#include "(.+)"$', text, re.MULTILINE))
        paths.add(path)
    out = set()
    for path in paths:
        base = build if path.is_relative_to(build) else house.root
        out.add(path.relative_to(base).as_posix())
    return out


def _is_optional(house, path):
    """Whether it is of a library whose package may not be on this machine, and the build knows it."""
    rules = (house.root / path).parent / 'CMakeLists.txt'
    name = Path(path).name
    return name.endswith('_plugin.cpp') and name in rules.read_text(encoding='utf-8')


def every_source_is_compiled(house, build):
    compiled = _compiled(house, build)
    with_torch = any(house.may_use_torch(path) for path in compiled)
    for path in house.cpp:
        if not path.endswith('.cpp') or not path.startswith(('lib/', 'commands/')):
            continue
        if path not in compiled and not _is_optional(house, path) and (with_torch or not house.may_use_torch(path)):
            yield f'{path}: no CMakeLists.txt compiles it'


def every_header_compiles_alone(house, build):
    compiled = _compiled(house, build)
    for path in house.cpp:
        ours = path.startswith(('lib/', 'commands/')) and path.endswith('.h')
        if ours and not house.may_use_torch(path):
            if f'tests/arch/headers/{path}.cpp' not in compiled:
                yield f'{path}: not among the headers compiled alone; run cmake once more'


def front_links_nothing_heavy(house, build):
    listed = subprocess.run(['ldd', build / 'bin/fdl'], capture_output=True, text=True)
    if listed.returncode != 0:
        yield f'ldd cannot read {build}/bin/fdl: {listed.stderr.strip()}'
    for line in listed.stdout.splitlines():
        if any(word in line.split('=>')[0] for word in _HEAVY):
            yield f'fdl links {line.strip()}'


def kinds_of_cpu_stay_apart(_, build):
    """The linker keeps one of several weak functions: one with AVX-512 would end on every CPU.
    Those in a namespace of libtorch's that bears the kind's name are that kind's alone."""
    folder = build / 'lib/kernels/CMakeFiles/fdl_kernels.dir'
    for built in sorted([*folder.glob('rows_avx*.o'), *folder.glob('tiles_amx*.o')]):
        listed = subprocess.run(['nm', '--demangle', built], capture_output=True, text=True,
                                check=True).stdout
        for line in listed.splitlines():
            kind, _, symbol = line[17:].partition(' ')
            own = 'at::vec::' + built.name.removeprefix('rows_').split('.')[0].upper() + '::'
            if kind in ('W', 'V', 'u') and not symbol.startswith(own):
                yield f'{built.name}: weak: {symbol}'


ALL = [every_source_is_compiled, every_header_compiles_alone, front_links_nothing_heavy,
       kinds_of_cpu_stay_apart]
