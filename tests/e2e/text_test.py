#!/usr/bin/env python3
"""Models of texts in whole: predictions on lines and objects, columns of tables through a tokenizer,
and the example that fine-tunes an encoder in phases, on an encoder and sentences made here.

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each test, as tests/run.py reads them.
"""

import json
import math
import random
import re
import shutil
import subprocess
import sys

from run_test import ROOT, Project, main, same

LETTERS = 'abcdefghijkl'

LANGUAGE_JOB = """
model:
  inputs: { tokens: "i64[T<=16]" }
  flow: [ { embedding: { num: %d, dim: 16 } }, { linear: %d } ]
data: { train: { text: { file: text.txt%s } } }
training: { steps: 120, batch_size: 16, loss: cross_entropy, optimizer: { adam: { lr: 0.05 } } }
output: { checkpoint: { every: 500 steps } }
"""

TAG_JOB = """
model:
  inputs: { tokens: "i64[T<=9]" }
  flow: [ { embedding: { num: 7, dim: 8 } }, { linear: 7 } ]
data: { train: { jsonl: { file: tags.jsonl } } }
training: { steps: 60, batch_size: 16, loss: cross_entropy, optimizer: { adam: { lr: 0.05 } } }
output: { checkpoint: { every: 500 steps } }
"""

WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'film', 'book', 'was', 'is', 'good', 'great',
         'bad', 'dull', 'there', 'here', 'a', 'very', 'not', '##ly', '##s']
LABELS = {'negative': ['bad', 'dull'], 'neutral': ['there', 'here'], 'positive': ['good', 'great']}


def write_tokenizer(path):
    path.mkdir(exist_ok=True)
    special = {name: {'id': name, 'ids': [WORDS.index(name)], 'tokens': [name]}
               for name in ('[CLS]', '[SEP]')}
    (path / 'tokenizer.json').write_text(json.dumps({
        'added_tokens': [{'id': i, 'content': WORDS[i]} for i in range(4)],
        'normalizer': {'type': 'BertNormalizer', 'lowercase': True},
        'pre_tokenizer': {'type': 'BertPreTokenizer'},
        'post_processor': {
            'type': 'TemplateProcessing',
            'single': [{'SpecialToken': {'id': '[CLS]', 'type_id': 0}},
                       {'Sequence': {'id': 'A', 'type_id': 0}},
                       {'SpecialToken': {'id': '[SEP]', 'type_id': 0}}],
            'special_tokens': special},
        'model': {'type': 'WordPiece', 'unk_token': '[UNK]', 'continuing_subword_prefix': '##',
                  'vocab': {word: i for i, word in enumerate(WORDS)}}}), encoding='utf-8')


def sentences(number, seed):
    draw = random.Random(seed)
    for _ in range(number):
        label = draw.choice(list(LABELS))
        start = draw.choice(['The film was', 'A book is', 'the books, very'])
        yield f'{start} {draw.choice(LABELS[label])}', label


def write_csv(path, rows):
    lines = [f'"{sentence}",{label}\n' for sentence, label in rows]
    path.write_text('sentence,label\n' + ''.join(lines), encoding='utf-8')


