"""What the writers make, read by the trainers that it is for: TRL on a tiny model, on the CPU.

`make test-train` runs these in an environment with the extra `train`; elsewhere they are left out.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("trl", reason="needs the extra 'train': `make test-train` runs these")

from datasets import load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
    set_seed,
)
from trl import (
    DPOConfig,
    DPOTrainer,
    KTOConfig,
    KTOTrainer,
    RewardConfig,
    RewardTrainer,
    SFTConfig,
    SFTTrainer,
)

from w2s_judge.preferences.card import write_card
from w2s_judge.preferences.card_facts import CardFacts, FileFact
from w2s_judge.preferences.contract import WRITERS
from w2s_judge.preferences.files import dataset_files
from w2s_judge.types import Message, Preference, Rated

# TRL sets what this transformers calls deprecated; nothing of ours.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.(is_)?gradient_checkpointing.* is deprecated:FutureWarning")
]
ROWS = 24
TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
STYLES = pytest.mark.parametrize("style", ["plain", "conversational"])
KINDS = pytest.mark.parametrize("kind", ["jsonl", "parquet"])


def prompt(k, style):
    if style == "conversational" and k % 2:
        return (Message("system", "Be brief."), Message("user", f"Question {k}?"))
    return f"Question {k}? "


def pair(k, style):
    p = 0.6 + 0.39 * k / ROWS
    return Preference(
        f"i{k}", prompt(k, style), f"A good answer to {k}.", f"bad {k}", p, 0.05,
        math.log(p / (1 - p)), 5, 0.1, "helpful", "majority", "none", (0, 1),
        (None, "m"), ("a", "b"),
    )  # fmt: skip


def rated(k, style):
    good = k % 3 > 0
    return Rated(
        f"i{k}", prompt(k, style), f"{'Good' if good else 'Bad'} answer {k}.", 0.9 if good else 0.1,
        good, 5, 0.1, "helpful", "majority", "none", 0, None, ("a",),
    )  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """Write a folder as the command does: rows, side-cars, what was left out, the card."""

    def write(name, style, kind="jsonl", meta="beside", rows=ROWS):
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        writes = WRITERS.get(name).writes
        make = pair if name in {"trl-dpo", "trl-reward"} else rated
        with dataset_files(folder, kind, meta) as files:
            for k in range(rows):
                source = make(k, style)
                if name != "trl-sft" or source.desirable:
                    files.write("train", writes.row(source, style), source)
            files.write("validation", writes.row(source, style), source)
            files.drop({"item": "x", "reason": "same text"})
            write_card(files, card(files, name, style, meta))
        return folder

    return write


def card(files, name, style, meta):
    found = tuple(FileFact(side, file, files.rows[side]) for side, file in files.names())
    return CardFacts(
        made_by="w2s-judge", source="run", format=name, reads="TRL", kind="pairs", style=style,
        meta=meta, files=found, judges=(), rubrics=(), strategy="best-worst", thresholds=(),
        resample=None, validation_share=0.1, seed=0, prompts=ROWS, candidates=ROWS, kept=ROWS,
        dropped=(), noise="no gold", lengths=None, fingerprint=files.fingerprint(),
    )  # fmt: skip


@pytest.fixture
def loaded(written, tmp_path):
    """The rows to train on, found in the folder by its card."""

    def load(name, style, kind="jsonl", meta="beside"):
        folder = written(name, style, kind, meta)
        data = load_dataset(f"{folder}/", cache_dir=str(tmp_path / "cache"))
        assert set(data) == {"train", "validation"}
        assert len(data["validation"]) == 1
        return data["train"]

    return load


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_folder_that_was_written_anew_is_loaded_anew(kind, loaded, written, tmp_path):
    """The loader caches by the folder's name and by what the card calls the rows."""
    assert len(loaded("trl-dpo", "plain", kind)) == ROWS
    folder = written("trl-dpo", "plain", kind, rows=ROWS - 2)
    again = load_dataset(f"{folder}/", cache_dir=str(tmp_path / "cache"))
    assert len(again["train"]) == ROWS - 2


@pytest.fixture(scope="module")
def tokenizer():
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        ["Question 1? A good answer to 2. bad 3 Be brief. <user> <system> <assistant>"] * 2,
        trainers.BpeTrainer(
            vocab_size=320,
            special_tokens=["<pad>", "</s>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", chat_template=TEMPLATE
    )


def tiny(tokenizer, kind=LlamaForCausalLM):
    set_seed(0)
    return kind(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=256,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
            **({"num_labels": 1} if kind is LlamaForSequenceClassification else {}),
        )
    )


def settings(make, tmp_path, **more):
    return make(
        output_dir=str(tmp_path / "out"),
        max_steps=3,
        per_device_train_batch_size=8,
        per_device_eval_batch_size=8,
        learning_rate=1e-2,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
        **more,
    )


def losses(trainer):
    trainer.train()
    found = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(found) == 3
    assert all(math.isfinite(loss) for loss in found)
    return found


