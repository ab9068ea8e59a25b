#!/usr/bin/env python3
"""Holds the JSON Schema for editors to `fdl check`: a validator that knows only the schema accepts
exactly what the first stage of the check accepts.

The first stage is the structure of a manifest: keys, types, ranges, choices, what is required. Its
findings are those of STRUCTURE that name no node; what a shape, a tag or a file says is the second
stage. Subjects are the zoo, the examples and the benchmarks, every example of the catalogue, every
entry that a job may name, and mutations of all of them: a key misspelt, added or taken away, a
value of another type or out of range.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why`, as tests/run.py reads them.
"""

import argparse
import copy
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests'))
import environment  # noqa: E402  pylint: disable=wrong-import-position

PACKAGES = ['jsonschema==4.26.0', 'ruamel.yaml==0.19.1']
STRUCTURE = {'FDL1007', 'FDL1009', 'FDL2001', 'FDL2002', 'FDL2003', 'FDL2004', 'FDL2005',
             'FDL2006', 'FDL2007', 'FDL2008', 'FDL2009', 'FDL3001', 'FDL3002', 'FDL3010', 'FDL3014',
             'FDL4001', 'FDL4002', 'FDL4010'}
# What these codes say of how parts of the manifest go together is the second stage too.
SECOND = re.compile(r"'target' of synthetic|synthetic sequences need|the data has no field|'top_k' must be between 1 and the|no input has an axis named")
# Of a node, and yet of the first stage: no module of its kind has such a tensor.
FIRST = re.compile(r"trains no tensor 'nonsense'")
SEED = 20260101
MUTANTS = 40  # of each manifest
JOB = {'model': {'inputs': {'x': 'f32[8]'}, 'flow': [{'linear': 3}]},
       'data': {'train': {'synthetic': {'kind': 'classification', 'samples': 8,
                                        'classes': 3}}},
       'training': {'steps': 1, 'loss': 'cross_entropy', 'optimizer': 'sgd'}}

# Each rule of training and output, in its longest form.
RULES = {**copy.deepcopy(JOB),
         'training': {
             'epochs': 2, 'batch_size': 4, 'loss': 'cross_entropy', 'accumulate': 2,
             'optimizer': {'adamw': {'lr': 0.01, 'groups': [{'match': '*.bias', 'lr': 0.1}]}},
             'schedule': {'plateau': {'metric': 'train/loss', 'trend': 'stalled', 'window': 3}},
             'nan': {'skip': {'max': 3}}, 'precision': 'bf16',
             'clip': [{'match': '*.bias', 'norm': 1.0, 'norm_type': 1}, {'value': 0.5}],
             'ema': {'decay': 0.9, 'warmup': True, 'every': 2}, 'spikes': {'z': 6, 'window': 9},
             'watchdog': {'factor': 10, 'least': 2, 'window': 20},
             'early_stop': {'metric': 'train/loss', 'mode': 'min', 'patience': 2,
                            'stalled': {'metric': 'train/loss', 'window': 3},
                            'converged': 'train/loss'},
             'phases': [{'name': 'first', 'freeze': ['*.weight'], 'lr': {'*.bias': 0.1,
                                                                         'default': 0.01},
                         'until': {'epochs': 1, 'metric': 'train/loss', 'reaches': 0.1}},
                        {'name': 'second', 'thaw': '*.weight', 'optimizer': 'adam',
                         'lr': 0.001, 'until': {'steps': 5,
                                                'stalled': {'metric': 'train/loss'},
                                                'converged': {'metric': 'train/loss',
                                                              'tolerance': 0.1}}}]},
         'output': {'checkpoint': {'every': '10 minutes', 'initial': True,
                                   'keep': {'last': 2, 'best': {'metric': 'train/loss'}}},
                    'samples': {'n': 2, 'every': '1 epoch'},
                    'observe': {'values': ['*.weight.norm', 'grad_norm'], 'every': '5 steps'}}}


class Subject:
    """A manifest as data, and the folder that its paths start from."""

    def __init__(self, name, data, folder):
        self.name, self.data, self.folder = name, data, folder


