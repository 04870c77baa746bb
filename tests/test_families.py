"""Model names to families, as they are met in files and panels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.families import family_of

NAMES = {
    "qwen": [
        "Qwen/Qwen2.5-1.5B-Instruct",
        "qwen3:0.6b",
        "Qwen/QwQ-32B",
        "qwen2.5-0.5b-instruct-q4_k_m.gguf",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B",
    ],
    "llama": [
        "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/Meta-Llama-3-70B",
        "us.meta.llama3-1-70b-instruct-v1:0",
        "ollama/llama3.2",
        "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        "lmsys/vicuna-13b-v1.5",
        "chavinlo/gpt4-x-vicuna",
        "meta-llama/Llama-Guard-3-8B",
        "nvidia/Llama-3.1-Nemotron-70B-Instruct-HF",
        "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
        "allenai/Llama-3.1-Tulu-3-8B",
        "allenai/tulu-2-dpo-7b",
    ],
    "mistral": [
        "mistralai/Mistral-7B-Instruct-v0.3",
        "mistralai/Mixtral-8x7B-v0.1",
        "ministral-8b-latest",
        "codestral-latest",
        "HuggingFaceH4/zephyr-7b-beta",
        "prometheus-eval/prometheus-7b-v2.0",
    ],
    "gemma": ["google/gemma-2-9b-it", "gemma3:4b", "google/shieldgemma-2b", "zephyr-7b-gemma-v0.1"],
    "gemini": ["gemini-1.5-pro", "models/gemini-2.0-flash"],
    "gpt": [
        "gpt-4o-mini",
        "openai/gpt-4.1",
        "gpt-35-turbo",
        "gpt-5",
        "chatgpt-4o-latest",
        "openai/gpt-oss-20b",
        "o1-preview",
        "azure/o3-mini",
        "o4-mini",
        "ft:gpt-4o-mini-2024-07-18:org::id",
        "text-davinci-003",
    ],
    "claude": ["claude-3-5-sonnet-20241022", "anthropic.claude-3-haiku-20240307-v1:0"],
    "deepseek": ["deepseek-ai/DeepSeek-V3", "deepseek-chat", "deepseek-r1:671b"],
    "phi": ["microsoft/Phi-3-mini-4k-instruct", "phi4", "microsoft/phi-2"],
    "smollm": ["HuggingFaceTB/SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct-Q8_0.gguf"],
    "olmo": ["allenai/OLMo-2-1124-7B-Instruct", "allenai/OLMoE-1B-7B-0924"],
    "yi": ["01-ai/Yi-34B-Chat", "yi-large"],
    "command": ["command-r-plus", "CohereForAI/c4ai-command-r-v01", "CohereForAI/aya-23-8B"],
    "falcon": ["tiiuae/falcon-7b", "tiiuae/Falcon3-7B-Instruct"],
    "granite": ["ibm-granite/granite-3.1-8b-instruct"],
    "internlm": ["internlm/internlm2_5-7b-chat"],
    "glm": ["THUDM/glm-4-9b-chat", "THUDM/chatglm3-6b"],
    "nemotron": ["nvidia/Nemotron-4-340B-Instruct"],
    "grok": ["xai/grok-2-latest"],
    "pythia": ["EleutherAI/pythia-160m", "EleutherAI/gpt-j-6b", "EleutherAI/gpt-neox-20b"],
    "gpt2": ["openai-community/gpt2", "distilgpt2"],
    "stablelm": ["stabilityai/stablelm-zephyr-3b"],
    "kimi": ["moonshotai/Kimi-K2-Instruct"],
}
UNKNOWN = [
    "",
    "my-model",
    "AIDC-AI/Marco-o1",  # not OpenAI's, whatever it is called
    "philosopher-7b",
    "yiddish-lm",
    "ollama/unheard-of",
    "/home/qwen/models/checkpoint-500",  # a folder is named after anybody
    "qwenish",
]


@pytest.mark.parametrize(("family", "name"), [(f, n) for f, names in NAMES.items() for n in names])
def test_a_name_tells_its_family(family: str, name: str) -> None:
    assert family_of(name) == family
    assert family_of(name.upper()) == family
    assert family_of(f" {name}/ ") == family


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_a_name_does_not_tell_is_unknown(name: str) -> None:
    assert family_of(name) is None


def test_no_name_has_no_family() -> None:
    assert family_of(None) is None


@given(st.text(max_size=60))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert family_of(text) == family_of(f"owner/{text}") or "/" in text
