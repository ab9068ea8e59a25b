"""Cases of modules over sequences. PyTorch's own layers where it has them, else plain formulas."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import sequence_formulas as formulas
from cases import Function, Module, indices, normal

PORTS = {
    "rnn": ("output", "h_n"),
    "gru": ("output", "h_n"),
    "lstm": ("output", "h_n", "c_n"),
    "lstm_cell": ("h", "c"),
    "multihead_attention": ("output", "weights"),
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


class MultiheadAttention(nn.MultiheadAttention):
    """Our masks: true = seen, and a mask of scores for each sample."""

    def __init__(self, *sizes, causal=False, need_weights=False, average_attn_weights=True,
                 **params):
        super().__init__(*sizes, batch_first=True, **params)
        self.causal, self.need_weights = causal, need_weights
        self.average_attn_weights = average_attn_weights

    def forward(self, query, *more):
        given = dict(zip(self.input_names[1:], more))
        key = given.get("key", query)
        seen, scores = given.get("mask"), given.get("attn_mask")
        if scores is not None:
            scores = ~scores if scores.dtype == torch.bool else scores
            scores = scores if scores.dim() == 4 else scores.unsqueeze(1)
            scores = scores.expand(-1, self.num_heads, -1, -1).flatten(0, 1)
        if self.causal:
            assert scores is None
            scores = ~torch.ones(query.shape[1], key.shape[1], dtype=torch.bool).tril()
        outputs = super().forward(
            query, key, given.get("value", key), need_weights=self.need_weights, attn_mask=scores,
            key_padding_mask=None if seen is None else ~seen,
            average_attn_weights=self.average_attn_weights)
        return outputs if self.need_weights else outputs[0]


def multihead_attention(x: torch.Tensor, params: dict) -> nn.Module:
    """PyTorch's where it has all options, else the formula."""
    if params.keys() & {"num_kv_heads", "rotary", "alibi"}:
        return formulas.MultiheadAttention(x.shape[-1], **params)
    return MultiheadAttention(x.shape[-1], **params)


def causal_mask(x: torch.Tensor, is_causal: bool):
    return ~torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril() if is_causal else None


class EncoderLayer(nn.TransformerEncoderLayer):
    def __init__(self, width, causal=False, **params):
        super().__init__(width, batch_first=True, **params)
        self.causal = causal

    def forward(self, src, *more):
        seen = dict(zip(self.input_names[1:], more)).get("mask")
        return super().forward(src, src_mask=causal_mask(src, self.causal),
                               src_key_padding_mask=None if seen is None else ~seen)


class DecoderLayer(nn.TransformerDecoderLayer):
    def __init__(self, width, causal=False, **params):
        super().__init__(width, batch_first=True, **params)
        self.causal = causal

    def forward(self, tgt, memory, *more):
        given = dict(zip(self.input_names[2:], more))
        hidden = {name: ~given[name] if name in given else None for name in ("mask", "memory_mask")}
        return super().forward(tgt, memory, tgt_mask=causal_mask(tgt, self.causal),
                               tgt_key_padding_mask=hidden["mask"],
                               memory_key_padding_mask=hidden["memory_mask"])


MODULES = {
    "rnn": recurrent(nn.RNN),
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "rnn_cell": cell(nn.RNNCell),
    "lstm_cell": cell(nn.LSTMCell),
    "gru_cell": cell(nn.GRUCell),
    "attention": lambda x, p: formulas.Attention(**p),
    "multihead_attention": multihead_attention,
    "learned_positions": lambda x, p: formulas.LearnedPositions(p["max"], x.shape[-1]),
    "sinusoidal_positions": lambda x, p: Function(formulas.add_sinusoids),
    "rotary": lambda x, p: Function(lambda x: formulas.rotary(x, **p)),
    "transformer_encoder_layer": lambda x, p: EncoderLayer(x.shape[-1], **p),
    "transformer_decoder_layer": lambda x, p: DecoderLayer(x.shape[-1], **p),
    "swiglu_feed_forward": lambda x, p: formulas.Gated(x.shape[-1], functional.silu, **p),
    "geglu_feed_forward": lambda x, p: formulas.Gated(x.shape[-1], functional.gelu, **p),
    "embedding_bag": lambda x, p: formulas.EmbeddingBag(**p),
}


