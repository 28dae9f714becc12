# The same commands that CI runs. `just` lists them.

_default:
    @just --list

# Everything that is installed for the tests, then all tests.
test *ARGS:
    tests/run {{ARGS}}

# Format, lints, documentation, licences and advisories.
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items
    cargo deny check

# Write the generated files anew: both dialects of the schema, the README's tables, snapshots.
bless:
    COORD_BLESS=1 INSTA_UPDATE=always tests/run -E 'test(schema) + test(tidy) + test(cli)'

fmt:
    cargo fmt

# The demonstration that the README begins with.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# Every figure of docs/benchmarks.md, measured here and now.
bench *ARGS:
    cargo bench --bench targets -- {{ARGS}}

# A thousand random kills; the tests do fifty.
chaos KILLS="1000":
    COORD_CHAOS_KILLS={{KILLS}} cargo nextest run --release -E 'test(chaos)' --no-capture

# Thousands of histories of machines and a Postgres, and of the worker alone; the tests tell some hundreds.
stories SEEDS="5000":
    COORD_SEEDS={{SEEDS}} cargo nextest run --release --workspace -E 'test(stories::) + test(every_history)' --no-capture

# Two daemons, sixteen agents, one Postgres, and everything that can go wrong between them; the tests do a thousand tasks.
siege TASKS="5000":
    COORD_ARBITER_TASKS={{TASKS}} cargo nextest run -E 'test(under_siege)' --no-capture

# Pushes a change log of a million rows into a real PostgreSQL; the tests push ten thousand.
million ROWS="1000000":
    COORD_LOG_ROWS={{ROWS}} cargo nextest run --release -E 'test(a_long_log_is_pushed_to_its_end)' --no-capture

# Looks for texts that break the guardrails; needs cargo-fuzz (`cargo install cargo-fuzz`), no nightly toolchain.
fuzz SECONDS="60":
    mkdir -p tests/fuzz/found
    RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz -s none verdict tests/fuzz/found tests/fuzz/corpus/verdict -- \
        -max_total_time={{SECONDS}} -max_len=4096 -timeout=5
