"""Train DPO with TRL on what `w2s-judge pairs RUN --format trl-dpo -o FOLDER` wrote.

pip install 'w2s-judge[train]'
python examples/train_dpo.py FOLDER                  a tiny model made here, on the CPU
python examples/train_dpo.py FOLDER --model NAME     a real one, on what there is
"""

import argparse
import tempfile

from datasets import load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed
from trl import DPOConfig, DPOTrainer

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def tiny_model(texts, folder):
    """Make a byte-pair tokenizer of these texts and a small random Llama, and save them."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", "<system>", "<user>", "<assistant>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(special_tokens=special, initial_alphabet=alphabet)
    raw.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", chat_template=TEMPLATE
    )
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    ends = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None}
    config = LlamaConfig(vocab_size=len(tokenizer), num_attention_heads=4, **shape, **ends)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def text_of(value):
    """The text of a cell: a string, or a list of messages."""
    return value if isinstance(value, str) else "\n".join(turn["content"] for turn in value)


def main():
    """Train, and print the loss on the pairs before and after."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="what `w2s-judge pairs` wrote")
    parser.add_argument("--model", help="a model's name or folder; by default a tiny random one")
    parser.add_argument("--steps", type=int, default=30, help="optimiser steps (default 30)")
    asked = parser.parse_args()

    set_seed(0)
    data = load_dataset(asked.folder)  # the README.md in the folder says which file is which
    with tempfile.TemporaryDirectory() as scratch:
        if asked.model is None:
            tiny_model([text_of(cell) for row in data["train"] for cell in row.values()], scratch)
        on_cpu = {} if asked.model else {"use_cpu": True, "bf16": False, "learning_rate": 1e-3}
        trainer = DPOTrainer(
            model=asked.model or scratch,
            args=DPOConfig(
                output_dir=f"{scratch}/out", max_steps=asked.steps, per_device_train_batch_size=4,
                per_device_eval_batch_size=4, save_strategy="no", report_to="none", **on_cpu,
            ),
            train_dataset=data["train"],
            eval_dataset=dict(data),
        )  # fmt: skip
        before = trainer.evaluate()
        trainer.train()
        after = trainer.evaluate()
    for split, rows in data.items():
        lost = f"{before[f'eval_{split}_loss']:.4f} -> {after[f'eval_{split}_loss']:.4f}"
        print(f"DPO loss on {split} ({len(rows)} pairs), {asked.steps} steps: {lost}")


if __name__ == "__main__":
    main()
