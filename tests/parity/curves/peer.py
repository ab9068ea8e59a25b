#!/usr/bin/env python3
"""Trains a job of manifests/results in PyTorch: peer.py NAME JOB.json WEIGHTS DATA. Everything but
the model is read from the manifest as `fdl config show --json` resolves it, whose words are PyTorch's.

Prints the loss of each step as a JSON list. Needs torch, safetensors and numpy.
"""

import json
import sys
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).resolve().parents[3] / 'bench/peers'))
from fashion import read_idx  # noqa: E402  pylint: disable=wrong-import-position
from models import MODELS
from order import shuffled
from safetensors.torch import load_file
from torch.nn import functional as F

OPTIMIZERS = {'adamw': torch.optim.AdamW, 'sgd': torch.optim.SGD}


def entry(value):
    """'name', {name: main value} or {name: {...}}: the name and what it is given."""
    if isinstance(value, str):
        return value, {}
    (name, given), = value.items()
    return name, given


def part_of(slice_text, length):
    """':90%' of a length, as numbers."""
    def end(text, default):
        if not text:
            return default
        return int(length * float(text[:-1]) / 100) if text.endswith('%') else int(text)
    start, stop = slice_text.split(':')
    return end(start, 0), end(stop, length)


class Pictures:
    def __init__(self, data, folder):
        source = data['train']
        begin, end = part_of(source['slice'], 60000)
        self.images = read_idx(folder / 'train-images-idx3-ubyte.gz').unsqueeze(1)[begin:end]
        self.labels = read_idx(folder / 'train-labels-idx1-ubyte.gz').long()[begin:end]
        steps = data['transforms']['all']['image']
        assert steps[0] == 'to_f32' and list(steps[1]) == ['normalize'], steps
        self.normalize = steps[1]['normalize']

    def __len__(self):
        return len(self.labels)

    def batch(self, chosen):
        x = self.images[chosen].float() / 255
        return (x - self.normalize['mean']) / self.normalize['std'], self.labels[chosen]


class Windows:
    def __init__(self, data, file):
        source = data['train']
        self.window = source['text']['window']
        self.stride = source['text'].get('stride') or self.window
        text = file.read_text(encoding='utf-8')
        begin, end = part_of(source['slice'], len(text))
        text = text[begin:end]
        numbers = {character: i for i, character in enumerate(sorted(set(text)))}
        self.tokens = torch.tensor([numbers[character] for character in text])

    def __len__(self):
        return (len(self.tokens) - self.window - 1) // self.stride + 1

    def batch(self, chosen):
        rows = torch.stack([self.tokens[i * self.stride:i * self.stride + self.window + 1] for i in chosen])
        return rows[:, :-1], rows[:, 1:]


def make_schedule(training, optimizer, num_steps):
    name, given = entry(training['schedule'])
    assert name == 'one_cycle', name
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, total_steps=num_steps, **given)


def make_optimizer(training, model, fused=True):
    """With PyTorch's fused kernels, which fdl always takes. Its plain loops round otherwise, and the first
    steps of a ResNet make a last bit grow a hundredfold each."""
    name, given = entry(training['optimizer'])
    assert 'groups' not in given, 'groups are not known here'
    return OPTIMIZERS[name](model.parameters(), fused=fused, **given)


def loss_of(training, output, target):
    name, given = entry(training['loss'])
    assert name == 'cross_entropy', name
    return F.cross_entropy(output.flatten(0, -2), target.flatten(), **given)


def losses(job, model, samples, num_steps):
    training = job['training']
    optimizer = make_optimizer(training, model)
    schedule = make_schedule(training, optimizer, training['epochs'])
    out = []
    for step in range(num_steps):
        # Each epoch of the job is one batch long: the first of its order.
        order = shuffled(len(samples), training['seed'], step)
        x, y = samples.batch(order[:training['batch_size']])
        loss = loss_of(training, model(x), y)
        optimizer.zero_grad()
        loss.backward()
        if 'clip' in training:
            torch.nn.utils.clip_grad_norm_(model.parameters(), training['clip'])
        optimizer.step()
        schedule.step()
        out.append(loss.item())
    return out


def main():
    name, job_file, weights, data = sys.argv[1:]
    job = json.loads(Path(job_file).read_text(encoding='utf-8'))
    torch.set_num_threads(1)
    model = MODELS[name](job['params'])
    model.load_state_dict(load_file(weights))
    kind = Windows if 'text' in job['data']['train'] else Pictures
    num_steps = job['training']['early_stop']['min_epochs']
    print(json.dumps(losses(job, model, kind(job['data'], Path(data)), num_steps)))


if __name__ == '__main__':
    main()
