//! What a program writes, for the few whose output is plain to see.
//!
//! - A filter that is not understood passes nothing on as known.
//!
//! Not here: builtins (`machine::builtin`), carried scripts (`carry`).

use crate::guardrails::encode;
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Data, Env, HOLE, Machine, listing};
use crate::guardrails::words::Words;

/// What the command writes to its standard output.
pub fn of(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Data {
    let args = call.args;
    let last = args.last().map_or("", |arg| arg.text.as_str());
    let line = |text: &str| Data::Text(format!("{text}\n"));
    match call.name {
        "rm" | "mkdir" | "touch" | "chmod" | "kill" => Data::nothing(),
        "cp" | "mv" | "ln" | "install" => {
            if let [.., from, to] = args {
                if from.text == "/dev/stdin" {
                    env.write(&to.text, call.stdin.clone(), false);
                }
                env.copy(&from.text, &to.text);
            }
            Data::nothing()
        }
        "which" | "whence" => line(&format!("/usr/bin/{last}")),
        "type" if args.len() == 2 => line(&format!("/usr/bin/{last}")),
        "mktemp" => line(&temporary(call, env)),
        "git" if last == "--show-toplevel" => line(&machine.repo),
        "date" | "uuidgen" | "nproc" | "id" | "hostname" | "whoami" | "uname" | "arch" => {
            line("20260101")
        }
        "basename" => operand(call, 0).map_or(Data::Unknown, |path| {
            let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
            let suffix = operand(call, 1).unwrap_or("");
            line(name.strip_suffix(suffix).filter(|short| !short.is_empty()).unwrap_or(name))
        }),
        "dirname" => operand(call, 0).map_or(Data::Unknown, |path| {
            let path = path.trim_end_matches('/');
            line(
                path.rsplit_once('/')
                    .map_or(".", |(dir, _)| if dir.is_empty() { "/" } else { dir }),
            )
        }),
        "realpath" | "readlink" | "greadlink" => {
            operand(call, 0).map_or(Data::Unknown, |path| line(&env.resolve(path)))
        }
        "ls" if args.iter().any(|arg| arg.glob) => {
            let named = args.iter().filter(|arg| !arg.text.starts_with('-'));
            Data::Text(named.map(|arg| format!("{}\n", arg.text)).collect())
        }
        "seq" => seq(call),
        "yes" => line(if last.is_empty() { "y" } else { last }),
        _ => listing::of(machine, call, env).unwrap_or_else(|| filter(call, env)),
    }
}

fn operand<'a>(call: &Call<'a>, at: usize) -> Option<&'a str> {
    let operands = call.args.iter().filter(|arg| !arg.text.starts_with('-'));
    operands.map(|arg| arg.text.as_str()).nth(at)
}

fn temporary(call: &Call<'_>, env: &Env) -> String {
    let opts = Opts::parse(call.args, "-p --tmpdir --suffix");
    let template = opts.operands.first().map_or("tmp.XXXXXXXXXX", |arg| arg.text.as_str());
    match opts.value("-p --tmpdir") {
        Some(dir) => format!("{dir}/{template}"),
        None if template.starts_with('/') => template.to_owned(),
        None if opts.operands.is_empty() || opts.has("-t --tmpdir") => format!("/tmp/{template}"),
        // A template names its directory: here, and only what it made itself.
        None => env.resolve(&format!("tmp/{template}")),
    }
}

fn seq(call: &Call<'_>) -> Data {
    let most: usize = call.args.last().and_then(|arg| arg.text.parse().ok()).unwrap_or(1);
    Data::Text((1..=most.min(32)).map(|n| format!("{n}\n")).collect())
}

/// The text a filter reads: its files, or its input.
fn input(call: &Call<'_>, files: &[&str], env: &Env) -> Data {
    if files.is_empty() {
        return call.stdin.clone();
    }
    files.iter().fold(Data::nothing(), |data, file| {
        data.then(match *file {
            "-" | "/dev/stdin" => call.stdin.clone(),
            file => env.read(file).cloned().unwrap_or_default(),
        })
    })
}

fn filter(call: &Call<'_>, env: &mut Env) -> Data {
    static FILTERS: Words<256> = Words::new(
        "cat head tail sort uniq tac nl less more bat pv sponge fmt grep egrep fgrep rg tee \
        rev tr base64 gbase64 base32 xxd basenc openssl gunzip zcat gzip bzip2 bunzip2 bzcat xz xzcat unxz zstd \
        zstdcat lz4 uudecode gpg age ascii2uni base91 uncompress brotli rot13 caesar sed gsed awk gawk mawk cut \
        perl fold paste jq",
    );
    if !FILTERS.contains(call.name) {
        return Data::Unknown;
    }
    let opts = Opts::parse(call.args, "-n -c -w -s -k --wrap --lines --bytes");
    let files: Vec<&str> = opts.operands.iter().map(|arg| arg.text.as_str()).collect();
    match call.name {
        "cat" | "head" | "tail" | "sort" | "uniq" | "tac" | "nl" | "less" | "more" | "bat"
        | "pv" | "sponge" | "stdbuf" | "fmt" => input(call, &files, env),
        "grep" | "egrep" | "fgrep" | "rg" => input(call, files.get(1..).unwrap_or(&[]), env),
        "tee" => {
            for file in &files {
                env.write(file, call.stdin.clone(), opts.has("-a --append"));
            }
            call.stdin.clone()
        }
        "rev" => mapped(&input(call, &files, env), |text| {
            Some(
                text.lines()
                    .map(|line| line.chars().rev().chain(['\n']).collect::<String>())
                    .collect(),
            )
        }),
        "tr" => tr(call),
        "base64" | "gbase64" if opts.has("-d -D --decode") => {
            mapped(&input(call, &files, env), encode::base64)
        }
        "base32" if opts.has("-d --decode") => mapped(&input(call, &files, env), encode::base32),
        "xxd" if opts.has("-r") => mapped(&input(call, &files, env), encode::hex),
        "basenc" if opts.has("-d --decode") => {
            let decode = if opts.has("--base16") { encode::hex } else { encode::base64 };
            mapped(&input(call, &files, env), decode)
        }
        "openssl" => openssl(call, env),
        "gunzip" | "zcat" | "gzip" | "bzip2" | "bunzip2" | "bzcat" | "xz" | "xzcat" | "unxz"
        | "zstd" | "zstdcat" | "lz4" | "uudecode" | "gpg" | "age" | "ascii2uni" | "base91"
        | "uncompress" | "brotli" => Data::Opaque,
        "rot13" | "caesar" => {
            mapped(call.stdin, |text| encode::translate(text, "a-zA-Z", "n-za-mN-ZA-M"))
        }
        "sed" | "gsed" => sed(call),
        "awk" | "gawk" | "mawk" => printed(call),
        "jq" => jq(call),
        "cut" | "perl" | "fold" | "paste" => seen_but_changed(call),
        _ => Data::Unknown,
    }
}

