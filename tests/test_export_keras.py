"""Files for Keras: every built-in network is built by Keras itself and has the spec's weights and output sizes."""

import math
import os
import re
import warnings
from pathlib import Path

import pytest

from archcalc import analyze, load
from archcalc.cli.entry import run
from archcalc.export import export
from archcalc.export.keras_layers import BUILDERS
from archcalc.layers.catalogue import LAYERS, MERGES
from archcalc.spec.library import Library, builtin_folder, spec_files

SPECS = [path.stem for path in spec_files(builtin_folder())]
# positions of maxima are compared one by one, which a device without data cannot do
REAL = {"segnet": (3, 64, 64)}
ELSEWHERE = {"deconvnet"}  # its dense layers fix the input, which is large
OWN = Path(__file__).parent.parent / "archcalc" / "export" / "keras_modules.py"


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("torch")
        return pytest.importorskip("keras")


def built(keras, text, inputs, *, training, device):
    """Return the network that a file makes, and the sizes of what it gives."""
    space = {"__name__": "net"}
    exec(compile(text, "net.py", "exec"), space)  # our own output
    made = [each for each in space.values() if isinstance(each, type) and each.__module__ == "net"]
    with keras.device(device):
        net = next(each for each in reversed(made) if issubclass(each, keras.Model))()
        values = [keras.ops.zeros((1, *shape)) for shape in inputs]
        result = net(*values, training=True) if training else net(*values)
    results = result if isinstance(result, tuple) else (result,)
    return net, [tuple(each.shape)[1:] for each in results]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spec", SPECS)
def test_keras_has_the_weights_and_sizes_of_every_spec(keras, spec):
    library = Library()
    for net in library.load(library.find(spec)).nets.values():
        target = f"{spec}:{net.name}" if net.name else spec
        size = {"input": REAL[spec]} if spec in REAL else {}
        report = analyze(target, **size)
        text = export(load(target, **size), report.totals.params_train, "keras")
        if spec in ELSEWHERE:
            compile(text, "net.py", "exec")
            continue
        heads = any(row.mode == "train" for row in report.rows)
        device = "cpu" if spec in REAL else "meta"
        made, sizes = built(keras, text, report.input.values(), training=heads, device=device)
        trainable = sum(math.prod(weight.shape) for weight in made.trainable_weights)
        assert trainable == sum(row.params_trainable for row in report.rows)
        assert made.count_params() == report.totals.params_train + sum(row.buffers for row in report.rows)
        assert sizes[: len(report.outputs)] == list(report.outputs.values())


def test_every_type_has_a_counterpart():
    assert set(BUILDERS) == {*LAYERS, *MERGES}


@pytest.mark.filterwarnings("ignore")
def test_our_own_functions_do_what_torch_does(keras):
    import torch
    import torch.nn.functional as F

    own = {}
    exec(compile(OWN.read_text(encoding="utf-8"), str(OWN), "exec"), own)
    x = torch.randn(2, 4, 9, 9, generator=torch.Generator().manual_seed(1))

    def same(name, expected, *args, **kwargs):
        found = own[name](x, *args, **kwargs)
        assert torch.allclose(found.detach().cpu(), expected, atol=1e-4), name

    same("interpolate", F.interpolate(x, (14, 5)), (14, 5))
    same("interpolate", F.interpolate(x, (14, 5), mode="bilinear"), (14, 5), "linear")
    same("interpolate", F.interpolate(x, (14, 5), mode="bilinear", align_corners=True), (14, 5), "linear", True)
    same("adaptive_pool", F.adaptive_avg_pool2d(x, (4, 5)), (4, 5))
    same("adaptive_pool", F.adaptive_max_pool2d(x, (4, 5)), (4, 5), "max")
    inside = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    same("average_inside", inside, ((0, 0),) * 2, ((1, 1),) * 2, (3, 3), (2, 2))
    same("channel_shuffle", F.channel_shuffle(x, 2), 2)
    same("pixel_shuffle", F.pixel_shuffle(x, 2), 2)
    same("local_response_norm", F.local_response_norm(x, 3, 1e-2, 0.75, 1.0), 3, 1e-2, 0.75, 1.0)
    maxima, places = own["max_pool_with_places"](x, (3, 3), (2, 2), ((1, 1), (1, 1)))
    expected, where = F.max_pool2d(x, 3, 2, 1, return_indices=True)
    assert torch.equal(maxima, expected)
    assert torch.equal(places.long(), where)
    unpooled = F.max_unpool2d(expected, where, 3, 2, 1, output_size=(9, 9))
    assert torch.allclose(own["max_unpool"](maxima, places, (9, 9)), unpooled)


def test_blocks_are_classes_and_only_keras_is_imported():
    text = export(load("resnet/50"), 25557032, "keras")
    assert "class Bottleneck(layers.Layer):" in text
    assert "# projection(c, s=1): conv c 1x1 /s -> bn" in text
    assert set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) == {"keras"}


def test_what_keras_lacks_is_refused_at_its_place(tmp_path, capsys):
    spec = "archcalc: 1\ninput: 4x9x9\nlayers:\n  - up: deconv 8 3x3 /2 groups=2\n"
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    assert run(["export", str(tmp_path / "net.yaml"), "--to", "keras"]) == 2
    said = capsys.readouterr().err
    assert "net.yaml:4:9" in said
    assert "Keras has no transposed convolution in groups" in said
