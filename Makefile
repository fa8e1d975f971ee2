# The two commands of a newcomer: `make run` and `make test`. Everything else is CMake's (see README.md).

BUILD := build/release

.PHONY: all run test profiled clean dependencies-run dependencies-test

all: $(BUILD)/build.ninja
	@cmake --build $(BUILD) --target baro_tool

# The first time without the tests, which need more to be installed.
$(BUILD)/build.ninja: | dependencies-run
	@cmake --preset release -DBARO_TESTS=OFF >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

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

test: dependencies-test
	@cmake --preset release -DBARO_TESTS=ON >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build $(BUILD)
	@sh scripts/test.sh $(BUILD)

# The command built by a profile of its own benchmark, in build/profiled: faster where code is what is waited for.
profiled: dependencies-run
	@sh scripts/profiled.sh

clean:
	rm -rf build
