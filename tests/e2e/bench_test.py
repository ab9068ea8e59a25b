#!/usr/bin/env python3
"""`fdl bench` with the built engine, alone: no other framework is needed.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import json
import os
import subprocess
import sys

from run_test import ROOT, main, same
from run_test import Tests as RunTests


class Tests(RunTests):
    def bench(self, *words, expect=0, **variables):
        done = subprocess.run([self.fdl, 'bench', *words], cwd=ROOT, env=os.environ | variables, check=False,
                              capture_output=True, text=True)
        same(f'exit code\n{done.stderr}', done.returncode, expect)
        return done.stdout if expect == 0 else done.stderr

    def test_a_report_keeps_its_command_and_the_page_shows_it(self):
        report = str(self.folder / 'report.json')
        words = ['charl_mlp', '--peers', 'none', '--rounds', '2', '--epochs', '1', '--out', report]
        self.bench(*words, ATEN_CPU_CAPABILITY='avx2')
        with open(report, encoding='utf-8') as file:
            told = json.load(file)
        line = ' '.join(['ATEN_CPU_CAPABILITY=avx2 fdl bench', *words])
        same('command', told['command'], line)
        same('runs', [(run['arm'], run['round'], run['num_steps']) for run in told['jobs'][0]['runs']],
             [('fdl', 0, [32]), ('fdl', 1, [32])])
        page = self.bench('--table', report)
        assert f'\n    {line}\n' in page, page[:2000]
        assert f'tree: {told["versions"]["tree"]}' in page, page[:2000]

    def test_an_epoch_in_which_an_arm_compiles_is_no_measure_of_it(self):
        words = ['charl_mlp', '--python', sys.executable, '--rounds', '1', '--epochs', '1', '--peers']
        for arm in ('torch-compile', 'torch-compile-max', 'torch-compile-graphs', 'jax'):
            told = self.bench(*words, arm, expect=2)
            assert f"'{arm}' compiles in its first epoch, and --epochs 1 leaves no other" in told, told


if __name__ == '__main__':
    sys.exit(main(Tests))
