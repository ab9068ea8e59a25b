"""Cases of modules over sequences. PyTorch's own layers where it has them, else plain formulas."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cases import Module, normal

PORTS = {
    "rnn": ("output", "h_n"),
    "gru": ("output", "h_n"),
    "lstm": ("output", "h_n", "c_n"),
    "lstm_cell": ("h", "c"),
}


def recurrent(base: type[nn.Module]):
    """Our layout: states [B, layers * directions, H], lengths as an input."""

    class Layer(base):
        def forward(self, x, *more):
            given = dict(zip(self.input_names[1:], more))
            lengths = given.pop("lengths", None)
            states = [state.transpose(0, 1).contiguous() for state in given.values()]
            start = None if not states else states[0] if len(states) == 1 else tuple(states)
            if lengths is None:
                output, final = super().forward(x, start)
            else:
                packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
                output, final = super().forward(packed, start)
                output, _ = pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])
            final = final if isinstance(final, tuple) else (final,)
            return output, *(state.transpose(0, 1) for state in final)

    return lambda x, p: Layer(x.shape[-1], batch_first=True, **p)


def cell(base: type[nn.Module]):
    class Cell(base):
        def forward(self, x, *states):
            state = None if not states else states[0] if len(states) == 1 else states
            return super().forward(x, state)

    return lambda x, p: Cell(x.shape[-1], **p)


MODULES = {
    "rnn": recurrent(nn.RNN),
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "rnn_cell": cell(nn.RNNCell),
    "lstm_cell": cell(nn.LSTMCell),
    "gru_cell": cell(nn.GRUCell),
}


def recurrent_cases():
    x, lengths = normal(3, 5, 4), lambda: torch.tensor([3, 5, 1])
    deep = {"num_layers": 2, "bidirectional": True}
    for kind in ("rnn", "lstm", "gru"):
        names = ("h_0", "c_0") if kind == "lstm" else ("h_0",)
        hidden = {"hidden_size": 3}
        starts = {name: normal(3, 4, 3) for name in names}
        yield kind, "plain", Module(x, hidden)
        yield kind, "eval", Module(x, hidden, train=False)
        yield kind, "no_bias", Module(x, hidden | {"bias": False})
        yield kind, "deep", Module(x, hidden | deep)
        yield kind, "starts", Module(x, hidden | deep, more=starts)
        yield kind, "lengths", Module(x, hidden | deep, more=starts | {"lengths": lengths})
        yield f"{kind}_cell", "plain", Module(normal(3, 4), hidden)
        yield f"{kind}_cell", "no_bias", Module(normal(3, 4), hidden | {"bias": False})
        states = {name[0]: normal(3, 3) for name in names}
        yield f"{kind}_cell", "starts", Module(normal(3, 4), hidden, more=states)
    yield "rnn", "relu", Module(x, {"hidden_size": 3, "nonlinearity": "relu"})
    yield "rnn_cell", "relu", Module(normal(3, 4), {"hidden_size": 3, "nonlinearity": "relu"})
    projected = {"hidden_size": 3, "proj_size": 2}
    yield "lstm", "projected", Module(x, projected)
    yield "lstm", "projected_deep", Module(x, projected | deep)
    yield "lstm", "projected_lengths", Module(x, projected | deep, more={"lengths": lengths})


def module_cases():
    yield from recurrent_cases()
