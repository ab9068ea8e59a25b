"""Small houses that break one rule each: proof that the rules can fail."""

TABLE = '''\
| level | folder | knows | torch |
|---|---|---|---|
| 0 | `lib/low` | a | no |
| 1 | `lib/left` `lib/right` | b | no |
| 2 | `lib/deep` | c | yes |
| 3 | `commands` | d | engine only |
'''

_LONG_FUNCTION = 'int f(int x) {\n' + '  x += 1;\n' * 60 + '  return x;\n}\n'
_SHORT_FUNCTIONS = 'int g() { return 1; }\n' * 70  # many short ones are no long one

# A house in which every rule holds; a counterexample adds or replaces files.
SOUND = {
    'docs/architecture.md': TABLE,
    'lib/base/codes.inc': 'FDL_CODE(Bad, 1001, "t", "e")\n',
    'tests/golden/x/stderr': 'error[FDL1001]: bad\n',
    'tests/arch/exceptions.txt': '# none\n',
    'lib/low/a.h': '#pragma once\n// std::cout is only named here; "using namespace" too\n',
    'lib/low/a.cpp': '#include "lib/low/a.h"\nconst char* s = "printf(std::cerr)";\n' + _SHORT_FUNCTIONS,
    'lib/left/b.cpp': '#include "lib/low/a.h"\n',
    'lib/right/c.cpp': '#include <vector>\n',
    'lib/deep/d.h': '#pragma once\n#include <ATen/ATen.h>\n',
    'commands/main.cpp': '#include "lib/left/b.h"\nint main() { std::cout << 1; }\n',
    'lib/left/b.h': '#pragma once\n',
    'lib/low/kinds.inc': 'KIND(one)\n',
    'lib/low/kinds/one.h': '#pragma once\n',
    'lib/nn/kinds/one.cpp': '',
    'lib/nn/README.md': 'what it is\n',
    'lib/nn/CMakeLists.txt': '\n',
    'commands/engine/main.cpp': '#include "lib/deep/d.h"\n',
}
for _folder in ('base', 'low', 'left', 'right', 'deep'):
    SOUND[f'lib/{_folder}/README.md'] = 'what it is\n'
    SOUND[f'lib/{_folder}/CMakeLists.txt'] = '\n'
SOUND['docs/architecture.md'] += '| 0 | `lib/base` | e | no |\n| 2 | `lib/nn` | f | yes |\n'

# (the rule that must speak, the files that break it, words that its sentence must hold)
BROKEN = [
    ('table_matches_folders', {'lib/extra/x.cpp': ''}, 'lib/extra is missing'),
    ('table_matches_folders', {'docs/architecture.md': SOUND['docs/architecture.md'] +
                               '| 7 | `lib/ghost` | x | no |\n'}, 'names lib/ghost'),
    ('named_paths_exist', {'docs/architecture.md': SOUND['docs/architecture.md'] +
                           'see `lib/low/gone.h`'}, 'lib/low/gone.h'),
    ('lists_are_complete', {'lib/low/kinds/two.h': '#pragma once\n'}, 'two is missing'),
    ('lists_are_complete', {'lib/low/kinds.inc': 'KIND(one)\nKIND(three)\n'},
     'no lib/low/kinds/three.h'),
    ('lists_are_complete', {'lib/nn/kinds/one.cpp': None, 'lib/nn/kinds/x.cpp': ''},
     'no lib/nn/kinds/one.cpp'),
    ('includes_point_down', {'lib/low/a.cpp': '#include "lib/left/b.h"\n'}, 'lib/low/a.cpp:1'),
    ('includes_point_down', {'lib/right/c.cpp': '\n  #include "lib/left/b.h"\n'},
     'lib/right/c.cpp:2'),
    ('includes_point_down', {'lib/left/b.cpp': '#include "commands/x.h"\n'}, 'commands (level 3)'),
    ('library_does_not_know_tests', {'lib/low/a.cpp': '#include "tests/t.h"\n'}, 'lib/low/a.cpp:1'),
    ('torch_only_where_allowed', {'lib/low/a.cpp': '#include <c10/util/Half.h>\n'}, 'torch-free'),
    ('torch_only_where_allowed', {'commands/main.cpp': '#include <torch/torch.h>\n'}, 'torch-free'),
    ('torch_folders_stay_out_of_torch_free_ones',
     {'commands/main.cpp': '#include "lib/deep/d.h"\n'}, 'commands/main.cpp:1'),
    ('includes_are_from_the_root', {'lib/low/a.cpp': '#include "a.h"\n'}, '"a.h"'),
    ('includes_are_from_the_root', {'lib/low/a.cpp': '#include "../left/b.h"\n'}, '"../left/b.h"'),
    ('headers_have_pragma_once', {'lib/low/a.h': '// #pragma once\n'}, 'lib/low/a.h'),
    ('no_using_namespace', {'tests/t.cpp': 'using namespace std;\n'}, 'tests/t.cpp:1'),
    ('printing_has_one_way_out', {'lib/low/a.cpp': 'void f() { std::cerr << 1; }\n'}, 'a.cpp:1'),
    ('printing_has_one_way_out', {'lib/low/a.cpp': 'void f() { fputs("x", stderr); }\n'}, 'a.cpp:1'),
    ('sizes', {'lib/low/a.cpp': '//\n' * 501}, '501 lines'),
    ('sizes', {'lib/low/a.cpp': 'namespace fdl {\n' + _LONG_FUNCTION + '}\n'}, 'f has 63 lines'),
    ('sizes', {'lib/low/a.cpp': 'struct S {\n  S() : a_{1}, b_(2) {\n' + '  x();\n' * 60 + '}\n};\n'},
     'S has 62 lines'),
    ('sizes', {'tests/arch/exceptions.txt': 'lib/low/a.cpp because\n'}, 'needs no exception'),
    ('sizes', {'lib/low/a.cpp': '//\n' * 501, 'tests/arch/exceptions.txt': 'lib/low/a.cpp\n'},
     'has no reason'),
    ('folders_are_complete', {'lib/low/README.md': None}, 'lib/low: has no README.md'),
    ('folders_are_complete', {'lib/low/README.md': 'x\n' * 41}, 'more than 40'),
    ('folders_are_complete', {'lib/low/CMakeLists.txt': None}, 'no CMakeLists.txt'),
    ('every_code_is_tested', {'tests/golden/x/stderr': 'all is well\n'}, 'FDL1001'),
    ('every_code_is_tested', {'tests/golden/x/stderr': '', 'tests/arch/x.py': 'FDL1001'}, 'FDL1001'),
    ('every_code_is_tested', {'tests/golden/x/stderr': '', 'tests/unit/base/x.cpp': 'Code::Bad'},
     'FDL1001'),
    ('every_code_is_tested', {'lib/base/codes.inc': '\n'}, 'no FDL_CODE line'),
]
