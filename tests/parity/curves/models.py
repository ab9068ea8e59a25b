"""The models of manifests/results in PyTorch, without dropout. Each parameter has the name that it has
in fdl, so that weights are exchanged without a map."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F


def mlp(sizes):
    width, classes = sizes['width'], sizes['classes']
    return nn.Sequential(OrderedDict(
        flatten=nn.Flatten(), first=nn.Linear(784, width), relu_0=nn.ReLU(),
        second=nn.Linear(width, 128), relu_1=nn.ReLU(), head=nn.Linear(128, classes)))


def lenet5(sizes):
    activation = {'tanh': nn.Tanh, 'relu': nn.ReLU}[sizes['activation']]
    features = nn.Sequential(OrderedDict(
        conv2d_0=nn.Conv2d(1, 6, 5, padding=2), activation_0=activation(), pool_0=nn.AvgPool2d(2),
        conv2d_1=nn.Conv2d(6, 16, 5), activation_1=activation(), pool_1=nn.AvgPool2d(2)))
    classifier = nn.Sequential(OrderedDict(
        linear_0=nn.Linear(400, 120), activation_0=activation(), linear_1=nn.Linear(120, 84),
        activation_1=activation(), linear_2=nn.Linear(84, sizes['classes'])))
    return nn.Sequential(OrderedDict(features=features, flatten=nn.Flatten(), classifier=classifier))


class Block(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        stride = out // width
        self.conv1 = nn.Conv2d(width, out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(width, out, 1, stride=stride, bias=False),
                                          nn.BatchNorm2d(out))

    def forward(self, x):
        main = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(self.shortcut(x) + main)


def resnet20(sizes):
    def layer(width, out):
        return nn.Sequential(Block(width, out), Block(out, out), Block(out, out))
    return nn.Sequential(OrderedDict(
        conv1=nn.Conv2d(sizes['channels'], 16, 3, padding=1, bias=False), bn1=nn.BatchNorm2d(16),
        relu=nn.ReLU(), layer1=layer(16, 16), layer2=layer(16, 32), layer3=layer(32, 64),
        pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), linear=nn.Linear(64, sizes['classes'])))


class CharRnn(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.embedding = nn.Embedding(sizes['vocab'], sizes['width'])
        self.lstm = nn.LSTM(sizes['width'], sizes['hidden'], num_layers=2, batch_first=True)
        self.head = nn.Linear(sizes['hidden'], sizes['vocab'])

    def forward(self, tokens):
        return self.head(self.lstm(self.embedding(tokens))[0])


class GptBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = nn.ModuleDict({'c_fc': nn.Linear(width, 4 * width),
                                  'c_proj': nn.Linear(4 * width, width)})

    def forward(self, x):
        y = self.ln_1(x)
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        x = x + self.attn(y, y, y, attn_mask=mask, is_causal=True, need_weights=False)[0]
        return x + self.mlp['c_proj'](F.gelu(self.mlp['c_fc'](self.ln_2(x))))


class GptNano(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        width = sizes['width']
        self.wte = nn.Embedding(sizes['vocab'], width)
        self.wpe = nn.Embedding(sizes['length'], width)
        self.h = nn.Sequential(*(GptBlock(width, sizes['heads']) for _ in range(sizes['layers'])))
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, sizes['vocab'], bias=False)

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1])
        return self.lm_head(self.ln_f(self.h(self.wte(tokens) + self.wpe(places))))


# By the name of the manifest; each takes the manifest's `params`.
MODELS = {'mlp': mlp, 'lenet5': lenet5, 'resnet20': resnet20, 'char_rnn': CharRnn, 'gpt_nano': GptNano}
