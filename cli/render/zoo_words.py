"""The words of the model zoo's README, in Chinese and in English. Headings follow the published one of Dino_Resnet50."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. Braces are filled in by the renderer."""

    title: str
    model: str
    environment: str
    conversion: str
    dataset: str
    inference: str
    accuracy: str
    accuracy_of: str
    published: str
    comparison: str
    performance: str
    table: str
    model_heads: tuple[str, ...]
    environment_heads: tuple[str, ...]
    dataset_heads: tuple[str, ...]
    accuracy_heads: tuple[str, ...]
    published_heads: tuple[str, ...]
    best: str
    best_ratios: str
    best_ratio: str
    list_mark: str
    no_command: str
    no_compile: str
    no_accuracy: str
    no_published: str
    nothing: str
    card: str
    simulated: str
    pure: str
    imported: str
    extrapolated: str
    implausible: str
    dash: str
    trace: str
    passed_over: str


ZH = Words(
    title="{name} 离线推理结果",
    model="1 模型",
    environment="2 环境说明",
    conversion="3 模型转换",
    dataset="4 数据集与预处理",
    inference="5 离线推理",
    accuracy="6 精度对比",
    accuracy_of="6.1 离线推理TopN精度",
    published="6.2 开源精度",
    comparison="6.3 精度对比",
    performance="7 性能对比",
    table="单位：images/s，按卡计，compute（不含拷贝）；比值为卡对卡。",
    model_heads=("模型", "sha256", "输入", "类别数"),
    environment_heads=("芯片", "来源", "驱动", "工具链", "主机架构", "精度类型"),
    dataset_heads=("数据集", "样本数", "指纹", "预处理"),
    accuracy_heads=("芯片", "batch", "Top1 accuracy", "Top5 accuracy", "样本覆盖"),
    published_heads=("model", "Top1 accuracy"),
    best="最优batch",
    best_ratios="最优的{one}性能达到了{others}。",
    best_ratio="最优的{other}性能的{value:.3f}倍",
    list_mark="，",
    no_command="命令未记录：{jobs}。",
    no_compile="没有转换命令：{runs}（由库直接构建，或来自外部）。",
    no_accuracy="没有在数据集上测得的精度。",
    no_published="未给出开源精度，因此没有精度结论。",
    nothing="没有310、310P或T4的性能数据。",
    card="310一列为一张卡（4颗芯片）。",
    simulated="模拟器数据，未在真实卡上测量",
    pure="随机数据纯推理，未使用数据集",
    imported="由其他工具测得后导入",
    extrapolated="由单芯片乘以每卡芯片数推算",
    implausible="不可信的数据，不参与比值和最优",
    dash="`-`：未测量，或两者不可相除",
    trace="数据来源",
    passed_over="未列入（同一格有更优先的数据）：{runs}。",
)

EN = Words(
    title="{name}: offline inference results",
    model="1 Model",
    environment="2 Environment",
    conversion="3 Conversion",
    dataset="4 Dataset and preprocessing",
    inference="5 Inference",
    accuracy="6 Accuracy",
    accuracy_of="6.1 Top-N accuracy",
    published="6.2 Published accuracy",
    comparison="6.3 Comparison",
    performance="7 Performance",
    table="Images/s per card, compute (without copies); ratios are card to card.",
    model_heads=("model", "sha256", "input", "classes"),
    environment_heads=("chip", "origin", "driver", "toolkit", "host", "precision"),
    dataset_heads=("dataset", "samples", "fingerprint", "preprocessing"),
    accuracy_heads=("chip", "batch", "Top1 accuracy", "Top5 accuracy", "coverage"),
    published_heads=("model", "Top1 accuracy"),
    best="best batch",
    best_ratios="At its best batch {one} does {others}.",
    best_ratio="{value:.3f} times what {other} does at its best",
    list_mark=", ",
    no_command="No command was recorded of {jobs}.",
    no_compile="No command compiled {runs}: a library did, or it was made elsewhere.",
    no_accuracy="No accuracy was measured on a dataset.",
    no_published="No published accuracy was given, so there is no accuracy verdict.",
    nothing="There is no figure of a 310, 310P or T4.",
    card="The 310 column is of a card of four chips.",
    simulated="simulated; not measured on a card",
    pure="on random data, without the dataset",
    imported="measured by another tool and imported",
    extrapolated="one chip times the chips of its card",
    implausible="cannot be; not in ratios, not in the best row",
    dash="`-`: not measured, or not to be divided",
    trace="Where figures are from",
    passed_over="Not shown, as another run stands in its cell: {runs}.",
)
LANGUAGES: dict[str, Words] = {"zh": ZH, "en": EN}
