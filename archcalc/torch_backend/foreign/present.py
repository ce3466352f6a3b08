"""Where two networks part, in sentences, as a table in every format, and as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from archcalc.render import write
from archcalc.render.text import number
from archcalc.render.view import Cell, Column, Lang, Look, Section, Table
from archcalc.torch_backend.foreign.difference import Difference
from archcalc.torch_backend.foreign.parting import Parting

_NAMES: Final = 4  # layers that a sentence lists

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "extra": ("your {model} ({what}) is not in the spec", "你的 {model}（{what}）在规格中没有"),
        "missing": (
            "the spec's {spec} ({what}) is missing from your network",
            "规格中的 {spec}（{what}）在你的网络中没有",
        ),
        "extra_part": (
            "your {model} ({count} layers, merges and activations) is not in the spec",
            "你的 {model}（{count} 个层、合并与激活）在规格中没有",
        ),
        "missing_part": (
            "the spec's {spec} ({count} layers, merges and activations) is missing from your network",
            "规格中的 {spec}（{count} 个层、合并与激活）在你的网络中没有",
        ),
        "kind": (
            "your {model} is {theirs}; the spec's {spec} is {ours}",
            "你的 {model} 是 {theirs}，规格的 {spec} 是 {ours}",
        ),
        "has": (
            "your {model} has a {role} ({shape}); the spec's {spec} has none",
            "你的 {model} 有 {role}（{shape}），规格的 {spec} 没有",
        ),
        "lacks": (
            "your {model} has no {role}; the spec's {spec} has one ({shape})",
            "你的 {model} 没有 {role}，规格的 {spec} 有（{shape}）",
        ),
        "shape": (
            "the {role} of your {model} is {theirs}; that of the spec's {spec} is {ours}",
            "你的 {model} 的 {role} 是 {theirs}，规格的 {spec} 是 {ours}",
        ),
        "amount": (
            "your {model} does what the spec's {spec} ({kind}) does with {theirs} parameters; the spec has {ours}",
            "你的 {model} 与规格的 {spec}（{kind}）作用相同，但有 {theirs} 个参数，规格有 {ours} 个",
        ),
        "frozen": (
            "the {role} of your {model} is frozen; that of the spec's {spec} is trained",
            "你的 {model} 的 {role} 被冻结，规格的 {spec} 参与训练",
        ),
        "trained": (
            "the {role} of your {model} is trained; that of the spec's {spec} is frozen",
            "你的 {model} 的 {role} 参与训练，规格的 {spec} 被冻结",
        ),
        "shares": (
            "your {model} uses weights that ran before; the spec's {spec} has its own",
            "你的 {model} 复用了之前的权重，规格的 {spec} 有自己的权重",
        ),
        "owns": (
            "your {model} has weights of its own; the spec's {spec} uses earlier ones",
            "你的 {model} 有自己的权重，规格的 {spec} 复用之前的权重",
        ),
        "setting": (
            "your {model} has {name} {theirs}; the spec's {spec} has {ours}",
            "你的 {model} 的 {name} 是 {theirs}，规格的 {spec} 是 {ours}",
        ),
        "output": (
            "your {model} gives {theirs}; the spec's {spec} gives {ours}",
            "你的 {model} 输出 {theirs}，规格的 {spec} 输出 {ours}",
        ),
        "wiring": (
            "your {model} reads {theirs}; the spec's {spec} reads {ours}",
            "你的 {model} 读取 {theirs}，规格的 {spec} 读取 {ours}",
        ),
        "macs": (
            "your {model} takes {theirs} multiply-adds; the spec's {spec} takes {ours}",
            "你的 {model} 需要 {theirs} 次乘加，规格的 {spec} 需要 {ours} 次",
        ),
        "unread": (
            "your network has parameters that the forward pass never uses: {names}",
            "你的网络有前向计算从未用到的参数：{names}",
        ),
        "outputs": (
            "your network returns {theirs}; the spec's returns {ours}",
            "你的网络返回 {theirs}，规格返回 {ours}",
        ),
        "otherwise": (
            "your {model} and what follows ({count} steps) is the spec's {spec} ({what}) written otherwise: as many "
            "parameters, multiply-adds and values",
            "你的 {model} 及其后续（{count} 步）是规格的 {spec}（{what}）的另一种写法：参数、乘加和输出数量相同",
        ),
        "end": (
            "only {side_en} ends with {kind}; losses often bring it along",
            "只有{side_zh}以 {kind} 结尾；损失函数常自带它",
        ),
        "heads": (
            "{names}: never used in inference, as many parameters as the spec's training heads",
            "{names}：推理时未用到，参数量与规格的训练分支相同",
        ),
        "runs": (
            "layers for regions are run for one region on the spec's side",
            "规格一侧按区域运行的层只运行一个区域",
        ),
        "opaque": (
            "the spec has opaque layers; what they hold cannot be compared",
            "规格含有不透明层（opaque），其内容无法比较",
        ),
    }
)  # fmt: skip
_SIDES: Final = MappingProxyType(
    {"spec": {"side_en": "the spec", "side_zh": "规格"}, "model": {"side_en": "your network", "side_zh": "你的网络"}}
)
_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "title": ("{source} against {target}", "{source} 与 {target} 对照"),
        "difference": ("difference", "差异"),
        "params": ("parameters", "参数"),
        "both": ("{name}: spec {ours}, yours {theirs}", "{name}：规格 {ours}，你的 {theirs}"),
        "none": ("no difference", "没有差异"),
        "sums": ("in all: {name}", "合计：{name}"),
        "trainable": ("trainable", "可训练"),
        "macs": ("multiply-adds", "乘加"),
        "like": (" (likewise {names})", "（同样：{names}）"),
        "more": ("{names} and {rest} more", "{names} 等，另有 {rest} 个"),
        "matched": (
            "{matched} of the spec's {ours} layers, merges and activations are the same in your {theirs}",
            "规格的 {ours} 个层、合并与激活中，有 {matched} 个与你的 {theirs} 个相同",
        ),
    }
)


def text(
    parting: Parting, format: str = "terminal", *, lang: Lang = "en", ascii: bool = False, width: int = 100
) -> str:
    """Return what was found in a format of tables, or as JSON."""
    if format == "json":
        return json.dumps(as_dict(parting), ensure_ascii=ascii, indent=2)
    lang = "en" if ascii else lang

    def word(key: str, **values: Any) -> str:
        return _WORDS[key][lang == "zh"].format(**values)

    columns = (Column("difference", word("difference"), flows=" "), Column("params", word("params"), "right"))
    rows = [(Cell(said), _more(params)) for said, params in sentences(parting.differences, lang)]
    pairs = (("params", parting.params), ("trainable", parting.trainable), ("macs", parting.macs))
    sums = [word("both", name=word(name), ours=f"{ours:,}", theirs=f"{theirs:,}") for name, (ours, theirs) in pairs]
    total = (Cell(word("sums", name=word("params"))), _more(parting.params[1] - parting.params[0]))
    notes = [
        word("matched", matched=parting.matched, ours=parting.calls[0], theirs=parting.calls[1]),
        *sums,
        *(said for said, _ in sentences(parting.remarks, lang)),
    ]
    shown = Section(tuple(rows) or ((Cell(word("none")), Cell("")),), (total,))
    title = word("title", source=parting.source, target=parting.target)
    made = Table(title, columns, (shown,), tuple(notes))
    return write(made, format, Look(ascii=ascii, lang=lang, width=width))


def sentences(differences: Iterable[Difference], lang: Lang = "en") -> Iterator[tuple[str, int]]:
    """Yield a sentence for each difference, alike ones as one, with the parameters that it makes."""
    groups: dict[Any, list[Difference]] = {}
    for each in differences:
        groups.setdefault((each.code, each.params, tuple(sorted(each.facts.items()))), []).append(each)
    for alike in groups.values():
        if alike[0].code == "wiring":  # its facts are names
            yield from ((_sentence(each, lang), each.params) for each in alike)
            continue
        others = [each.model or each.spec or "" for each in alike[1:]]
        names = ", ".join(others[:_NAMES])
        if len(others) > _NAMES:
            names = _WORDS["more"][lang == "zh"].format(names=names, rest=len(others) - _NAMES)
        like = _WORDS["like"][lang == "zh"].format(names=names) if others else ""
        yield _sentence(alike[0], lang) + like, sum(each.params for each in alike)


def as_dict(parting: Parting) -> dict[str, Any]:
    """Return the comparison as plain data (docs/reference/compare-module.schema.json)."""

    def both(pair: tuple[int, int]) -> dict[str, int]:
        return {"spec": pair[0], "model": pair[1]}

    return {
        "schema": 1,
        "target": parting.target,
        "source": parting.source,
        "device": parting.device,
        "same": parting.same,
        "matched": parting.matched,
        "layers": both(parting.calls),
        "params": both(parting.params),
        "trainable": both(parting.trainable),
        "macs": both(parting.macs),
        "differences": [_plain(each) for each in parting.differences],
        "remarks": [_plain(each) for each in parting.remarks],
    }


def _plain(each: Difference) -> dict[str, Any]:
    return {
        "code": each.code,
        "model": each.model,
        "spec": each.spec,
        "params": each.params,
        "macs": each.macs,
        "message": _sentence(each, "en"),
    }


def _sentence(each: Difference, lang: Lang) -> str:
    sides = _SIDES.get(each.facts.get("side", ""), {})
    return _SENTENCES[each.code][lang == "zh"].format(model=each.model, spec=each.spec, **each.facts, **sides)


def _more(count: int) -> Cell:
    return Cell(f"{'+' if count > 0 else ''}{number(count)}" if count else "0", count)
