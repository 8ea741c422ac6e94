# Every target bootstraps what it needs: a fresh clone wants only make, bash and a Python >= 3.11.
# Paths are relative: make cannot handle a prerequisite with spaces, and the clone's path may have some.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
PYTHON_2_11 := .venv-2.11/bin/python
READY := .venv/.ready
READY_2_11 := .venv-2.11/.ready
PYTHON_3_1 := .venv-3.1/bin/python
READY_3_1 := .venv-3.1/.ready
PYTHON_3_4 := .venv-3.4/bin/python
READY_3_4 := .venv-3.4/.ready
PYTHON_CELERY := .venv-celery/bin/python
READY_CELERY := .venv-celery/.ready
PYTHON_BENCH := .venv-bench/bin/python
READY_BENCH := .venv-bench/.ready
# Tests wait most of their time, so a third process pays even on two cores.
PARALLEL := -n 3 --dist loadscope --no-loadscope-reorder
# The tests of what does no I/O. They alone cover all of it, which is measured.
DECISIONS := tests/api tests/polling tests/journal/test_journal_state.py
# The Airflow suite, which `make matrix` runs on each version, with its slow tests.
SUITE := tests/airflow
# What `make test` leaves out, as other targets of `make test-all` run it.
NOT_HERE :=
# Takes three minutes by itself.
LARGE_BATCH := tests/browser/test_browser_large_batch.py

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9.-]+:.*## ' Makefile | sed -E 's/^([a-z0-9.-]+):.*## (.*)/\1|\2/' | \
		while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

.PHONY: demo
demo: $(READY) ## Edit a photograph with PHOTA in a real Airflow (emulated service, or PHOTA_API_KEY's own)
	@$(PYTHON) -m dev.demo

.PHONY: test
test: lint ## Lint, types, and every test that is not slow; coverage of api/ is 100 %
	$(PYTHON) -m coverage erase
	$(PYTHON) -m coverage run -m pytest $(DECISIONS)
	$(PYTHON) -m coverage report --include='airflow_provider_phota/api/*,airflow_provider_phota/polling/*' --fail-under=100
	$(PYTHON) -m pytest -m "not slow" $(PARALLEL) $(DECISIONS:%=--ignore=%) $(NOT_HERE:%=--ignore=%)

.PHONY: test-all
test-all: $(READY) $(READY_2_11) $(READY_3_1) $(READY_3_4) ## make test, matrix and browser-all, the slow tests, parts of races and chaos; each once
	$(MAKE) test NOT_HERE=$(SUITE)
	$(MAKE) matrix MATRIX=
	$(PYTHON_3_4) -m tests.chaos --database postgres --groups people,kills,answers,models --seeds 1 --edits 0 --naive 0
	$(PYTHON_3_4) -m pytest tests/stack/test_stack_links.py
	$(PYTHON) -m pytest -m "slow and not browser" --ignore=$(SUITE)
	$(PYTHON) -m tests.races --times 2
	$(PYTHON_2_11) -m pytest tests/stack/test_stack_links.py
	$(PYTHON_2_11) -m tests.chaos --groups kills,people,answers,network,resubmit,models --seeds 1 --edits 0 --naive 0 --width 3
	$(MAKE) browser-all
	@cat .build/matrix.md

.PHONY: matrix
matrix: $(READY) $(READY_2_11) $(READY_3_1) $(READY_3_4) ## The Airflow suite on each supported version, as a table (80 minutes; MATRIX="--only 3.1")
	@$(PYTHON) -m dev.matrix $(PARALLEL) $(MATRIX)

.PHONY: browser
browser: $(READY) ## Look at the pages in a browser (Debian's Chromium is installed if there is none)
	@$(PYTHON) -m dev.chromium
	$(PYTHON) -m pytest -m browser tests/browser --ignore=$(LARGE_BATCH)