@STYLES
@KINDS
def test_dpo_trains_on_the_pairs(loaded, tokenizer, tmp_path, style, kind):
    data = loaded("trl-dpo", style, kind)
    assert data.column_names == ["prompt", "chosen", "rejected"]
    trainer = DPOTrainer(
        tiny(tokenizer), ref_model=tiny(tokenizer), args=settings(DPOConfig, tmp_path),
        train_dataset=data, processing_class=tokenizer,
    )  # fmt: skip
    read = trainer.train_dataset[1]
    assert tokenizer.decode(read["chosen_ids"]).lstrip().startswith("A good answer to 1.</s>")
    assert tokenizer.decode(read["rejected_ids"]).lstrip().startswith("bad 1</s>")
    asked = tokenizer.decode(read["prompt_ids"])
    expected = {"plain": "Question 1?", "conversational": "<system>Be brief.<user>Question 1?"}
    assert asked.startswith(expected[style])
    first, *_, last = losses(trainer)
    assert first == pytest.approx(math.log(2), abs=1e-4)  # the model is still its own reference
    assert last < first


@KINDS
def test_our_columns_beside_the_trainers_do_not_disturb_it(loaded, tokenizer, tmp_path, kind):
    data = loaded("trl-dpo", "conversational", kind, "columns")
    assert {"w2s_p", "w2s_judges", "w2s_models"} < set(data.column_names)
    assert data[3]["w2s_models"] == ["", "m"]
    trainer = DPOTrainer(
        tiny(tokenizer), ref_model=tiny(tokenizer), args=settings(DPOConfig, tmp_path),
        train_dataset=data, processing_class=tokenizer,
    )  # fmt: skip
    losses(trainer)


@STYLES
@KINDS
def test_kto_trains_on_single_responses(loaded, tokenizer, tmp_path, style, kind):
    data = loaded("trl-kto", style, kind)
    assert data.column_names == ["prompt", "completion", "label"]
    assert data.features["label"].dtype == "bool"
    trainer = KTOTrainer(
        tiny(tokenizer), ref_model=tiny(tokenizer), args=settings(KTOConfig, tmp_path),
        train_dataset=data, processing_class=tokenizer,
    )  # fmt: skip
    read = trainer.train_dataset[1]
    assert tokenizer.decode(read["completion_ids"]).lstrip().startswith("Good answer 1.</s>")
    losses(trainer)
    told = set().union(*trainer.state.log_history)
    assert {"rewards/chosen", "rewards/rejected"} <= told  # both sides of the label were seen


@STYLES
@KINDS
def test_the_reward_trainer_reads_the_margin(loaded, tokenizer, tmp_path, style, kind):
    data = loaded("trl-reward", style, kind)
    assert data.column_names == ["prompt", "chosen", "rejected", "margin"]

    def trainer(rows):
        return RewardTrainer(
            tiny(tokenizer, LlamaForSequenceClassification),
            args=settings(RewardConfig, tmp_path),
            train_dataset=rows,
            eval_dataset=rows,
            processing_class=tokenizer,
        )

    with_margin, without = trainer(data), trainer(data.remove_columns("margin"))
    read = tokenizer.decode(with_margin.train_dataset[1]["chosen_ids"])
    assert read.index("Question 1?") < read.index("A good answer to 1.")
    # The gap in reward is nearly 0 before training: what is left of the loss is the margin's.
    expected = sum(math.log1p(math.exp(row["margin"])) for row in data) / ROWS
    assert without.evaluate()["eval_loss"] == pytest.approx(math.log(2), abs=0.02)
    assert with_margin.evaluate()["eval_loss"] == pytest.approx(expected, abs=0.02)
    losses(with_margin)


@STYLES
@KINDS
def test_sft_trains_on_the_completion_alone(loaded, tokenizer, tmp_path, style, kind):
    data = loaded("trl-sft", style, kind)
    assert data.column_names == ["prompt", "completion"]
    trainer = SFTTrainer(
        tiny(tokenizer), args=settings(SFTConfig, tmp_path), train_dataset=data,
        processing_class=tokenizer,
    )  # fmt: skip
    read = trainer.train_dataset[0]
    learnt = [
        one for one, label in zip(read["input_ids"], read["labels"], strict=True) if label != -100
    ]
    assert tokenizer.decode(learnt).lstrip().startswith("Good answer 1.</s>")
    first, *_, last = losses(trainer)
    assert last < first


def test_the_example_trains_on_the_folder(written, tmp_path):
    script = Path(__file__).parents[2] / "examples" / "train_dpo.py"
    done = subprocess.run(
        [sys.executable, str(script), str(written("trl-dpo", "conversational")), "--steps", "5"],
        env={**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    losses = re.findall(r"DPO loss on (\w+) .*: ([0-9.]+) -> ([0-9.]+)", done.stdout)
    assert [name for name, *_ in losses] == ["train", "validation"]
    assert float(losses[0][2]) < float(losses[0][1])