class Checker:
    """What `fdl check` says of data."""

    def __init__(self, build):
        self.fdl = build / 'bin/fdl'
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith('FDL_')}

    def findings(self, subject):
        """Lines of the first stage."""
        with tempfile.NamedTemporaryFile('w', suffix='.json', dir=subject.folder,
                                         encoding='utf-8') as file:
            json.dump(subject.data, file)
            file.flush()
            done = subprocess.run([self.fdl, 'check', '--no-data', '--json', file.name],
                                  cwd=subject.folder, env=self.environment, check=False,
                                  capture_output=True, text=True)
        if done.returncode not in (0, 2):
            return [f'exit {done.returncode}: {done.stderr.strip()}']
        found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]
        return [f'{d["code"]} {d["message"]}' for d in found
                if d['code'] in STRUCTURE and d['severity'] == 'error'
                and (not d.get('node') or FIRST.search(d['message']))
                and not SECOND.search(d['message'])
                and not (brings_inputs(subject.data) and d['code'] == 'FDL3014')]


def brings_inputs(data):
    """Whether a model without inputs begins with a module of its own, whose inputs may be its: which
    it is, and whether it has any, is the second stage."""
    model = data.get('model') if isinstance(data, dict) else None
    flow = model.get('flow') if isinstance(model, dict) else None
    if not isinstance(flow, list) or not flow or not isinstance(flow[0], dict):
        return False
    return 'use' in flow[0] and 'inputs' not in model


def manifests(folder):
    from ruamel.yaml import YAML  # pylint: disable=import-outside-toplevel
    reader = YAML(typ='safe', pure=True)
    reader.version = (1, 2)
    for path in sorted(folder.glob('*/*.yml')):
        data = reader.load(path.read_text(encoding='utf-8'))
        # Dates are texts in a manifest, and so is what JSON has no name for.
        yield Subject(str(path.relative_to(folder)), json.loads(json.dumps(data, default=str)),
                      path.parent)


def examples(checker, schema, folder):
    from ruamel.yaml import YAML  # pylint: disable=import-outside-toplevel
    reader = YAML(typ='safe', pure=True)
    for definition in schema['$defs']:
        if not definition.startswith('module.'):
            continue
        name = definition.removeprefix('module.')
        text = subprocess.run([checker.fdl, 'explain', name], check=True, capture_output=True,
                              text=True, cwd=folder).stdout
        step = reader.load(re.search(r'^example: (.*)$', text, re.MULTILINE).group(1))
        model = {'inputs': {'x': 'f32[8, 8]'}, 'flow': [{'linear': 4, 'tag': 'a'}, step]}
        yield Subject(f'example of {name}', {'model': model}, folder)


def entries(schema, folder):
    """Each entry by its bare name, with no parameters, and with one that it does not have."""
    places = {'loss': ('training', 'loss'), 'metric': ('training', 'metrics'),
              'optimizer': ('training', 'optimizer'), 'schedule': ('training', 'schedule'),
              'source': ('data', 'train')}
    for kind, (section, key) in places.items():
        branch = next(part for part in schema['$defs'][kind]['anyOf'] if 'oneOf' in part)
        for name in [one['required'][0] for one in branch['oneOf']]:
            for value in (name, {name: {}}, {name: None}, {name: {'nonsense': 1}},
                          {name: {}, 'another': {}}):
                data = copy.deepcopy(JOB)
                data[section][key] = value
                yield Subject(f'{kind} {json.dumps(value)}', data, folder)


def places_of(data, path=()):
    """The path of every value inside."""
    if path:
        yield path
    items = data.items() if isinstance(data, dict) else \
        enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from places_of(value, (*path, key))