.PHONY: browser-all
browser-all: $(READY) $(READY_3_1) ## make browser with a batch of 2,000, on Airflow 3.3 and 3.1
	@$(PYTHON) -m dev.chromium
	$(PYTHON) -m pytest -m browser tests/browser
	$(PYTHON_3_1) -m pytest -m browser tests/browser

.PHONY: screenshots
screenshots: $(READY) ## Take the pictures of pages in docs/images again (SCENES="emulator ...": only those)
	@$(PYTHON) -m dev.chromium
	@$(PYTHON) -m dev.screenshots $(SCENES)

.PHONY: races
races: $(READY) ## Attempts that overtake each other, 20 times each, with every kind of ledger (RACES_TIMES, ...)
	@$(PYTHON) -m tests.races
	@$(PYTHON) -m tests.races.budgets
	@$(PYTHON) -m tests.races.budget_of_batch

.PHONY: chaos
chaos: races ## make races, and the fault matrix: a real Airflow on PostgreSQL and SQLite, killed at every point
	@$(PYTHON) -m tests.chaos

.PHONY: chaos-2.11
chaos-2.11: $(READY_2_11) ## The same on Airflow 2.11 and PostgreSQL, with the ledger in object storage
	@$(PYTHON_2_11) -m tests.races
	@$(PYTHON_2_11) -m tests.chaos

.PHONY: chaos-3.4
chaos-3.4: $(READY_3_4) ## The same on the newest pre-release of Airflow 3.4
	@$(PYTHON_3_4) -m tests.races
	@$(PYTHON_3_4) -m tests.chaos

.PHONY: chaos-celery
chaos-celery: $(READY_CELERY) ## CeleryExecutor, two of each component, broken in ten ways; some 3 hours (CHAOS_SEEDS=1: 40 minutes)
	@$(PYTHON_CELERY) -m tests.chaos.celery

.PHONY: bench
bench: $(READY_BENCH) ## What waiting costs, compared with other providers' triggers (BENCH_RUNS, BENCH_SCENARIO, ...)
	@$(PYTHON_BENCH) -m benchmarks

.PHONY: bench-before
bench-before: $(READY_BENCH) ## CPU of a poll and of a wait, next to those at another commit (BENCH_BEFORE=<commit>)
	@rm -rf .build/before && mkdir -p .build/before
	@git archive $(BENCH_BEFORE) airflow_provider_phota | tar -x -C .build/before
	@$(PYTHON_BENCH) -m benchmarks --scenario poll --contestants before,phota

.PHONY: bench-slots
bench-slots: $(READY_BENCH) ## What waiting costs in worker slots, in a real Airflow
	@$(PYTHON_BENCH) -m benchmarks.slots

.PHONY: bench-rate
bench-rate: $(READY) ## How several triggerers and workers share what a service allows (30 minutes; BENCH_SECONDS, ...)
	@$(PYTHON) -m benchmarks.shared_rate

.PHONY: bench-triggerers
bench-triggerers: $(READY) ## 20,000 waits over two triggerers, one of which is killed (20 minutes; BENCH_WAITS, BENCH_SELECT, ...)
	@$(PYTHON) -m benchmarks.triggerers

.PHONY: bench-storage
bench-storage: $(READY) ## What landing costs next to curl, and with small copies; 2,000 pictures from and to S3 and a disk
	@$(PYTHON) -m benchmarks.storage
	@$(PYTHON) -m benchmarks.thumbnails
	@$(PYTHON) -m benchmarks.pipeline

.PHONY: bench-gallery
bench-gallery: $(READY) ## How long the server takes for the gallery's pages of a batch of 2,000 (BENCH_ITEMS, BENCH_RUNS)
	@$(PYTHON) -m benchmarks.gallery_pages

.PHONY: bench-profiles
bench-profiles: $(READY) ## The memory that a profile of 500 photos of 8 MB takes, from a disk and from S3 (BENCH_PHOTOS)
	@$(PYTHON) -m benchmarks.profiles

