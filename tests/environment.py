"""Python packages for a test, in an environment of its own under build/: no other needs them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def enter(name, packages, imports):
    """Runs this script again where the packages are; made once. Without a network, the test is skipped."""
    folder = ROOT / f'build/{name}-venv'
    python = folder / 'bin/python'
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    probe = [python, '-c', f'import {imports}']
    if not python.exists() or subprocess.run(probe, check=False, capture_output=True).returncode:
        shutil.rmtree(folder, ignore_errors=True)
        for command in ([sys.executable, '-m', 'venv', folder],
                        [python, '-m', 'pip', 'install', '--quiet',
                         '--disable-pip-version-check', *packages]):
            made = subprocess.run(command, check=False, capture_output=True, text=True)
            if made.returncode:
                shutil.rmtree(folder, ignore_errors=True)
                last = (made.stdout + made.stderr).strip().splitlines() or ['no reason given']
                print(f'skip {name}: {" ".join(packages)} cannot be installed: {last[-1]}')
                sys.exit(0)
    os.execv(python, [str(python), *sys.argv])
