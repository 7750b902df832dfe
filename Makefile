# Everything a fresh Debian machine with the Swift toolchain needs: `make run` and `make test`.

CONFIGURATION := -c release --product dryrack --static-swift-stdlib
SCENARIO := scenarios/support-chat.yaml
RESULTS := results/support-chat
## Where W1.csv and W3.csv lie, for `make bench`; optional.
TRACES := $(wildcard ../shared/data/bench)
PACKAGES := libgsl-dev pkg-config zlib1g-dev
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)

## Measured serving runs, for `make fidelity`; optional.
MEASURED := $(wildcard ../shared/data/inference/measured.csv.gz)
## The folder of measured collectives, training runs and storage, for `make fidelity`; optional.
INFRASTRUCTURE := $(wildcard ../shared/data/infra)
## What collectives come to without their own campaign, by tools/distil-fabric.py.
FABRIC_LEFT_OUT := .build/fabric-left-out.csv

.PHONY: run test build lint format verify crash fuzz bench fidelity fidelity-infrastructure clean install

## Builds for release and answers the main scenario.
run: build
	"$$(swift build $(CONFIGURATION) --show-bin-path)/dryrack" run $(SCENARIO) --out $(RESULTS)

build: install
	swift build $(CONFIGURATION)

test: install
	swift test

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

format:
	swift format --in-place --recursive Sources Tests Package.swift

## Same bytes in every process, hostile files refused, full disks told, Ctrl-C obeyed: what only whole processes show.
verify: build
	swift build --product dryrack
	python3 tools/verify.py --release "$$(swift build $(CONFIGURATION) --show-bin-path)/dryrack" \
	  --debug "$$(swift build --show-bin-path)/dryrack"

## Sweeps killed (-9) at random moments, $(KILLS) times, and resumed: nothing lost, nothing twice.
KILLS := 300
crash: build
	python3 tools/crash.py --program "$$(swift build $(CONFIGURATION) --show-bin-path)/dryrack" --kills $(KILLS)

## Broken inputs, $(FUZZ) of each kind; one that stops the process is left in fuzz-input.
FUZZ := 100000
fuzz: install
	DRYRACK_FUZZ=$(FUZZ) DRYRACK_FUZZ_INPUT=$(CURDIR)/fuzz-input \
	  swift test -c release -Xswiftc -enable-testing --scratch-path .build/fuzz --filter FuzzTests

## Its own package, so that neither users nor tests resolve what only it needs.
bench: install
	swift run --package-path Benchmarks -c release bench $(TRACES)

## Replays every usable measured run through the product and writes docs/fidelity.md, and judges the models of
## infrastructure in docs/fidelity-infrastructure.md. Fits of collectives without a campaign need NumPy and SciPy.
fidelity: install
	@[ -n "$(MEASURED)$(INFRASTRUCTURE)" ] || \
	  { echo "no measured runs: make fidelity MEASURED=FILE.csv.gz INFRASTRUCTURE=FOLDER" >&2; exit 1; }
	swift build -c release --product fidelity
	mkdir -p docs
	[ -z "$(MEASURED)" ] || \
	  "$$(swift build -c release --product fidelity --show-bin-path)/fidelity" $(MEASURED) --report docs/fidelity.md
	[ -z "$(INFRASTRUCTURE)" ] || $(MAKE) fidelity-infrastructure

fidelity-infrastructure:
	rm -f $(FABRIC_LEFT_OUT)
	python3 tools/distil-fabric.py $(INFRASTRUCTURE)/.. --cross-validate --rows $(FABRIC_LEFT_OUT) >/dev/null || \
	  echo "collectives are judged without left-out campaigns" >&2
	"$$(swift build -c release --product fidelity --show-bin-path)/fidelity" --infrastructure $(INFRASTRUCTURE) \
	  --report docs/fidelity-infrastructure.md \
	  $$([ -f $(FABRIC_LEFT_OUT) ] && echo --left-out $(FABRIC_LEFT_OUT))

clean:
	swift package clean

## Installs only what is missing, so that a second call needs neither network nor rights.
install:
	@missing=; \
	command -v pkg-config >/dev/null || missing="pkg-config"; \
	{ [ -z "$$missing" ] && pkg-config --exists gsl; } || missing="$$missing libgsl-dev"; \
	{ [ -z "$$missing" ] && pkg-config --exists zlib; } || missing="$$missing zlib1g-dev"; \
	if [ -n "$$missing" ]; then \
	  if ! command -v apt-get >/dev/null; then \
	    echo "install these first: $(PACKAGES)" >&2; exit 1; \
	  fi; \
	  $(SUDO) apt-get update -q && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $(PACKAGES); \
	fi
