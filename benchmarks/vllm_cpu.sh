#!/usr/bin/env bash
# The `chat` judge against a real vLLM on CPU: vllm_cpu.sh [FOLDER], made by `make test-vllm`.
# What is installed stays in FOLDER for the next time: about 5 GB.
#   FOLDER/serve   vLLM's environment     FOLDER/model   SmolLM2 as vLLM reads it
#   FOLDER/judge   w2s-judge's own        FOLDER/*.log   what the servers said
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-.make/vllm}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
serve=$folder/serve/bin/python
judge=$folder/judge/bin/python
pins=benchmarks/vllm/pins.txt
pip=(-m pip --disable-pip-version-check --quiet)

step() {
    printf '%5d s  %s\n' "$SECONDS" "$1" >&2
}

# A half-made environment is made anew, and so is one of other pins.
if ! cmp --silent "$pins" "$folder/serve/made-from"; then
    step "installing vLLM for CPU"
    rm -rf "$folder/serve"
    "${PYTHON:-python3}" -m venv "$folder/serve"
    # vLLM wants torch's build for CPU, which is not on PyPI: what pip finds there is another.
    "$serve" "${pip[@]}" install --no-deps torch==2.13.0
    if ! "$serve" -c 'from importlib.metadata import version as v; assert "+cpu" in v("torch")'; then
        echo "pip found no torch==2.13.0+cpu: let PIP_EXTRA_INDEX_URL name PyTorch's index for CPU" >&2
        exit 1
    fi
    "$serve" "${pip[@]}" install --no-deps --requirement "$pins"
    cp "$pins" "$folder/serve/made-from"
fi

step "installing w2s-judge"
test -x "$judge" || "${PYTHON:-python3}" -m venv "$folder/judge"
"$judge" "${pip[@]}" install --constraint constraints.txt . pytest pytest-asyncio
"$judge" "${pip[@]}" install --force-reinstall --no-deps .
weights=$("$judge" -c 'from w2s_judge.judges.embedded.weights import fetch; print(fetch())')

if ! test -d "$folder/model"; then
    step "turning the weights into a folder that vLLM reads"
    "$serve" benchmarks/vllm/convert.py "$weights" "$folder/model"
fi

step "serving and asking"
# In place of this shell, so that whoever ends it ends the server too.
exec "$serve" benchmarks/vllm/serve.py "$folder" "$judge"