def exact(*args, **named) -> Module:
    return Module(*args, **named, exact=True)


def recurrent_cases():
    x, lengths = normal(3, 5, 4), lambda: torch.tensor([3, 5, 1])
    deep = {"num_layers": 2, "bidirectional": True}
    for kind in ("rnn", "lstm", "gru"):
        names = ("h_0", "c_0") if kind == "lstm" else ("h_0",)
        hidden = {"hidden_size": 3}
        starts = {name: normal(3, 4, 3) for name in names}
        yield kind, "plain", exact(x, hidden)
        yield kind, "eval", exact(x, hidden, train=False)
        yield kind, "no_bias", exact(x, hidden | {"bias": False})
        yield kind, "deep", exact(x, hidden | deep)
        yield kind, "starts", exact(x, hidden | deep, more=starts)
        yield kind, "lengths", exact(x, hidden | deep, more=starts | {"lengths": lengths})
        yield f"{kind}_cell", "plain", exact(normal(3, 4), hidden)
        yield f"{kind}_cell", "no_bias", exact(normal(3, 4), hidden | {"bias": False})
        states = {name[0]: normal(3, 3) for name in names}
        yield f"{kind}_cell", "starts", exact(normal(3, 4), hidden, more=states)
    yield "rnn", "relu", exact(x, {"hidden_size": 3, "nonlinearity": "relu"})
    yield "rnn_cell", "relu", exact(normal(3, 4), {"hidden_size": 3, "nonlinearity": "relu"})
    projected = {"hidden_size": 3, "proj_size": 2}
    yield "lstm", "projected", exact(x, projected)
    yield "lstm", "projected_deep", exact(x, projected | deep)
    yield "lstm", "projected_lengths", exact(x, projected | deep, more={"lengths": lengths})


def boolean(*shape: int):
    """Masks in which each row sees something."""

    def make() -> torch.Tensor:
        mask = torch.rand(shape) > 0.4
        mask[..., 0] = True
        return mask

    return make


def blind(*shape: int):
    def make() -> torch.Tensor:
        mask = torch.ones(shape, dtype=torch.bool)
        mask[1] = False
        return mask

    return make


def attention_cases():
    heads = {"num_heads": 2}
    more = {"key": normal(2, 4, 6), "value": normal(2, 4, 6)}
    grouped = {"key": normal(2, 4, 3), "value": normal(2, 4, 4)}
    query, seen = normal(2, 3, 6), {"mask": boolean(2, 4)}
    yield "plain", Module(query, heads, more=more)
    yield "eval", Module(query, heads, more=more, train=False)
    yield "mask", Module(query, heads, more=more | seen)
    yield "sees_nothing", Module(query, heads, more=more | {"mask": blind(2, 4)})
    yield "attn_mask", Module(query, heads, more=more | seen | {"attn_mask": normal(2, 3, 4)})
    yield "attn_mask_bool", Module(query, heads, more=more | {"attn_mask": boolean(2, 2, 3, 4)})
    yield "causal", Module(normal(2, 4, 6), heads | {"causal": True}, more=more)
    yield "causal_mask", Module(normal(2, 4, 6), heads | {"causal": True}, more=more | seen)
    yield "grouped", Module(query, heads | {"num_kv_heads": 1}, more=grouped)
    yield "alibi", Module(query, {"num_heads": 3, "alibi": True}, more=more | seen)
    both = {"num_heads": 2, "alibi": True, "causal": True}
    yield "alibi_causal", Module(normal(2, 4, 6), both, more=more)


