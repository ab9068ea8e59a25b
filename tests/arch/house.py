"""The sources as the architecture test sees them: the level table and every file of ours."""

import functools
import re
from pathlib import Path

import cpp_text

_ROW = re.compile(r'^\|\s*(\d+)\s*\|([^|]*)\|[^|]*\|([^|]*)\|\s*$', re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


class House:
    def __init__(self, root):
        self.root = Path(root)
        self.level = {}
        self.torch = {}
        table = self.root / 'docs/architecture.md'
        for level, folders, torch in _ROW.findall(table.read_text(encoding='utf-8')):
            for folder in re.findall(r'`([\w/]+)`', folders):
                self.level[folder] = int(level)
                self.torch[folder] = torch.strip()

    def folder_of(self, path):
        """'lib/graph' for lib/graph/deep/x.h, 'commands' for commands/run.cpp."""
        parts = path.split('/')
        return '/'.join(parts[:2]) if parts[0] == 'lib' else parts[0]

    def may_use_torch(self, path):
        word = self.torch.get(self.folder_of(path), 'no')
        if word == 'engine only':
            return path.startswith('commands/engine/')
        return word == 'yes'

    @functools.cached_property
    def sources(self):
        """Paths from the root, of everything in C++ and Python that we write."""
        found = []
        for top in ('lib', 'commands', 'tests', 'bench'):
            for path in (self.root / top).rglob('*'):
                if path.suffix in ('.h', '.cpp', '.py', '.cu') and path.is_file():
                    found.append(path.relative_to(self.root).as_posix())
        return sorted(found)

    @property
    def cpp(self):
        return [path for path in self.sources if not path.endswith('.py')]

    @functools.cache
    def text(self, path):
        return (self.root / path).read_text(encoding='utf-8')

    @functools.cache
    def code(self, path):
        return cpp_text.code_only(self.text(path))

    def includes(self, path):
        """(line, '<' or '"', name) of each include, also those of .inc lists."""
        text = self.text(path)
        for match in _INCLUDE.finditer(text):
            yield text.count('\n', 0, match.start()) + 1, match.group(1), match.group(2)

    def hits(self, path, pattern):
        """Lines of the code (no comments, no strings) where the pattern is found."""
        for number, line in enumerate(self.code(path).splitlines(), 1):
            if pattern.search(line):
                yield number, line.strip()
