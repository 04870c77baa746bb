"""SmolLM2's GGUF as a folder that vLLM reads: `convert.py WEIGHTS.gguf FOLDER`, offline.

The 4-bit weights are widened, not restored: what is served is the embedded judge's model.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def convert(gguf: Path, folder: Path) -> None:
    """Write weights, tokeniser and chat template, all of them from the GGUF; in one step."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    half_made = folder.with_name(f"{folder.name}.half-made")
    shutil.rmtree(half_made, ignore_errors=True)
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # Weights that are still quantised cannot be saved.
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    tokenizer.save_pretrained(half_made)
    model.save_pretrained(half_made)
    half_made.rename(folder)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
