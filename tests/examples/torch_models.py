"""Models as people write them, for `archcalc compare ... --trust-code`: right, and wrong in one place each."""

import torch
import torch.nn.functional as F
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, channels, width, stride, bias):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or channels != 4 * width:
            conv = nn.Conv2d(channels, 4 * width, 1, stride, bias=bias)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(4 * width))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)  # before the main branch
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += shortcut
        return self.relu(y)


class ResNet(nn.Module):
    def __init__(self, depths=(3, 4, 6, 3), biased=0, pad=3, plain=False):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, pad, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for stage, (depth, width) in enumerate(zip(depths, (64, 128, 256, 512), strict=True), 1):
            blocks = []
            for at in range(depth):
                stride = 2 if stage > 1 and at == 0 else 1
                blocks.append(Bottleneck(channels, width, stride, stage == biased))
                channels = 4 * width
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(2048, 1000)
        if plain:
            self.layer4[2].forward = lambda x: _without_shortcut(self.layer4[2], x)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def _without_shortcut(block, x):
    y = F.relu(block.bn1(block.conv1(x)))
    y = F.relu(block.bn2(block.conv2(y)))
    return F.relu(block.bn3(block.conv3(y)))


def resnet50():
    print("this goes to stderr")
    return ResNet()


def biased():
    return ResNet(biased=3)


def short():
    return ResNet((3, 4, 5, 3))


def badly_padded():
    return ResNet(pad=2)


def no_shortcut():
    return ResNet(plain=True)


def frozen():
    model = ResNet()
    model.conv1.requires_grad_(False)
    return model


instance = ResNet()


class Functional(nn.Module):
    """LeNet of Caffe without modules; it returns a dictionary."""

    def __init__(self):
        super().__init__()
        shapes = ((20, 1, 5, 5), (50, 20, 5, 5), (500, 800), (10, 500))
        self.weights = nn.ParameterList(torch.randn(shape) for shape in shapes)
        self.biases = nn.ParameterList(torch.zeros(shape[0]) for shape in shapes)

    def forward(self, data):
        for weight, bias in zip(self.weights[:2], self.biases[:2], strict=True):
            data = F.max_pool2d(F.conv2d(data, weight, bias), 2)
        x = torch.relu(F.linear(data.flatten(1), self.weights[2], self.biases[2]))
        return {"scores": F.softmax(F.linear(x, self.weights[3], self.biases[3]), 1)}


class Attention(nn.Module):
    """Attention as it is written by hand: one matrix for queries, keys and values."""

    def __init__(self, width=16, heads=2, bias=True):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1)
        return self.proj((scores @ v).transpose(1, 2).flatten(2))


class Encoder(nn.Module):
    def __init__(self, bias=True):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.attn = Attention(bias=bias)
        self.norm = nn.LayerNorm(16)

    def forward(self, tokens, mask=None):
        x = self.embed(tokens)
        return self.norm(x + self.attn(x))


def no_bias():
    return Encoder(bias=False)


class Tagger(nn.Module):
    """A recurrent layer whose state is returned too, and a layer that nothing calls."""

    def __init__(self, unused=False):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.lstm = nn.LSTM(16, 32, 2, batch_first=True)
        self.fc = nn.Linear(32, 5)
        self.unused = nn.Linear(3, 3) if unused else None

    def forward(self, tokens):
        values, (state, _) = self.lstm(self.embed(tokens))
        return self.fc(values), state


def with_unused():
    return Tagger(unused=True)


class Twins(nn.Module):
    """Two inputs, named as in the spec but in another order."""

    def __init__(self, shared=True):
        super().__init__()
        self.left = nn.Linear(8, 4)
        self.right = self.left if shared else nn.Linear(8, 4)

    def forward(self, right, left):
        return torch.abs(self.left(left) - self.right(right))


def unlike_twins():
    return Twins(shared=False)


class Peeking(nn.Module):
    """Looks at values, so it cannot run without real ones."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        y = self.conv(F.pad(x, (1, 1, 1, 1)))
        return y if y.sum().item() < 1e9 else -y


def needs(width):
    return nn.Linear(width, 1)


def fails():
    raise ValueError("no weights here\nnor here")


def leaves():
    raise SystemExit(3)


def a_number():
    return 3


def narrow():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(4, 8, 3))
