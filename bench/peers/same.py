"""The sameness check of `fdl bench --same`: what fdl trained from, and on.

Its folder holds `model.safetensors`, fdl's initial weights; `data.safetensors`, where the job's data is
drawn and not read; and then the order of batches is fdl's. An epoch there is one batch: fdl records a
loss for each.
"""

import json
import struct
from pathlib import Path

import numpy
from order import shuffled

BATCHES_DRAWN = 4  # of which 20 epochs take one each, in orders of their own
_TYPES = {"F32": numpy.float32, "I64": numpy.int64}


def input_name(shape: tuple[int, ...], is_whole: bool) -> str:
    """What the manifests call an input of that kind; `shape` is of a sample."""
    if is_whole:
        return "tokens"
    return "image" if len(shape) == 3 else "x"


def tensors_of(file: Path) -> dict[str, numpy.ndarray]:
    """In the order of the file: that of the model's parts. safetensors' own reader sorts by name."""
    content = file.read_bytes()
    size, = struct.unpack("<Q", content[:8])
    entries = [(entry["data_offsets"][0], name, entry)
               for name, entry in json.loads(content[8:8 + size]).items() if name != "__metadata__"]
    return {name: numpy.frombuffer(content, _TYPES[entry["dtype"]], int(numpy.prod(entry["shape"])),
                                   8 + size + begin).reshape(entry["shape"])
            for begin, name, entry in sorted(entries, key=lambda one: one[:2])}


def data_of(folder: Path) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Inputs and targets that --draw wrote."""
    tensors = tensors_of(folder / "data.safetensors")
    target = tensors.pop("target")
    x, = tensors.values()
    return x, target


def batches(num_samples: int, batch_size: int, seed: int, num_steps: int) -> list[numpy.ndarray]:
    """Of each step the numbers of its samples: those that an epoch of fdl begins with."""
    return [numpy.array(shuffled(num_samples, seed, epoch)[:batch_size]) for epoch in range(num_steps)]
