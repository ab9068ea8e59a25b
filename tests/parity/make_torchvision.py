#!/usr/bin/env python3
"""Writes tests/parity/torchvision: names, shapes and outputs of torchvision's models.

    python tests/parity/make_torchvision.py            # rewrite every file
    python tests/parity/make_torchvision.py --check    # fail when a stored file differs beyond noise

Needs torch, torchvision, numpy and safetensors. It is run by hand and its outputs are committed, so
that the tests need no Python.

Weights are not stored: both this script and the C++ test make them from the names (`numbers`). Of
each model there are NAME.json, {name: [dtype, shape]} of its state_dict in order, and
NAME.safetensors with `output`, what it gives in eval mode for the input of that name.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from safetensors.torch import load_file, save_file

FOLDER = Path(__file__).resolve().parent / "torchvision"
INPUT_SHAPE = (2, 3, 64, 64)
MODELS = ("resnet18", "resnet50", "vgg16", "mobilenet_v2")
DTYPE_NAMES = {torch.float32: "F32", torch.int64: "I64"}
# Another CPU may add in another order; anything beyond this is a change of meaning.
NOISE = {"rtol": 1e-4, "atol": 1e-4}


def uniform(name, count):
    """`count` numbers in [0, 1): splitmix64, seeded by the 64-bit FNV-1a hash of the name."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def numbers(name, shape, dtype):
    """The values of the tensor of that name: scaled so that activations keep their size."""
    if dtype == torch.int64:
        return torch.full(shape, 7, dtype=dtype)
    u = uniform(name, int(np.prod(shape)))
    if name.endswith("running_var") or (len(shape) <= 1 and name.endswith("weight")):
        values = 0.5 + u
    elif len(shape) <= 1:
        values = 0.2 * u - 0.1
    else:
        values = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def compute(name):
    """The list of names, and the output."""
    model = getattr(torchvision.models, name)().eval()
    state = model.state_dict()
    listed = {key: [DTYPE_NAMES[value.dtype], list(value.shape)] for key, value in state.items()}
    model.load_state_dict({key: numbers(key, tuple(value.shape), value.dtype)
                           for key, value in state.items()}, strict=True)
    image = numbers("input", INPUT_SHAPE, torch.float32)
    with torch.no_grad():
        return listed, model(image).contiguous()


def differs(name, listed, output):
    stored = load_file(FOLDER / f"{name}.safetensors")["output"]
    return (json.loads((FOLDER / f"{name}.json").read_text()) != listed
            or not torch.allclose(output, stored, **NOISE))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    failed = False
    for name in MODELS:
        listed, output = compute(name)
        if check:
            failed |= differs(name, listed, output)
            print("differs" if differs(name, listed, output) else "same", name)
            continue
        FOLDER.mkdir(exist_ok=True)
        lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in listed.items())
        (FOLDER / f"{name}.json").write_text("{\n" + lines + "\n}\n")
        save_file({"output": output}, FOLDER / f"{name}.safetensors",
                  {"torch": torch.__version__, "torchvision": torchvision.__version__})
        print(name, float(output.std()), float(output.abs().max()))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