.PHONY: bench-batch
bench-batch: $(READY) ## 10,000 edits in one Airflow task next to 1,000 mapped ones; items and journals (BENCH_EDITS, ...)
	@$(PYTHON) -m benchmarks.batch
	@$(PYTHON) -m benchmarks.items
	@$(PYTHON) -m benchmarks.journal

.PHONY: lint
lint: $(READY) ## ruff (rules and format) over all, mypy --strict over the package, dev and benchmarks
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m mypy dev
	$(PYTHON) -m mypy benchmarks

.PHONY: hooks
hooks: $(READY) ## From now on, git runs ruff and mypy before each commit
	$(PYTHON) -m pre_commit install

.PHONY: docs
docs: $(READY) ## Build the documentation into docs/_build/html; a warning is an error
	$(PYTHON) -m sphinx -q -E -W --keep-going -b html docs docs/_build/html

.PHONY: package
package: $(READY) ## Build the wheel and the source distribution, twice, and check them; a list of dependencies (SBOM)
	@$(PYTHON) -m dev.package

.PHONY: new-user
new-user: $(READY) ## A new user, from the wheel alone, on Airflow 3.3, 3.1 and 2.11: init, quickstart, all examples (20 minutes)
	$(PYTHON) -m pytest tests/test_new_user.py

.PHONY: constraints
constraints: $(READY) ## Pin what the environments are made of: the newest that fit Python 3.11.0
	dev/pin 'apache-airflow==3.3.*' dev docs chaos hooks browser > .build/pins && mv .build/pins dev/constraints-airflow-3.3.txt
	dev/pin 'apache-airflow==2.11.*' dev chaos > .build/pins && mv .build/pins dev/constraints-airflow-2.11.txt
	dev/pin 'apache-airflow==3.1.*' dev browser > .build/pins && mv .build/pins dev/constraints-airflow-3.1.txt
	dev/pin 'apache-airflow>=3.4.0b1,<3.5' dev chaos > .build/pins && mv .build/pins dev/constraints-airflow-3.4.txt
	dev/pin 'apache-airflow==3.3.*' dev chaos celery > .build/pins && mv .build/pins dev/constraints-celery.txt
	dev/pin 'apache-airflow==3.3.*' bench > .build/pins && mv .build/pins dev/constraints-bench.txt

.PHONY: clean
clean: ## Remove all that the other targets have made
	rm -rf .venv .venv-2.11 .venv-3.1 .venv-3.4 .venv-bench .venv-celery .build dist demo-output docs/_build .coverage .coverage.*
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml dev/constraints-airflow-3.3.txt dev/bootstrap
	@dev/bootstrap .venv dev/constraints-airflow-3.3.txt "3.11 3.12 3.13 3.14" dev docs chaos hooks browser
	@touch $@

$(READY_2_11): pyproject.toml dev/constraints-airflow-2.11.txt dev/bootstrap
	@dev/bootstrap .venv-2.11 dev/constraints-airflow-2.11.txt "3.11 3.12" dev chaos
	@touch $@

$(READY_3_1): pyproject.toml dev/constraints-airflow-3.1.txt dev/bootstrap
	@dev/bootstrap .venv-3.1 dev/constraints-airflow-3.1.txt "3.11 3.12 3.13" dev browser
	@touch $@

$(READY_3_4): pyproject.toml dev/constraints-airflow-3.4.txt dev/bootstrap
	@dev/bootstrap .venv-3.4 dev/constraints-airflow-3.4.txt "3.13 3.14 3.12 3.11" dev chaos
	@touch $@

$(READY_CELERY): pyproject.toml dev/constraints-celery.txt dev/bootstrap
	@dev/bootstrap .venv-celery dev/constraints-celery.txt "3.11 3.12 3.13" dev chaos celery
	@touch $@

$(READY_BENCH): pyproject.toml dev/constraints-bench.txt dev/bootstrap
	@dev/bootstrap .venv-bench dev/constraints-bench.txt "3.11 3.12 3.13 3.14" bench
	@touch $@