/// What `awk '{print "literal" …}'` writes: the literals, holes between them.
fn printed(call: &Call<'_>) -> Data {
    let opts = Opts::parse(call.args, "-F -v -f");
    let program = opts.operand(0);
    let Some((_, list)) = program.split_once("print") else { return seen_but_changed(call) };
    if list.contains("%c") {
        return Data::Opaque;
    }
    let list = list.trim_start_matches('f').split(['}', ';', '>', '|']).next().unwrap_or("");
    if !list.contains('"') {
        return seen_but_changed(call);
    }
    let mut text = String::new();
    for (at, piece) in list.split('"').enumerate() {
        if at % 2 == 1 {
            text.push_str(piece);
        } else if !piece.trim().is_empty() {
            text.push(HOLE);
        }
    }
    Data::Text(text + "\n")
}

/// `jq -r '"literal"'` writes the literal.
fn jq(call: &Call<'_>) -> Data {
    let opts = Opts::parse(call.args, "-f --from-file --indent -L");
    let literal = opts.operand(0).trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match literal {
        Some(text) if opts.has("-r --raw-output -j") && !text.contains(['"']) => {
            Data::Text(encode::ansi_c(&text.replace("\\(", "\u{1}(")) + "\n")
        }
        _ => seen_but_changed(call),
    }
}

/// Text that was seen, then changed in a way that is not followed.
fn seen_but_changed(call: &Call<'_>) -> Data {
    match call.stdin {
        Data::Text(text) if text.contains(HOLE) || text.is_empty() => Data::Unknown,
        Data::Text(_) | Data::Opaque => Data::Opaque,
        Data::Unknown | Data::Listed(_) => Data::Unknown,
    }
}

fn mapped(data: &Data, decode: impl Fn(&str) -> Option<String>) -> Data {
    match data {
        Data::Text(text) if !text.contains(HOLE) => decode(text).map_or(Data::Opaque, Data::text),
        _ => Data::Opaque,
    }
}

fn tr(call: &Call<'_>) -> Data {
    let words: Vec<&str> = call.args.iter().map(|arg| arg.text.as_str()).collect();
    let Data::Text(text) = call.stdin else { return call.stdin.clone() };
    let done = match words.as_slice() {
        ["-d", set] => encode::without(text, set),
        ["-s", ..] => Some(text.clone()),
        [from, to] => encode::translate(text, from, to),
        _ => None,
    };
    done.map_or(Data::Opaque, Data::text)
}

fn openssl(call: &Call<'_>, env: &Env) -> Data {
    let has = |flag: &str| call.args.iter().any(|arg| arg.text == flag);
    if !has("-d") {
        return Data::Unknown;
    }
    let opts = Opts::parse(call.args, "");
    let file = call.args.iter().position(|arg| arg.text == "-in");
    let file = file.and_then(|at| call.args.get(at + 1)).map(|arg| arg.text.as_str());
    let plain = has("base64") || has("-base64") || opts.has("-a");
    if !plain || call.args.iter().any(|arg| arg.text.starts_with("-aes") || arg.text == "-k") {
        return Data::Opaque;
    }
    let files: Vec<&str> = file.into_iter().collect();
    mapped(&input(call, &files, env), encode::base64)
}

/// `sed s/literal/text/`, nothing more.
fn sed(call: &Call<'_>) -> Data {
    let text = call.stdin.as_text();
    let script = call.args.iter().find(|arg| !arg.text.starts_with('-'));
    let script = script.map_or("", |arg| arg.text.as_str());
    let mut chars = script.chars();
    if chars.next() != Some('s') {
        return seen_but_changed(call);
    }
    let Some(separator) = chars.next() else { return seen_but_changed(call) };
    let fields: Vec<&str> = chars.as_str().split(separator).collect();
    match fields.as_slice() {
        [from, to, _] if text.contains(HOLE) => {
            let whole = matches!(*from, "^" | ".*" | "^.*" | "^.*$" | "\\(.*\\)" | "$");
            let known = to.replace('&', "\u{1}").replace("\\1", "\u{1}");
            if whole { Data::Text(format!("{known}{HOLE}\n")) } else { call.stdin.clone() }
        }
        [from, to, flags]
            if !from.is_empty() && !from.contains(['*', '[', '\\', '^', '$', '.']) =>
        {
            let count = if flags.contains('g') { usize::MAX } else { 1 };
            let replaced = text.lines().map(|line| line.replacen(from, to, count) + "\n");
            Data::text(replaced.collect())
        }
        _ => seen_but_changed(call),
    }
}