def mutate(data, dice):
    """One thing changed: what it was, and the data; None where the dice fell badly."""
    out = copy.deepcopy(data)
    path = dice.choice(list(places_of(out)))
    parent = out
    for key in path[:-1]:
        parent = parent[key]
    key, value = path[-1], parent[path[-1]]
    kind = dice.choice(['misspell', 'type', 'range', 'extra', 'drop'])
    if kind == 'misspell' and isinstance(parent, dict):
        parent[f'{key}x'] = parent.pop(key)
    elif kind == 'type':
        parent[key] = dice.choice([[[1]], {'zzz': 1}, 'zzz', 1.5, True, []])
    elif kind == 'range' and isinstance(value, (int, float)) and not isinstance(value, bool):
        parent[key] = dice.choice([-1, 0, -0.5, 10 ** 12])
    elif kind == 'extra' and isinstance(value, dict):
        value['nonsense'] = 1
    elif kind == 'drop' and isinstance(parent, dict):
        del parent[key]
    else:
        return None
    return f'{kind} {".".join(map(str, path))}', out


# Values of `params`, and what `with` gives to them, go by `${...}` to places of any type, and are
# judged there; the names that `with` may have are the manifest's own. Whether either is a map at all is
# seen.
# Which tensors `init` may name is the node's to say.
UNSEEN = re.compile(r'\w+ (.*\.)?(with|params)\..|(extra|type) (.*\.)?(with|params)$'
                    r'|(drop|misspell) (.*\.)?params$|type (.*\.)?init$')
# What is rare among the places of a manifest gets mutations of its own.
SECTIONS = re.compile(r'\w+ (training\.(loss|metrics|optimizer|schedule)|data|commands'
                      r'|(.*\.)?(init|with|params|modules|freeze|tie|load|state)\b)')


def mutants(subject, dice, count, only=re.compile('')):
    tried = 0
    while count > 0 and tried < 20 * MUTANTS:
        tried += 1
        made = mutate(subject.data, dice)
        if made is None or UNSEEN.match(made[0]) or not only.match(made[0]):
            continue
        count -= 1
        yield Subject(f'{subject.name}: {made[0]}', made[1], subject.folder)


def hold(name, subjects, validator, checker):
    """One line for a group of subjects."""
    def verdicts(subject):
        wrong = [error.message[:200] for error in validator.iter_errors(subject.data)]
        return subject, wrong, checker.findings(subject)

    count, refused, differ = 0, 0, []
    with ThreadPoolExecutor(2) as pool:
        for subject, by_schema, by_check in pool.map(verdicts, subjects):
            count += 1
            refused += bool(by_check)
            if bool(by_schema) != bool(by_check):
                differ.append(f'  {subject.name}\n    schema: {by_schema[:2] or "accepts"}\n'
                              f'    check: {by_check[:2] or "accepts"}')
    if differ:
        print(f'not ok schema {name}: {len(differ)} of {count} differ')
        print('\n'.join(differ[:40]))
    else:
        print(f'ok schema {name}: {count} alike, {refused} of them refused')
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    arguments = parser.parse_args()
    environment.enter('schema', PACKAGES, 'jsonschema, ruamel.yaml')
    import jsonschema  # pylint: disable=import-outside-toplevel
    checker = Checker(arguments.build.resolve())
    schema = json.loads(subprocess.run([checker.fdl, 'schema'], check=True, capture_output=True,
                                       text=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / 'manifests'
        shutil.copytree(ROOT / 'manifests', copied)
        whole = list(manifests(copied))
        modules = list(examples(checker, schema, copied))
        # What is taken away from one that inherits may be there all the same.
        own = [subject for subject in whole if 'inherit-from' not in subject.data]
        dice = random.Random(SEED)
        hold('manifests', whole, validator, checker)
        hold('examples', modules, validator, checker)
        hold('entries', list(entries(schema, copied)), validator, checker)
        hold('mutated manifests',
             [m for subject in own for m in mutants(subject, dice, MUTANTS)], validator, checker)
        hold('mutated sections',
             [m for subject in own for m in mutants(subject, dice, MUTANTS // 2, SECTIONS)],
             validator, checker)
        rules = Subject('rules', RULES, copied)
        hold('mutated rules',
             [rules, *mutants(rules, dice, 8 * MUTANTS, re.compile(r'\w+ (training|output)\.'))],
             validator, checker)
        hold('mutated examples',
             [m for subject in modules for m in mutants(subject, dice, 5)], validator, checker)


if __name__ == '__main__':
    main()
