"""Which model family a model's name belongs to: models that share ancestry share mistakes.

A family is that of the weights. A model tuned or distilled from another's base counts to the base
that its name states ("DeepSeek-R1-Distill-Qwen-7B" is qwen, "Llama-3.1-Nemotron" is llama): base
weights decide most of how a model writes and errs, whatever it was tuned on later.
"""

from __future__ import annotations

import re

# The first line that matches wins, so the order is the rule.
_FAMILIES: tuple[tuple[str, str], ...] = (
    # Bases that others build on.
    ("qwen", r"qwen|qwenvl|qwq|qvq|codeqwen|tongyi"),
    ("llama", r"llama|codellama|tinyllama|openllama|open_llama|llamaguard"),
    ("gemma", r"gemma|codegemma|recurrentgemma|shieldgemma|paligemma|medgemma"),
    (
        "mistral",
        r"mistral|mixtral|ministral|magistral|codestral|devstral|mathstral|pixtral|voxtral",
    ),
    ("phi", r"phi"),
    ("stablelm", r"stablelm|stable-lm"),
    ("smollm", r"smollm"),
    ("olmo", r"olmo|olmoe"),
    ("yi", r"yi"),
    ("falcon", r"falcon"),
    ("internlm", r"internlm"),
    ("glm", r"glm|chatglm|codegeex"),
    ("granite", r"granite"),
    ("command", r"command|c4ai|aya"),
    # EleutherAI's and the others' GPTs share a word with OpenAI's and nothing else.
    ("pythia", r"pythia|gpt-?j|gpt-?neo|gpt-?neox"),
    ("gpt2", r"gpt-?2(?![0-9])|distilgpt2|dialogpt"),
    ("baichuan", r"baichuan"),
    ("solar", r"solar"),
    ("jamba", r"jamba"),
    ("dbrx", r"dbrx"),
    ("mpt", r"mpt"),
    ("bloom", r"bloom|bloomz"),
    ("t5", r"t5|flan-t5"),
    ("minicpm", r"minicpm"),
    ("exaone", r"exaone"),
    ("lfm", r"lfm"),
    # Makers who also distil onto the bases above.
    ("deepseek", r"deepseek|deepseekmath|deepseekcoder"),
    ("nemotron", r"nemotron|minitron"),
    ("hunyuan", r"hunyuan"),
    ("kimi", r"kimi|moonshot|moonlight"),
    ("minimax", r"minimax"),
    # Tunes of a base that their names need not state ("zephyr-7b-gemma" does).
    ("llama", r"vicuna|alpaca|guanaco|koala|tulu|orca"),
    ("mistral", r"zephyr|starling|prometheus-(?:7b|8x7b)-v2|wildguard"),
    # Makers whose weights are not given out: beside any name above they are the data's source.
    ("gemini", r"gemini|learnlm"),
    ("palm", r"palm|text-bison|chat-bison"),
    ("claude", r"claude"),
    ("grok", r"grok"),
    ("gpt", r"chatgpt|gpt-(?:oss|audio|realtime)|gpt-?[3-9][0-9.]*[ov]?|text-davinci|davinci"),
    ("ernie", r"ernie"),
    ("reka", r"reka"),
    ("nova", r"nova-(?:micro|lite|pro|premier)"),
)

# OpenAI's reasoning models: too short to look for inside a name ("Marco-o1" is another's).
_O_SERIES = re.compile(r"(?:ft:)?o[134](?![a-z0-9])")

_TABLE = tuple(
    (family, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for family, words in _FAMILIES
)


def family_of(model: str | None) -> str | None:
    """Tell a model's family by its name, or None where the name tells nothing.

    Takes API names ("gpt-4o-mini", "anthropic.claude-3-haiku-v1:0"), Hugging Face names
    ("Qwen/Qwen2.5-7B-Instruct"), Ollama tags ("llama3.1:8b") and paths of weights; only what
    follows the last slash counts, since owners and folders are named after anything. Whole words
    only ("ollama" is no llama), upper or lower case.
    """
    if model is None:
        return None
    name = model.strip().lower().rstrip("/").rsplit("/", 1)[-1].strip()
    if _O_SERIES.match(name):
        return "gpt"
    return next((family for family, pattern in _TABLE if pattern.search(name)), None)
