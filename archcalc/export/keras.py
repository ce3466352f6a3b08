"""Files for Keras 3."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from archcalc.export.framework import Framework
from archcalc.export.keras_layers import keras_recipe
from archcalc.quantities import Shape


def _head(title: str, said: str, own: bool) -> list[str]:
    return [
        f'"""{title}',
        "",
        said,
        '"""',
        "",
        *(["import math", ""] if own else []),
        "import keras",
        "from keras import layers, ops",
        "",
        "# maps are channels first, as in the spec; the backend is torch or JAX, or TensorFlow on a GPU",
        'keras.config.set_image_data_format("channels_first")',
    ]


def _tail(name: str, inputs: Mapping[str, Shape]) -> list[str]:
    zeros = ", ".join(f"ops.zeros((1, {', '.join(map(str, shape))}))" for shape in inputs.values())
    return [
        'if __name__ == "__main__":',
        f"    net = {name}()",
        f"    made = net({zeros})",
        '    print(f"{net.count_params():,} weights, statistics of norms among them")',
        "    for y in made if isinstance(made, tuple) else (made,):",
        "        print(tuple(y.shape))",
    ]


def _tidy(text: str) -> str:
    if not re.search(r"\bmath\.", text):
        text = text.replace("import math\n\n", "", 1)
    if not re.search(r"\blayers\.", text.partition("from keras")[2]):
        text = text.replace("from keras import layers, ops", "from keras import ops", 1)
    return text


KERAS: Final = Framework(
    name="keras",
    build=keras_recipe,
    definitions=Path(__file__).with_name("keras_modules.py"),
    block="layers.Layer",
    network="keras.Model",
    run="call",
    arguments=("training=False",),
    training="training",
    sequence=("keras.Sequential([", "])"),
    # names that a layer or model of Keras already uses for itself
    taken=frozenset((
        "T", "activity_regularizer", "add_loss", "add_metric", "add_module", "add_weight", "apply", "autocast",
        "bfloat16", "buffers", "build", "build_from_config", "built", "call", "children", "compile",
        "compile_from_config", "compiled", "compiled_metrics", "compute_dtype", "compute_loss", "compute_mask",
        "compute_metrics", "compute_output_shape", "compute_output_spec", "count_params", "cpu", "cuda", "double",
        "dtype", "dtype_policy", "eval", "evaluate", "export", "extra_repr", "fit", "float", "forward",
        "from_config", "get_buffer", "get_build_config", "get_compile_config", "get_config", "get_layer",
        "get_metrics_result", "get_parameter", "get_state_tree", "get_submodule", "get_weights", "half", "input",
        "input_dtype", "input_shape", "input_spec", "inputs", "jit_compile", "keras", "layers",
        "load_own_variables", "load_weights", "loss", "losses", "make_predict_function", "make_test_function",
        "make_train_function", "math", "metrics", "metrics_names", "metrics_variables", "modules", "name",
        "named_modules", "named_parameters", "non_trainable_variables", "non_trainable_weights", "ops", "optimizer",
        "output", "output_shape", "outputs", "parameters", "path", "predict", "predict_on_batch", "predict_step",
        "quantization_mode", "quantize", "quantized_build", "quantized_call", "register_buffer", "register_module",
        "register_parameter", "rematerialized_call", "requires_grad_", "reset_metrics", "run_eagerly", "save",
        "save_own_variables", "save_weights", "self", "set_state_tree", "set_weights", "share_memory", "state_dict",
        "stateless_call", "stateless_compute_loss", "steps_per_execution", "stop_training", "summary",
        "supports_jit", "supports_masking", "symbolic_call", "test_on_batch", "test_step", "to", "to_json", "train",
        "train_on_batch", "train_step", "trainable", "trainable_variables", "trainable_weights", "training", "type",
        "variable_dtype", "variables", "weights", "zero_grad",
    )),
    head=_head,
    tail=_tail,
    tidy=_tidy,
)  # fmt: skip
