# make demo: the program on a simulated platform.  make test: all fast tests.  make test-quick: no simulator, screens, processes, types, nor what is long by nature.  make platform: tests on the real parts.  make trials: the long ones, by hand.  make mutation: what the tests of the rules do not notice, by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST = $(BIN)/python -m pytest# .ci/run gives one that runs what failed once more, alone

WORKERS ?= 4# on two cores: much of a test's time is waiting for a process or a terminal
unexport PYTHONDONTWRITEBYTECODE# else each process of the tests compiles all of it anew

comma := ,
say = @echo "== $@, $(1)" >&2

.PHONY: demo test test-quick platform trials mutation cluster cluster-down bench example wheel lock clean

demo: $(STAMP)
	@$(BIN)/tfdash demo $(ARGS)

test: $(STAMP)
	$(call say,1 of 3: style)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(call say,2 of 3: who imports whom)
	@$(BIN)/lint-imports --no-cache
	$(call say,3 of 3: the tests$(comma) a dot each: $(WORKERS) workers collect them first (half a minute). What mypy and the search for dead code$(comma) which run beside them$(comma) find comes last)
	@said=$$(mktemp); \
	( $(BIN)/mypy && $(BIN)/python -m tests.ci.dead_code ) >"$$said" 2>&1 & checks=$$!; \
	trap 'kill $$checks 2>/dev/null; rm -f "$$said"' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP; \
	code=0; $(PYTEST) -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS) || code=$$?; \
	wait $$checks || { code=1; cat "$$said"; }; exit $$code

test-quick: $(STAMP)
	$(call say,style$(comma) then the tests$(comma) a dot each: without simulator$(comma) screens$(comma) processes$(comma) PostgreSQL$(comma) types; without what is marked long: statistics$(comma) walks of all actions$(comma) tables of all screens$(comma) of all settings$(comma) all source; 20 examples where Hypothesis looks for more)
	@$(BIN)/ruff check .
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --quick tests/unit $(ARGS)

platform: $(STAMP)
	$(call say,1 of 2: the real parts (built where the cache has none: the first time some minutes))
	@$(BIN)/python -m tests.platform.harness build
	$(call say,2 of 2: the tests on them (half an hour)$(comma) a dot each)
	@$(PYTEST) -q --platform -m platform tests/protocol tests/platform $(ARGS)

trials: $(STAMP)
	$(call say,1 of 2: the real parts)
	@$(BIN)/python -m tests.platform.harness build
	$(call say,2 of 2: the trials (minutes each)$(comma) a dot each)
	@$(BIN)/python -m pytest -q --platform tests/trials $(ARGS)

mutation: $(STAMP)
	$(BIN)/python -m tests.ci.mutation $(ARGS)

cluster: $(STAMP)
	@$(BIN)/python -m tests.platform.harness up

cluster-down: $(STAMP)
	@$(BIN)/python -m tests.platform.harness down

example: $(STAMP) # config.example.toml out of the declarations of the settings
	$(BIN)/tfdash config example > config.example.toml

bench: wheel
	$(BIN)/python -m benchmarks.terminal $(ARGS)

wheel: $(STAMP)
	$(BIN)/python -m build --no-isolation --outdir dist .

lock: # renew the lock: needs uv, from PyPI
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "tfdash needs Python 3.11 or newer; $(PYTHON) is older. Name another: make PYTHON=python3.12 demo" >&2; exit 3; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments; on Debian or Ubuntu: apt install python3-venv" >&2; exit 3; }
	@test -x $(BIN)/python || { echo "tfdash: making $(VENV) ..." >&2; $(PYTHON) -m venv $(VENV); }
	@echo "tfdash: installing the locked packages into $(VENV) (a minute the first time) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
