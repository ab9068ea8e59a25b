#!/usr/bin/env python3
"""Holds `fdl export --format onnx` to the engine: onnxruntime, given the exported model, computes
what the engine computes, to 1e-5 of the largest output. Subjects are every model of the zoo, the
constructs in constructs/, and the example of every module; those that ONNX cannot express are listed
below and are refused with FDL5221, which names the node.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why`, as tests/run.py reads them. Words name the
cases to run: zoo/mlp.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests'))
import environment  # noqa: E402  pylint: disable=wrong-import-position

PACKAGES = ['onnxruntime==1.32.0', 'numpy==2.4.6']
TOLERANCE = 1e-5
# Of these opset 17 has no operator, or no exact one: {case: a part of the refusal}.
REFUSED = {
    'constructs/parametrized': "its 'weight' is parametrized",
    'constructs/state': 'keeps nothing from call to call',
    'modules/local_response_norm': 'for [N, C, H, W] only',
    **{f'modules/{name}': 'opset 17 has nothing for it'
       for name in ('cumprod', 'disentangled_attention', 'fold', 'fractional_max_pool2d',
                    'fractional_max_pool3d', 'gaussian_blur', 'ponder', 'unfold')},
}


def load(path):
    """A safetensors file as arrays by name."""
    import numpy  # pylint: disable=import-outside-toplevel
    dtypes = {'F32': '<f4', 'F64': '<f8', 'F16': '<f2', 'I64': '<i8', 'I32': '<i4', 'BOOL': '?'}
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], 'little')
    header = json.loads(data[8:start])
    header.pop('__metadata__', None)
    return {name: numpy.frombuffer(data[start + entry['data_offsets'][0]:
                                        start + entry['data_offsets'][1]],
                                   dtypes[entry['dtype']]).reshape(entry['shape'])
            for name, entry in header.items()}


def export(build, folder, manifest):
    return subprocess.run([build / 'bin/fdl', 'export', 'weights.safetensors', '--model', manifest,
                           '--format', 'onnx', '--force'],
                          cwd=folder, check=False, capture_output=True, text=True)


def differences(folder):
    """What onnxruntime computes otherwise, one line each."""
    import numpy  # pylint: disable=import-outside-toplevel
    import onnxruntime  # pylint: disable=import-outside-toplevel
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(folder / 'model.onnx', options,
                                           providers=['CPUExecutionProvider'])
    values = load(folder / 'values.safetensors')
    wanted = {port.name for port in session.get_inputs()}
    given = {name.removeprefix('input.'): value for name, value in values.items()
             if name.startswith('input.') and name.removeprefix('input.') in wanted}
    names = [port.name for port in session.get_outputs()]
    for name, found in zip(names, session.run(names, given)):
        expected = values[f'output.{name}']
        if found.shape != expected.shape or found.dtype != expected.dtype:
            yield (f'{name} is {found.dtype}{list(found.shape)}, not '
                   f'{expected.dtype}{list(expected.shape)}')
            continue
        if not expected.size:
            continue
        a, b = found.astype('f8'), expected.astype('f8')
        off, largest = numpy.abs(a - b).max(), numpy.abs(b).max()
        if not off <= TOLERANCE * largest:
            yield f'{name} is off by {off:.3g} where the largest is {largest:.3g}'
    if len(names) != sum(name.startswith('output.') for name in values):
        yield f'it has the outputs {names}'


def check(build, folder, name):
    made = subprocess.run([build / 'tests/bin/onnx_reference', folder, name], check=False,
                          capture_output=True, text=True)
    if made.returncode:
        return f'the engine: {(made.stdout + made.stderr).strip()}'
    kind, last = name.split('/')
    places = {'zoo': ROOT / f'manifests/zoo/{last}.yml',
              'constructs': ROOT / f'tests/onnx/constructs/{last}.yml'}
    done = export(build, folder / name, places.get(kind, 'fdl.yml'))
    if name in REFUSED:
        fine = done.returncode == 2 and 'FDL5221' in done.stderr and REFUSED[name] in done.stderr
        return None if fine else f'it is not refused so: {done.stdout}{done.stderr}'
    if done.returncode:
        return done.stderr.strip()
    try:
        found = list(differences(folder / name))
    except Exception as error:  # pylint: disable=broad-exception-caught
        return f'onnxruntime: {error}'
    return '; '.join(found) or None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    parser.add_argument('names', nargs='*')
    arguments = parser.parse_args()
    environment.enter('onnx', PACKAGES, 'onnxruntime, numpy')
    build = arguments.build.resolve()
    if not (build / 'bin/libfdl_onnx.so').exists():
        print('skip onnx: this fdl was built without ONNX (libonnx-dev, libprotobuf-dev)')
        return
    reference = build / 'tests/bin/onnx_reference'
    if not reference.exists():
        print('skip onnx: the engine is not built')
        return
    names = subprocess.run([reference], check=True, capture_output=True, text=True).stdout.split()
    for name in REFUSED.keys() - set(names):
        print(f'not ok onnx {name}: there is no such case')
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(names):
            if arguments.names and name not in arguments.names:
                continue
            why = check(build, Path(folder), name)
            shutil.rmtree(Path(folder) / name, ignore_errors=True)
            print(f'not ok onnx {name}: {why}' if why else f'ok onnx {name}', flush=True)


if __name__ == '__main__':
    main()