class Tests:
    """One method per test."""

    def __init__(self, fdl, folder):
        self.fdl, self.folder = fdl, folder
        self.trained = None

    def language(self, name, more=''):
        """A model that has learnt which letter follows which."""
        size = 256 if 'bytes' in more else 12
        project = Project(self.fdl, self.folder / name, LANGUAGE_JOB % (size, size, more))
        (project.folder / 'text.txt').write_text(LETTERS * 60, encoding='utf-8')
        project.call('run')
        return project

    def letters(self):
        if self.trained is None:
            self.trained = self.language('letters')
        return self.trained

    def predict(self, project, content, name='lines.txt', expect=0):
        (project.folder / name).write_text(content, encoding='utf-8')
        command = project.command('predict', '--input', name, '--format', 'jsonl')
        done = subprocess.run(check=False, **(command | {'stderr': subprocess.PIPE}))
        same(f'exit: {done.stdout}{done.stderr}', done.returncode, expect)
        return [json.loads(line) for line in done.stdout.splitlines()] if expect == 0 else done.stderr

    def test_each_line_of_a_text_is_continued(self):
        for project in (self.letters(), self.language('bytes', ', unit: bytes, window: 16')):
            found = self.predict(project, 'abc\n\nhijkl\r\nl\nbcdefghijklabcde')
            wanted = ['bcd', 'ijkla', 'a', 'cdefghijklabcdef']
            if 'bytes' in project.folder.name:
                wanted = [[str(ord(c)) for c in line] for line in wanted]
            same('labels', [one['label'] for one in found], [list(line) for line in wanted])

    def test_objects_with_a_text_are_the_same(self):
        project = self.letters()
        lines = ['abc', 'hijkl', 'a']
        by_lines = self.predict(project, '\n'.join(lines))
        objects = ''.join(json.dumps({'id': i, 'text': text}) + '\n' for i, text in enumerate(lines))
        same('objects', self.predict(project, objects, 'objects.jsonl'), by_lines)
        numbers = ''.join(json.dumps({'tokens': [LETTERS.index(c) for c in text]}) + '\n'
                          for text in lines)
        same('tokens', self.predict(project, numbers, 'tokens.jsonl'), by_lines)

    def test_lines_that_the_model_cannot_take(self):
        project = self.letters()
        for content, words in (('abc\nabz\n', ["'z' in line 2"]),
                               ('ab\n\n' + 'abcd' * 5, ['20 tokens in line 3', '1 to 16']),
                               ('\n\n', ['no line with a text'])):
            said = self.predict(project, content, expect=2)
            assert 'FDL5231' in said and all(word in said for word in words), said
        (project.folder / 'two.txt').write_text('abc\nab\n', encoding='utf-8')
        for name in ('p.csv', 'p.npy', 'p.safetensors'):  # they have no place for two lengths
            output = project.call('predict', '--input', 'two.txt', '--output', name, expect=2)
            assert 'FDL5231' in output and 'write .jsonl' in output, output
            assert not (project.folder / name).exists(), name
        assert 'FDL5102' in self.predict(project, '{"text": "abc"}\n{"tex', 'cut.jsonl', expect=2)
        assert 'FDL5231' in self.predict(project, '{"text": 3}\n', 'n.jsonl', expect=2)

    def test_tags_of_a_sample_are_as_many_as_its_tokens(self):
        project = Project(self.fdl, self.folder / 'tags', TAG_JOB)
        lines = [json.dumps({'tokens': [(i * k) % 7 for k in range(1, 2 + i % 9)],
                             'tags': [(i * k + 1) % 7 for k in range(1, 2 + i % 9)]})
                 for i in range(80)]
        (project.folder / 'tags.jsonl').write_text('\n'.join(lines) + '\n', encoding='utf-8')
        project.call('run')
        found = self.predict(project, '\n'.join(lines), 'new.jsonl')
        same('tags', [[int(label) for label in one['label']] for one in found],
             [json.loads(line)['tags'] for line in lines])

    def encoder(self, folder):
        """The example's encoder, small: its manifest, and a folder as a trained one would come in."""
        text = (ROOT / 'manifests/zoo/bert_base.yml').read_text(encoding='utf-8')
        small, found = re.subn(r'params: \{ vocab.*max: 512',
                               f'params: {{ vocab: {len(WORDS)}, width: 32, heads: 4, layers: 12, '
                               'ff: 64, max: 16', text)
        same('its sizes', found, 1)
        small = small.replace('T<=512', 'T<=16').replace('f32[768]', 'f32[32]').replace(
            'lengths: [8, 64]', 'lengths: [4, 8]').replace(
                'training: { epochs: 1', 'training: { steps: 2')
        former = Project(self.fdl, folder / 'former', small)
        former.call('run')
        (folder / 'zoo').mkdir()
        (folder / 'zoo/bert_base.yml').write_text(small, encoding='utf-8')
        return former.checkpoints()[-1] / 'model.safetensors'

    def example(self, name, num_train, num_val):
        """The example, with a small encoder and so many sentences."""
        folder = self.folder / name
        weights = self.encoder(folder)
        text = (ROOT / 'manifests/examples/finetune_phases.yml').read_text(encoding='utf-8')
        project = Project(self.fdl, folder / 'examples', text)
        write_tokenizer(project.folder / 'bert')
        shutil.copy(weights, project.folder / 'bert/model.safetensors')
        write_csv(project.folder / 'train.csv', sentences(num_train, 1))
        write_csv(project.folder / 'val.csv', sentences(num_val, 2))
        return project

    def test_the_example_is_tuned_in_phases(self):
        project = self.example('tuning', 300, 60)
        changes = ['training.precision=f32', 'training.epochs=4', 'training.optimizer.adamw.lr=2e-3',
                   'output.checkpoint.every=1 epoch', 'output.checkpoint.keep.last=20']
        output = project.call('run', *changes)
        assert "phase 'top' follows 'head'" in output, output
        epochs = project.events('epoch')
        assert 'observe/bert.hidden.std' in epochs[0], sorted(epochs[0])
        straight = project.model_hash()
        for keep in project.steps()[:2]:
            for checkpoint in project.checkpoints():
                if int(checkpoint.name[5:]) > keep:
                    (checkpoint / 'manifest.json').unlink()
            project.call('run', '--resume', *changes)
            same(f'the run that goes on from {keep}', project.model_hash(), straight)
        # Predictions on the table with its column of sentences are what the evaluation counts.
        accuracy = json.loads(project.call('eval', '--data', 'val', '--json'))['val/accuracy']
        rows = list(sentences(60, 2))
        said = project.call('predict', '--input', 'val.csv').splitlines()
        labels = [line.split(',')[0] for line in said[1:61]]
        right = sum(label == wanted for label, (_, wanted) in zip(labels, rows))
        assert math.isclose(right / 60, accuracy, rel_tol=1e-6), (right, accuracy, said[:3])

    def test_the_example_trains_in_bf16(self):
        project = self.example('half', 128, 32)
        project.call('run', 'training.epochs=2')
        same('epochs', len(project.events('epoch')), 2)


if __name__ == '__main__':
    sys.exit(main(Tests))
