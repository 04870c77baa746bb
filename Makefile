# make score   installs into an environment of its own and scores the example (no key, no server)
# make test    installs what it needs, then checks and tests everything
# make lint    the checks alone          make test-vllm   the judges against a real vLLM on CPU
# make test-train   what is written for trainers against the real TRL on CPU (torch: about 1.5 GB)
# Everything that is made lies in .make/ and examples/outputs.w2s/ (`make clean` removes it), but for
# the weights of the embedded language model: $W2S_JUDGE_CACHE, by default ~/.cache/w2s-judge.

PYTHON ?= python3
MADE := .make
SCORE := $(MADE)/score
TEST := $(MADE)/test
TRAIN := $(MADE)/train
TORCH := torch==2.13.0
SOURCES := Makefile pyproject.toml constraints.txt README.md $(shell find src -type f -not -name '*.pyc')
PIP := -m pip --disable-pip-version-check --quiet

.PHONY: score test browser lint test-train test-vllm constraints clean

score: $(SCORE)/.installed
	$(SCORE)/bin/w2s-judge score examples/outputs.jsonl --out examples/outputs.w2s

# The requirements come first, so that a changed source does not install them again.
$(SCORE)/.installed: $(SOURCES)
	test -x $(SCORE)/bin/python || $(PYTHON) -m venv $(SCORE)
	$(SCORE)/bin/python $(PIP) install -c constraints.txt '.[local]'
	$(SCORE)/bin/python $(PIP) install --force-reinstall --no-deps .
	$(SCORE)/bin/python -c 'from w2s_judge.judges.embedded.weights import fetch; fetch()' \
		|| echo 'The weights did not come: the other embedded judges work without them.'
	touch $@

$(TEST)/.installed: $(SOURCES)
	test -x $(TEST)/bin/python || $(PYTHON) -m venv $(TEST)
	rm -rf $(MADE)/dist
	$(TEST)/bin/python $(PIP) install -c constraints.txt build
	$(TEST)/bin/python -m build --wheel --outdir $(MADE)/dist . > $(MADE)/build.log
	wheel=$$(ls $(MADE)/dist/*.whl) && $(TEST)/bin/python $(PIP) install -c constraints.txt "$$wheel[dev]"
	$(TEST)/bin/python $(PIP) install --force-reinstall --no-deps $(MADE)/dist/*.whl
	$(TEST)/bin/python -c 'from w2s_judge.judges.embedded.weights import fetch; fetch()' \
		|| echo 'The weights did not come: the tests that need them are left out, and say so.'
	touch $@

# The tests run against the built wheel: a data file that is missing in it is missing here.
test: lint browser
	$(TEST)/bin/python -m pytest

# The page of an audit is tested in a real Chromium: one that is there, else the distribution's where
# it may be installed. Without one these tests are left out, which pytest says at its end.
browser:
	@test -x "$${W2S_JUDGE_BROWSER:-$$(command -v chromium || command -v chromium-browser \
		|| command -v google-chrome || command -v google-chrome-stable || command -v chrome)}" \
	|| test -x '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' \
	|| { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && mkdir -p $(MADE) \
		&& echo 'Installing chromium for the tests of the page; $(MADE)/browser.log says how it goes.' \
		&& { apt-get update && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends chromium; } > $(MADE)/browser.log 2>&1; } \
	|| true

lint: $(TEST)/.installed
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports

# torch comes first and by itself: pip takes it from where it is told to look (PIP_FIND_LINKS or
# PIP_INDEX_URL for a build without CUDA), and leaves it alone when the rest is installed.
$(TRAIN)/.installed: $(SOURCES) constraints-train.txt
	test -x $(TRAIN)/bin/python || $(PYTHON) -m venv $(TRAIN)
	$(TRAIN)/bin/python $(PIP) install $(TORCH)
	$(TRAIN)/bin/python $(PIP) install -c constraints.txt -c constraints-train.txt \
		'.[train]' pytest pytest-asyncio
	$(TRAIN)/bin/python $(PIP) install --force-reinstall --no-deps .
	touch $@

test-train: $(TRAIN)/.installed
	HF_HUB_OFFLINE=1 HF_HOME=$(CURDIR)/$(TRAIN)/cache $(TRAIN)/bin/python -m pytest tests/train

# Nothing stands between make and what starts the server: whoever ends the one ends the other.
test-vllm:
	exec env PYTHON=$(PYTHON) bash benchmarks/vllm_cpu.sh $(MADE)/vllm

clean:
	rm -rf $(MADE) examples/outputs.w2s

# Renew the pins: the newest versions that the ranges in pyproject.toml admit.
constraints:
	rm -rf $(MADE)/pins && $(PYTHON) -m venv $(MADE)/pins
	$(MADE)/pins/bin/python $(PIP) install '.[dev]'
	( head -1 constraints.txt; $(MADE)/pins/bin/python -m pip freeze --exclude w2s-judge ) > $(MADE)/pins.txt
	mv $(MADE)/pins.txt constraints.txt
	$(MADE)/pins/bin/python $(PIP) install $(TORCH)
	$(MADE)/pins/bin/python $(PIP) install -c constraints.txt '.[train]'
	( head -1 constraints-train.txt; $(MADE)/pins/bin/python -m pip freeze \
		--exclude w2s-judge --exclude torch | grep -vxFf constraints.txt ) > $(MADE)/pins.txt
	mv $(MADE)/pins.txt constraints-train.txt