def multihead_cases():
    heads, x = {"num_heads": 2}, normal(2, 3, 6)
    cross = {"key": normal(2, 4, 6)}
    other = {"key": normal(2, 4, 3), "value": normal(2, 4, 5)}
    yield "plain", Module(x, heads)
    yield "eval", Module(x, heads, train=False)
    yield "no_bias", Module(x, heads | {"bias": False})
    yield "causal", Module(x, heads | {"causal": True})
    yield "mask", Module(x, heads, more={"mask": boolean(2, 3)})
    yield "attn_mask", Module(x, heads, more={"attn_mask": normal(2, 3, 3)})
    yield "attn_mask_bool", Module(x, heads, more={"attn_mask": boolean(2, 3, 3)})
    yield "attn_mask_heads", Module(x, heads, more={"attn_mask": normal(2, 2, 3, 3)})
    yield "key", Module(x, heads, more=cross)
    yield "key_value", Module(x, heads, more=cross | {"value": normal(2, 4, 6)})
    yield "kdim_vdim", Module(x, heads | {"kdim": 3, "vdim": 5}, more=other)
    yield "grouped", Module(normal(2, 3, 8), {"num_heads": 4, "num_kv_heads": 2})
    yield "rotary", Module(normal(2, 3, 8), {"num_heads": 2, "rotary": True})
    rotary = {"num_heads": 4, "num_kv_heads": 2, "rotary": True, "rotary_base": 100.0}
    yield "rotary_grouped", Module(normal(2, 3, 8), rotary | {"causal": True})
    yield "alibi", Module(x, {"num_heads": 3, "alibi": True})
    weights = heads | {"need_weights": True}
    yield "weights", Module(x, weights, more={"mask": boolean(2, 3)})
    yield "weights_of_heads", Module(x, weights | {"average_attn_weights": False}, more=cross)


def position_cases():
    yield "learned_positions", "plain", Module(normal(2, 3, 4), {"max": 5})
    yield "sinusoidal_positions", "plain", Module(normal(2, 5, 6))
    yield "rotary", "plain", Module(normal(2, 5, 6))
    yield "rotary", "heads", Module(normal(2, 5, 8), {"num_heads": 2, "base": 100.0})
    yield "rotary", "interleaved", Module(normal(2, 5, 8), {"num_heads": 2, "interleaved": True})


def double(*args, **named) -> Module:
    return Module(*args, **named, dtype=torch.float64)


def transformer_cases():
    # Without dropout, so that training has one answer; and in evaluation with it.
    layer = {"nhead": 2, "dim_feedforward": 3, "dropout": 0.0}
    x, memory = normal(2, 3, 4), {"memory": normal(2, 4, 4)}
    masks = {"mask": boolean(2, 3)}
    for kind, more in (("encoder", {}), ("decoder", memory)):
        name = f"transformer_{kind}_layer"
        yield name, "plain", double(x, layer, more=more)
        yield name, "eval", double(x, layer | {"dropout": 0.3}, train=False, more=more)
        changed = {"activation": "gelu", "layer_norm_eps": 0.01, "norm_first": True}
        yield name, "norm_first", double(x, layer | changed, more=more)
        yield name, "no_bias", double(x, layer | {"bias": False}, more=more)
        yield name, "causal", double(x, layer | {"causal": True}, more=more)
    yield "transformer_encoder_layer", "mask", double(x, layer, more=masks)
    masks |= {"memory_mask": boolean(2, 4)}
    yield "transformer_decoder_layer", "masks", double(x, layer, more=memory | masks)


def feed_forward_cases():
    for kind in ("swiglu_feed_forward", "geglu_feed_forward"):
        yield kind, "plain", Module(normal(2, 3, 4), {"hidden_size": 5})
        yield kind, "bias", Module(normal(3, 4), {"hidden_size": 5, "bias": True})


def embedding_bag_cases():
    table, bags = {"num_embeddings": 7, "embedding_dim": 4}, indices(7, 3, 5)
    for mode in ("sum", "mean", "max"):
        yield mode, Module(bags, table | {"mode": mode})
        yield f"{mode}_padding_idx", Module(bags, table | {"mode": mode, "padding_idx": 2})
    yield "plain", Module(indices(7, 2, 3, 5), table)


def module_cases():
    yield from recurrent_cases()
    yield from transformer_cases()
    yield from feed_forward_cases()
    for name, case in embedding_bag_cases():
        yield "embedding_bag", name, case
    for name, case in attention_cases():
        yield "attention", name, case
    for name, case in multihead_cases():
        yield "multihead_attention", name, case
    yield from position_cases()
