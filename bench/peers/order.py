"""The order in which fdl visits the samples of an epoch (lib/data/order.h), written again with numpy.

Philox4x32-10 by Salmon, Moraes, Dror and Shaw 2011; Fisher and Yates with Lemire's bounded draws.
"""

import numpy

ORDER = 2  # tensor::Purpose::Order
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream_key(seed, epoch):
    key = mix(mix((seed + GOLDEN) & MASK) + ORDER & MASK)
    return mix(mix((key + GOLDEN) & MASK) + epoch & MASK)


def philox_words(key, num_blocks):
    """The first words of a stream, four a block."""
    low = numpy.uint64(0xFFFFFFFF)
    x = [numpy.arange(num_blocks, dtype=numpy.uint64)] + [numpy.zeros(num_blocks, numpy.uint64)] * 3
    key0, key1 = key & 0xFFFFFFFF, key >> 32
    shift = numpy.uint64(32)
    for _ in range(10):
        a, b = x[0] * numpy.uint64(0xD2511F53), x[2] * numpy.uint64(0xCD9E8D57)
        x = [(b >> shift) ^ x[1] ^ numpy.uint64(key0), b & low,
             (a >> shift) ^ x[3] ^ numpy.uint64(key1), a & low]
        key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return numpy.stack(x, axis=1).reshape(-1)


def shuffled(num_samples, seed, epoch):
    words = philox_words(stream_key(seed, epoch), num_samples // 2 + 1).tolist()
    out = list(range(num_samples))
    for at, left in enumerate(range(num_samples, 1, -1)):
        # A draw is thrown away for one in 2^64 / left: not within the life of this test.
        chosen = ((words[2 * at] << 32 | words[2 * at + 1]) * left) >> 64
        out[left - 1], out[chosen] = out[chosen], out[left - 1]
    return out
