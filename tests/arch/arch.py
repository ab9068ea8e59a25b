#!/usr/bin/env python3
"""Holds the sources to docs/architecture.md. Usage: arch.py [--build FOLDER]

Prints `ok NAME` or `not ok NAME: why` for each rule, and for each counterexample that a rule must
refuse.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import build_rules
import counterexamples
import rules
from house import House

ROOT = Path(__file__).resolve().parents[2]


def report(name, breaches):
    if not breaches:
        print(f'ok {name}')
        return True
    print(f'not ok {name}: {len(breaches)} found')
    for breach in breaches:
        print(f'  {breach}')
    return False


def build_house(folder, files):
    for name, text in files.items():
        if text is not None:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
    return House(folder)


def refuses_counterexamples():
    """A rule that accepts what it must refuse, or refuses what is sound, is itself a breach."""
    with tempfile.TemporaryDirectory() as folder:
        sound = build_house(folder, counterexamples.SOUND)
        for rule in rules.ALL:
            yield from (f'{rule.__name__} refuses a sound house: {b}' for b in rule(sound))
    for name, change, words in counterexamples.BROKEN:
        with tempfile.TemporaryDirectory() as folder:
            house = build_house(folder, counterexamples.SOUND | change)
            said = list(getattr(rules, name)(house))
            if not any(words in sentence for sentence in said):
                yield f'{name} did not say "{words}", but {said}'


def main():
    parser = argparse.ArgumentParser(description='Architecture test')
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release')
    build = parser.parse_args().build.resolve()
    house = House(ROOT)
    passed = [report(rule.__name__, list(rule(house))) for rule in rules.ALL]
    passed += [report(rule.__name__, list(rule(house, build))) for rule in build_rules.ALL]
    passed.append(report('rules_refuse_counterexamples', list(refuses_counterexamples())))
    return 0 if all(passed) else 1


if __name__ == '__main__':
    sys.exit(main())
