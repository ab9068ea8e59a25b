#!/usr/bin/env python3
"""Tests of ./fdl on a stand-in project: the same targets, made by `cp`, and a fake apt-get."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATASET = 'dataset=/usr/share/datasets/fashion-mnist'

CMAKE = '''\
cmake_minimum_required(VERSION 3.25)
project(standin LANGUAGES NONE)
set(bin ${CMAKE_BINARY_DIR}/bin)
function(made name)
  add_custom_command(OUTPUT ${bin}/${name} DEPENDS ${CMAKE_SOURCE_DIR}/${name}.sh VERBATIM
    COMMAND sh ${CMAKE_SOURCE_DIR}/${name}.sh --made
    COMMAND cp ${CMAKE_SOURCE_DIR}/${name}.sh ${bin}/${name})
  add_custom_target(make_${name} DEPENDS ${bin}/${name})
endfunction()
made(fdl)
made(fdl-engine)
add_custom_target(fdl_front DEPENDS make_fdl)
add_custom_target(fdl_all DEPENDS fdl_front)
if(EXISTS ${CMAKE_SOURCE_DIR}/libtorch/.active)
  add_dependencies(fdl_all make_fdl-engine)
endif()
'''

FDL = '''\
#!/bin/sh
[ "$*" != --made ] || { echo fdl >>../made; exit 0; }
[ "$*" != 'config get commands.quick' ] || exit 0
[ "$*" != 'config get commands.test' ] || exit 0
if [ "$*" = 'libtorch install' ]; then
  mkdir -p libtorch/precompiled/cpu/lib
  : >libtorch/precompiled/cpu/lib/libtorch_cpu.so
  echo precompiled/cpu >libtorch/.active
  echo 'libtorch is here'
  exit
fi
pwd
printf '[%s]' "$@"
exit 7
'''


class Project:
    """A checkout in a path with spaces, and the programs it may call."""

    def __init__(self, outer):
        self.root = Path(outer).resolve() / 'a check out'
        self.tools = Path(outer).resolve() / 'tools'
        for folder in (self.root / 'build', self.root / 'sub', self.tools, self.root / 'home'):
            folder.mkdir(parents=True)
        self.write('CMakeLists.txt', CMAKE)
        self.write('fdl.sh', FDL)
        self.write('fdl-engine.sh', 'echo fdl-engine >>../made\n')
        shutil.copy(ROOT / 'CMakePresets.json', self.root)
        script = (ROOT / 'fdl').read_text(encoding='utf-8')
        assert DATASET in script
        self.write('fdl', script.replace(DATASET, 'dataset=$root/dataset'))
        self.write('dataset/images', '')
        self.tool('apt-get', f'echo "$@" >>"{self.root}/apt.log"')
        self.tool('sudo', '"$@"')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
        path.chmod(0o755)

    def tool(self, name, line):
        path = self.tools / name
        path.write_text(f'#!/bin/sh\n{line}\n', encoding='utf-8')
        path.chmod(0o755)

    def start(self, *words, folder=None, **variables):
        environment = dict(os.environ)
        for name in ('FDL_NO_INSTALL', 'FDL_HOME', 'CCACHE_DIR'):
            environment.pop(name, None)
        environment |= {'PATH': f'{self.tools}:{environment["PATH"]}',
                        'HOME': str(self.root / 'home')} | variables
        environment = {name: text for name, text in environment.items() if text is not None}
        return subprocess.Popen([self.root / 'fdl', *words], cwd=folder or self.root,
                                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def call(self, *words, **options):
        """(exit code, standard output, standard error)"""
        process = self.start(*words, **options)
        out, err = process.communicate()
        return process.returncode, out, err

    def made(self):
        path = self.root / 'build/made'
        return path.read_text(encoding='utf-8').split() if path.exists() else []

    def apt(self):
        path = self.root / 'apt.log'
        return path.read_text(encoding='utf-8').splitlines() if path.exists() else []


def it_becomes_the_built_program(project):
    folder = project.root / 'sub'
    code, out, err = project.call('check', 'two words', '', folder=folder)
    assert (code, out) == (7, f'{folder}\n[check][two words][]'), (code, out, err)
    assert project.made() == ['fdl']
    assert project.call('check', folder='/') == (7, '/\n[check]', '')  # silent when nothing is to do


def only_what_computes_needs_libtorch(project):
    for words in ((), ('check', 'x.yml'), ('explain',), ('config', 'show'), ('version',), ('help',),
                  ('libtorch', 'list'), ('run', '--help'), ('run', '--dry-run'), ('lint',),
                  ('--version',), ('@x', 'check'), ('mistyped',)):
        project.call(*words)
    assert project.made() == ['fdl']
    code, out, err = project.call('@check', 'quick')
    assert code == 7 and 'libtorch is here' in err and out.endswith('quick]'), (out, err)
    assert project.made() == ['fdl', 'fdl-engine']
    for words in (('run',), ('quick',), ('mistyped',), ('check',)):
        assert project.call(*words)[2] == '', words


def a_libtorch_that_somebody_else_installed_is_used(project):
    project.call('check')
    subprocess.run([project.root / 'build/release/bin/fdl', 'libtorch', 'install'],
                   cwd=project.root, capture_output=True)
    assert 'libtorch is here' not in project.call('run')[2]
    assert project.made() == ['fdl', 'fdl-engine']


def a_damaged_libtorch_is_installed_again(project):
    project.call('run')
    shutil.rmtree(project.root / 'libtorch/precompiled')
    assert 'libtorch is here' in project.call('run')[2]


def changes_are_built(project):
    project.call('check')
    project.write('fdl.sh', FDL.replace('exit 7', 'exit 8'))
    assert project.call('check')[0] == 8


def a_failing_step_is_told_and_ends_with_3(project):
    project.write('fdl.sh', 'echo broken source; exit 1\n')
    code, out, err = project.call('check')
    assert (code, out) == (3, '') and 'broken source' in err and 'building failed' in err, err
    project.write('fdl.sh', FDL.replace('precompiled/cpu/lib\n', 'precompiled/cpu/lib; exit 1\n'))
    code, out, err = project.call('run')
    assert (code, out) == (3, '') and 'libtorch is not installed' in err, err
    project.write('CMakeLists.txt', 'message(FATAL_ERROR "no such project")\n')
    shutil.rmtree(project.root / 'build')
    code, out, err = project.call('run')
    assert (code, out) == (3, '') and 'no such project' in err and 'configuring failed' in err, err


def a_home_is_not_needed(project):
    for home in (None, '', '/nonexistent'):
        shutil.rmtree(project.root / 'build', ignore_errors=True)
        (project.root / 'build').mkdir()
        assert project.call('check', HOME=home)[0] == 7, home


def several_at_once_build_once(project):
    project.write('fdl.sh', FDL.replace('made; exit 0', 'made; sleep 0.5; exit 0'))
    started = [project.start('check') for _ in range(4)]
    ended = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [7] * 4, ended
    assert project.made() == ['fdl']


def missing_packages_are_installed(project):
    project.tool('python3', '[ "$2" != pip ]')  # python3 without pip
    code, _, err = project.call('check')
    assert code == 7 and 'fdl: missing Debian packages: python3-pip' in err, err
    assert project.apt()[0] == 'update'
    assert project.apt()[1].startswith('install -y --no-install-recommends python3-pip'), project.apt()
    assert len(project.apt()) == 2
    project.call('check')
    assert len(project.apt()) == 2  # asked once


def fdl_no_install_only_prints(project):
    project.tool('python3', 'exit 1')
    code, out, err = project.call('check', FDL_NO_INSTALL='1')
    assert (code, out, project.apt()) == (3, '', [])
    assert 'apt-get update && ' in err and 'python3-pip' in err and 'nothing was installed' in err
    assert project.made() == []
    assert project.call('check', FDL_NO_INSTALL='1')[0] == 3  # still missing


def apt_that_fails_ends_with_3(project):
    project.tool('python3', 'exit 1')
    project.tool('apt-get', 'exit 100')
    code, out, err = project.call('check')
    assert (code, out) == (3, '') and 'could not install' in err, err


def the_data_set_comes_with_the_default_job(project):
    project.call('run')
    shutil.rmtree(project.root / 'dataset')
    for words, folder in ((('check',), None), (('run', 'other.yml'), None), (('mistyped',), None),
                          (('run', '--help'), None), (('run',), '/')):
        project.call(*words, folder=folder)
        assert project.apt() == [], words
    for words in (('run',), ('test',), ('run', 'quick', '--', 'x.yml')):
        project.call(*words)
        assert project.apt() == ['update', 'install -y --no-install-recommends '
                                 'dataset-fashion-mnist'], (words, project.apt())
        (project.root / 'apt.log').unlink()


TESTS = [it_becomes_the_built_program, only_what_computes_needs_libtorch,
         a_libtorch_that_somebody_else_installed_is_used, a_damaged_libtorch_is_installed_again,
         changes_are_built, a_failing_step_is_told_and_ends_with_3, a_home_is_not_needed,
         several_at_once_build_once, missing_packages_are_installed, fdl_no_install_only_prints,
         apt_that_fails_ends_with_3, the_data_set_comes_with_the_default_job]


def main():
    parser = argparse.ArgumentParser(description='Tests of ./fdl')
    parser.add_argument('--build')  # every script is given one; this needs none
    parser.parse_args()
    failed = False
    for test in TESTS:
        with tempfile.TemporaryDirectory() as outer:
            try:
                test(Project(outer))
                print(f'ok {test.__name__}')
            except Exception:  # whatever it is, it is this test's failure
                failed = True
                print(f'not ok {test.__name__}: see below')
                print('  ' + traceback.format_exc().replace('\n', '\n  '))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
