"""A footprint as a table in every format, and as plain data (docs/reference/memory.schema.json)."""

import json
from types import MappingProxyType
from typing import Any, Final

from archcalc.footprint import Footprint
from archcalc.memory import size_text, width
from archcalc.render import write
from archcalc.render.view import Align, Cell, Column, Lang, Line, Look, Section, Table

_ALIVE: Final = 12  # values at the peak that a table names
_WORDS: Final = MappingProxyType(
    {
        "what": ("", ""),
        "elements": ("Elements", "元素"),
        "bytes": ("Bytes", "字节"),
        "size": ("Size", "大小"),
        "inference": ("Inference", "推理"),
        "training": ("Training, {optimizer}", "训练, {optimizer}"),
        "alive": ("Alive at the peak, while {path} runs", "峰值时存活 (运行 {path} 时)"),
        "params": ("Parameters", "参数"),
        "buffers": ("Buffers", "缓冲"),
        "peak": ("Values at the peak", "峰值时的值"),
        "gradients": ("Gradients", "梯度"),
        "states": ("Optimizer, {dtype}", "优化器, {dtype}"),
        "activations": ("Values kept for the backward pass", "为反向传播保留的值"),
        "total": ("Total", "合计"),
        "others": ("{count} more", "另外 {count} 个"),
        "setting": ("{dtype}, batch {batch}, {way}.", "{dtype}, 批大小 {batch}, {way}。"),
        "in_place": ("activations in place", "激活就地写入"),
        "apart": ("every layer makes a new value", "每层产生新值"),
        "spec": ("Layers run in the order of the spec.", "各层按规格书写的顺序运行。"),
        "proved": (
            "Layers run in an order with the least peak; no other order has a lower one.",
            "各层按峰值最低的顺序运行; 已证明没有更低的。",
        ),
        "best": (
            "Layers run in the best order that was found; a better one is not ruled out.",
            "各层按找到的最佳顺序运行; 不排除更好的顺序。",
        ),
        "scratch": ("Scratch space of kernels and of the allocator is not counted.", "不计算子与分配器的临时空间。"),
    }
)  # fmt: skip


def text(held: Footprint, format: str = "terminal", *, lang: Lang = "en", ascii: bool = False) -> str:
    """Return a footprint in a format."""
    if format == "json":
        return json.dumps(to_dict(held), ensure_ascii=ascii, indent=2)
    lang = "en" if ascii else lang

    def say(word: str, **values: object) -> str:
        return _WORDS[word][lang == "zh"].format(**values)

    def line(name: str, elements: int, kind: str = held.dtype) -> Line:
        count = elements * width(kind)
        return Cell(name), Cell(f"{elements:,}", elements), Cell(f"{count:,}", count), Cell(size_text(count))

    def total(count: int) -> tuple[Line, ...]:
        return ((Cell(say("total")), Cell(""), Cell(f"{count:,}", count), Cell(size_text(count))),)

    totals, train, batch = held.report.totals, held.training, held.batch
    inference = (
        line(say("params"), totals.params),
        line(say("buffers"), totals.buffers),
        line(say("peak"), held.peak.elements * batch),
    )
    step = (
        line(say("params"), train.params),
        line(say("gradients"), train.gradients),
        line(say("states", dtype=held.state_dtype), train.states, held.state_dtype),
        line(say("buffers"), train.buffers),
        line(say("activations"), train.activations * batch),
    )
    values = sorted(held.peak.values.items(), key=lambda pair: -pair[1])
    alive = [line(path, size * batch) for path, size in values[:_ALIVE]]
    if len(values) > _ALIVE:
        rest = sum(size for _, size in values[_ALIVE:])
        alive.append(line(say("others", count=len(values) - _ALIVE), rest * batch))
    sections = (
        Section(inference, total(held.inference), say("inference")),
        Section(tuple(alive), (), say("alive", path=held.peak.path)),
        Section(step, total(held.step), say("training", optimizer=held.optimizer)),
    )
    columns = tuple(
        Column(name, say(name), side) for name, side in zip(("what", "elements", "bytes", "size"), _SIDES, strict=True)
    )
    way = say("in_place" if held.in_place else "apart")
    order = "spec" if held.schedule == "spec" else "proved" if held.proved else "best"
    notes = (say("setting", dtype=held.dtype, batch=batch, way=way), say(order), say("scratch"))
    return write(Table(held.report.target, columns, sections, notes), format, Look(ascii=ascii, lang=lang))


_SIDES: Final[tuple[Align, ...]] = ("left", "right", "right", "left")


def to_dict(held: Footprint) -> dict[str, Any]:
    """Return a footprint as plain data, format 1; all numbers are bytes."""
    totals, train = held.report.totals, held.training
    return {
        "schema": 1,
        "target": held.report.target,
        "dtype": held.dtype,
        "state_dtype": held.state_dtype,
        "batch": held.batch,
        "in_place": held.in_place,
        "schedule": held.schedule,
        "least": held.proved,
        "inference": {
            "params": held.bytes(totals.params),
            "buffers": held.bytes(totals.buffers),
            "peak": held.bytes(held.peak.elements * held.batch),
            "layer": held.peak.path,
            "alive": {path: held.bytes(size * held.batch) for path, size in held.peak.values.items()},
            "total": held.inference,
        },
        "training": {
            "optimizer": held.optimizer,
            "params": held.bytes(train.params),
            "gradients": held.bytes(train.gradients),
            "states": train.states * width(held.state_dtype),
            "buffers": held.bytes(train.buffers),
            "activations": held.bytes(train.activations * held.batch),
            "total": held.step,
        },
    }
