# The two commands of a newcomer: `make run` and `make test`. Everything else is CMake's (see README.md).

BUILD := build/release

.PHONY: all run test clean

all: $(BUILD)/build.ninja
	@cmake --build $(BUILD)

$(BUILD)/build.ninja: | dependencies-run
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

.PHONY: dependencies-run dependencies-test
dependencies-run:
	@mkdir -p build
	@sh scripts/dependencies.sh run

dependencies-test:
	@mkdir -p build
	@sh scripts/dependencies.sh test

# The main job on an embedded default: an unmodified web server and an unmodified curl, each on a host of
# its own, joined by a wire whose frames are electric signals.
run: dependencies-run all
	@sh scripts/main-job.sh $(BUILD)/baro

test: dependencies-test all
	@sh scripts/test.sh $(BUILD)

clean:
	rm -rf build
