#!/usr/bin/env python3
"""Compiles the module that docs/guide/add-a-module.md walks through, with the flags of a real one,
and has `fdl check` read every YAML block of the guides that is a whole manifest.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why`, as tests/run.py reads them.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / 'docs/guide/add-a-module.md'
NAME = 'guide/add_a_module compiles'
FILES = ('lib/catalog/modules/leaky_square.h', 'lib/nn/modules/leaky_square.cpp')


def command_of(build):
    """The compiler's words for a source of lib/nn, without its input, output and header; or None."""
    for entry in json.loads((build / 'compile_commands.json').read_text(encoding='utf-8')):
        if '/fdl_nn.dir/' in entry['command'] and not entry['file'].endswith('.hxx.cxx'):
            words = shlex.split(entry['command'])
            words = words[next(i for i, w in enumerate(words) if re.search(r'(^|/)(c|g|clang)\+\+', w)):]
            for flag, count in (('-o', 2), ('-c', 2), ('-include', 2), ('-MF', 2), ('-MT', 2), ('-MD', 1),
                                ('-fpch-preprocess', 1)):
                while flag in words:
                    at = words.index(flag)
                    del words[at:at + count]
            return words, entry['directory']
    return None


def check_manifests(build):
    """Whether all blocks that begin a manifest check."""
    fine = True
    for guide in sorted(GUIDE.parent.glob('*.md')):
        blocks = re.findall(r'^```yaml\n(.*?)^```', guide.read_text(encoding='utf-8'),
                            re.MULTILINE | re.DOTALL)
        for number, block in enumerate(b for b in blocks if re.match(r'(model|description):', b)):
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, 'fdl.yml').write_text(block, encoding='utf-8')
                done = subprocess.run([build / 'bin/fdl', 'check', '--no-data'], cwd=folder, text=True,
                                      check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            name = f'guide/{guide.stem} manifest {number} checks'
            print(f'not ok {name}: {done.stdout}' if done.returncode else f'ok {name}')
            fine = fine and done.returncode == 0
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    build = parser.parse_args().build.resolve()
    failed = not check_manifests(build)
    return compile_module(build) or int(failed)


def compile_module(build):
    text = GUIDE.read_text(encoding='utf-8')
    blocks = re.findall(r'^```cpp\n(.*?)^```', text, re.MULTILINE | re.DOTALL)
    if len(blocks) != len(FILES) or any(f'`{name}`' not in text for name in FILES):
        print(f'not ok {NAME}: it has {len(blocks)} blocks of C++ and should name {FILES}')
        return 1
    found = command_of(build)
    if found is None:
        print(f'skip {NAME}: the engine is not built')
        return 0
    words, folder = found
    with tempfile.TemporaryDirectory() as temporary:
        for name, block in zip(FILES, blocks):
            path = Path(temporary, name)
            path.parent.mkdir(parents=True)
            path.write_text(block, encoding='utf-8')
        done = subprocess.run([words[0], f'-I{temporary}', *words[1:], '-fsyntax-only',
                               Path(temporary, FILES[1])], cwd=folder, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(f'ok {NAME}' if done.returncode == 0 else f'not ok {NAME}: {done.stdout}')
    return done.returncode and 1


if __name__ == '__main__':
    sys.exit(main())
