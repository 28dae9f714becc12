//! Formatters, fixers and compilers, and how each is told to write.
//!
//! Not here: what they are pointed at (`programs::edit`).

/// A program that rewrites the files it is pointed at.
pub struct Formatter {
    /// Its names.
    pub names: &'static str,
    /// Options that take the next word.
    pub valued: &'static str,
    /// Whether long options have one dash.
    pub single: bool,
    /// Sub-commands that write, if it has any.
    pub subs: &'static str,
    /// Options of which one must be given, if any are named.
    pub any: &'static str,
    /// Options with which it only looks.
    pub none: &'static str,
    /// Operands before the files.
    pub skip: usize,
    /// Whether it takes the whole folder when nothing is named.
    pub whole: bool,
}

/// Writes unless told not to.
const fn writing(names: &'static str, none: &'static str, valued: &'static str) -> Formatter {
    Formatter { names, valued, single: false, subs: "", any: "", none, skip: 0, whole: false }
}

/// Writes only when told so.
const fn told(names: &'static str, any: &'static str, valued: &'static str) -> Formatter {
    Formatter { names, valued, single: false, subs: "", any, none: "", skip: 0, whole: false }
}

impl Formatter {
    const fn under(mut self, subs: &'static str) -> Self {
        self.subs = subs;
        self
    }

    const fn without(mut self, none: &'static str) -> Self {
        self.none = none;
        self
    }

    const fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    const fn single(mut self) -> Self {
        self.single = true;
        self
    }

    const fn whole(mut self) -> Self {
        self.whole = true;
        self
    }
}

/// All of them; a program with several ways to write has several rows.
pub static ALL: &[Formatter] = &[
    told("prettier prettierd", "--write -w", "--config --ignore-path --parser --plugin --log-level --stdin-filepath --tab-width --print-width"),
    told("eslint eslint_d", "--fix --fix-type", "-c --config --ext --rulesdir --plugin --parser -f --format -o --output-file --ignore-path --ignore-pattern --max-warnings --rule --env --global --cache-location").whole(),
    told("stylelint tslint xo oxlint standard semistandard", "--fix", "--config -c --formatter -f --custom-syntax").whole(),
    told("biome", "--write --fix --apply --apply-unsafe --unsafe", "--config-path --files-max-size --log-level").under("format check lint").whole(),
    writing("dprint", "--stdin", "-c --config --plugins").under("fmt").whole(),
    writing("deno", "--check", "-c --config --ext").under("fmt").whole(),
    told("markdownlint markdownlint-cli2 markdownlint-cli", "--fix -f", "-c --config -i --ignore -p --ignore-path"),
    writing("black", "--check --diff -c --code", "-l --line-length -t --target-version --config --include --exclude --extend-exclude --stdin-filename -W --workers"),
    writing("isort", "--check --check-only -c --diff -d", "--profile -l --line-length --settings-path --sp -m --multi-line -p --project --skip -s"),
    writing("ruff", "--check --diff", "--config --line-length --target-version --exclude --select --ignore --extend-select --stdin-filename").under("format").whole(),
    told("ruff", "--fix --fix-only --unsafe-fixes --add-noqa", "--config --line-length --target-version --exclude --select --ignore --extend-select --output-format --stdin-filename").under("check").without("--diff").whole(),
    told("autopep8 yapf autoflake docformatter unify", "-i --in-place", "--max-line-length -a --style --exclude -e --imports --wrap-summaries --wrap-descriptions --select --ignore"),
    writing("pyupgrade reorder-python-imports add-trailing-comma usort", "--check --diff", ""),
    writing("rustfmt", "--check", "--edition --config --config-path --emit --color"),
    writing("cargo", "--check", "-p --package --manifest-path").under("fmt").whole(),
    told("cargo", "--fix --allow-dirty --allow-staged --broken-code", "-p --package --manifest-path --features").under("clippy fix").whole(),
    told("gofmt gofumpt goimports gci golines", "-w", "-local -r -cpuprofile -m").single(),
    writing("go", "-n", "-mod").under("fmt").single().whole(),
    told("golangci-lint", "--fix", "-c --config -E -D").under("run").whole(),
    told("clang-format", "-i", "--style -style -assume-filename --fallback-style"),
    told("clang-tidy", "--fix --fix-errors -fix", "-p --checks --config"),
    told("astyle uncrustify", "--replace --no-backup -n --in-place", "-c --style"),
    told("shfmt", "-w --write", "-i -ln -p -f"),
    writing("terraform tofu", "-check -write=false -diff", "").under("fmt").single().whole(),
    writing("packer nomad hclfmt", "-check", "").under("fmt").single().whole(),
    told("buf", "-w --write", "--path --config --exclude-path").under("format").whole(),
    writing("taplo", "--check --diff", "-c --config -o --option").under("fmt format").whole(),
    writing("stylua", "--check -c", "-f --config-path -g --glob").whole(),
    writing("mix", "--check-formatted --dry-run", "--dot-formatter").under("format").whole(),
    writing("zig", "--check", "").under("fmt"),
    writing("dart", "--output=none --output=show --set-exit-if-changed", "-o --output -l --line-length").under("format"),
    told("dart", "--apply", "").under("fix").whole(),
    writing("swiftformat", "--lint --dryrun", "--config --rules --swiftversion"),
    told("ktlint", "-F --format", "--reporter"),
    told("google-java-format", "-i -r --replace", "--lines --offset --length"),
    writing("nixfmt alejandra nixpkgs-fmt", "--check -c", "").whole(),
    told("rubocop standardrb", "-a -A --autocorrect --auto-correct --autocorrect-all --auto-correct-all -x --fix-layout --fix", "-c --config --only --except -f --format").whole(),
    writing("php-cs-fixer", "--dry-run", "--config --rules").under("fix").whole(),
    writing("phpcbf pint", "--test", "--standard --preset").whole(),
    writing("sqlfluff", "", "--dialect --config --rules").under("fix format"),
    told("djlint", "--reformat", "--profile --extension"),
    told("ansible-lint", "--fix", "-c").whole(),
    told("ast-grep sg", "-U --update-all", "-p --pattern -r --rewrite -l --lang --rule -c --config --globs").whole(),
    told("comby", "-i -in-place", "-matcher -d").single().after(2).whole(),
    writing("sd", "-p --preview", "-n --max-replacements -f --flags").after(2),
    writing("fastmod codemod", "", "-d --dir -e --extensions -g --glob").after(2).whole(),
    writing("jscodeshift", "-d --dry", "-t --transform --extensions --parser --ignore-pattern"),
    writing("dos2unix unix2dos mac2unix fixjson rpl", "--info", "-n -c"),
    told("codespell typos", "-w --write-changes", "-S --skip -L --ignore-words-list -c --config").whole(),
];

/// Programs with the options that name a file they make.
pub static OUTPUTS: &[(&str, &str)] = &[
    ("sort gsort", "-o --output"),
    ("gcc g++ cc c++ clang clang++ rustc ld nasm as dot tcc ghc javac", "-o"),
    ("pandoc gpg wkhtmltopdf rst2html cbindgen bindgen esbuild-cli sqlite-utils", "-o --output"),
    ("openssl", "-out"),
    ("objcopy strip", "-o"),
    ("jupytext nbconvert", "-o --output --output-file"),
    ("pip-compile", "-o --output-file"),
];
