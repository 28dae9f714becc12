//! Archives and downloads: what they unpack, write and remove.
//!
//! - What is unpacked is not listed: anything below the target may be written.
//!
//! Not here: what a request does elsewhere (`programs::http`).

use crate::guardrails::effect::{PathRef, Verb};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Env, Machine};
use crate::guardrails::programs::file::writes;
use crate::guardrails::programs::hit;

/// Judges a call that packs, unpacks or downloads.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    match call.name {
        "tar" | "bsdtar" | "gtar" => tar(machine, call, env),
        "unzip" => unzip(machine, call, env),
        "zip" => zip(machine, call, env),
        "7z" | "7za" | "7zz" | "unrar" => seven(machine, call, env),
        "cpio" => {
            let opts = Opts::parse(call.args, "-D --directory -F -O -I -H");
            if opts.has("-i --extract -p --pass-through") && !opts.has("-t --list") {
                below(machine, opts.value("-D --directory").unwrap_or("."), env);
            }
        }
        "gzip" | "gunzip" | "bzip2" | "bunzip2" | "xz" | "unxz" | "zstd" | "unzstd" | "lz4" => {
            compressed(machine, call, env);
        }
        "curl" => curl(machine, call, env),
        "wget" => wget(machine, call, env),
        "aria2c" => {
            let opts = Opts::parse(call.args, "-o --out -d --dir -x -s -j -i");
            let folder = opts.value("-d --dir").unwrap_or(".");
            let urls = opts.operands.iter().map(|url| last_of(&url.text));
            let names: Vec<&str> = opts.value("-o --out").into_iter().chain(urls).take(1).collect();
            fetched(machine, folder, &names, env);
        }
        _ => {}
    }
}

fn below(machine: &mut Machine<'_>, folder: &str, env: &Env) {
    writes(machine, &Arg::new(folder), Verb::WriteTree, env);
}

fn tar(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    const VALUED: &str = "-f --file -C --directory -T --files-from -X --exclude-from --exclude \
                          --strip-components --transform --xform -I --use-compress-program --owner --group";
    // The oldest spelling has its letters without a dash.
    let mut args = call.args.to_vec();
    if let Some(first) = args.first_mut().filter(|first| !first.text.starts_with('-')) {
        first.text.insert(0, '-');
    }
    let opts = Opts::parse(&args, VALUED);
    if opts.has("--remove-files") {
        hit(machine, "delete_listed", call);
    }
    let folder = opts.value("-C --directory").unwrap_or(".");
    if opts.has("-x --extract --get") {
        if opts.has("-O --to-stdout") {
            return;
        }
        if opts.operands.is_empty() || opts.has("--strip-components --transform --xform") {
            return below(machine, folder, env);
        }
        for member in &opts.operands {
            below(machine, &format!("{folder}/{}", member.text), env);
        }
    } else if opts.has("-c --create -r --append -u --update")
        && let Some(file) = opts.value("-f --file").filter(|file| *file != "-")
    {
        let verb = if opts.has("-c --create") { Verb::Truncate } else { Verb::Write };
        writes(machine, &Arg::new(file), verb, env);
    }
}

fn unzip(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(call.args, "-d -x -P");
    if opts.has("-l -p -t -Z -v -z -c") || opts.operands.is_empty() {
        return;
    }
    let folder = opts.value("-d").unwrap_or(".");
    if opts.operands.len() == 1 {
        return below(machine, folder, env);
    }
    for member in opts.operands.iter().skip(1) {
        let text = format!("{folder}/{}", member.text);
        let glob = text.contains('*');
        writes(machine, &Arg { text, glob }, Verb::WriteTree, env);
    }
}

fn zip(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(call.args, "-x -i -b -n -t -P");
    if opts.has("-m --move") {
        hit(machine, "delete_listed", call);
    }
    if let Some(file) = opts.operands.first().filter(|file| file.text != "-") {
        let named = file.text.rsplit('/').next().is_some_and(|name| name.contains('.'));
        let text = if named { file.text.clone() } else { format!("{}.zip", file.text) };
        writes(machine, &Arg::new(text), Verb::Write, env);
    }
}

fn seven(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let mode = call.args.first().map_or("", |arg| arg.text.as_str());
    if matches!(mode, "x" | "e") {
        let folder = call.args.iter().find_map(|arg| arg.text.strip_prefix("-o"));
        below(machine, folder.unwrap_or("."), env);
    } else if matches!(mode, "a" | "u" | "d")
        && let Some(file) = call.args.get(1)
    {
        writes(machine, file, Verb::Write, env);
    }
}

/// `gzip f` makes `f.gz` of `f`, and `gunzip f.gz` the other way round.
fn compressed(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(call.args, "-S --suffix -o -T -M");
    if opts.has("-c --stdout -t --test -l --list") {
        return;
    }
    let ending = match call.name {
        "gzip" | "gunzip" => ".gz",
        "bzip2" | "bunzip2" => ".bz2",
        "xz" | "unxz" => ".xz",
        "lz4" => ".lz4",
        _ => ".zst",
    };
    let keeps = opts.has("-k --keep") || ending == ".zst" && !opts.has("--rm") || ending == ".lz4";
    for arg in &opts.operands {
        if !keeps {
            machine.effect(Verb::Delete, PathRef::of(machine, arg, env));
        }
        let text = match (opts.value("-o"), arg.text.strip_suffix(ending)) {
            (Some(to), _) => to.to_owned(),
            (None, Some(plain)) => plain.to_owned(),
            (None, None) => format!("{}{ending}", arg.text),
        };
        writes(machine, &Arg { text, glob: arg.glob }, Verb::Create, env);
    }
}

/// The options of `curl` that take the next word.
pub const CURL: &str = "-X --request -d --data --data-raw --data-binary -H --header -o --output -u --user -F --form \
                        -A --user-agent -b --cookie -c --cookie-jar -e --referer -m --max-time -w --write-out -T \
                        --upload-file -K --config --url --retry --retry-delay --connect-timeout --json \
                        --data-urlencode --output-dir -x --proxy --cacert --cert --key -E -r --range -D \
                        --dump-header --resolve -C --continue-at --limit-rate";

fn curl(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(call.args, CURL);
    let folder = opts.value("--output-dir").unwrap_or(".");
    let mut names = opts.values("-o --output -D --dump-header -c --cookie-jar");
    if opts.has("-O --remote-name --remote-name-all") {
        let urls = opts.operands.iter().map(|url| url.text.as_str()).chain(opts.value("--url"));
        names.extend(urls.map(last_of));
    }
    names.retain(|name| *name != "-");
    fetched(machine, folder, &names, env);
}

fn wget(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(
        call.args,
        "-O --output-document -o --output-file -a --append-output -P --directory-prefix --header \
         -U --user-agent -t --tries -T --timeout -i --input-file --method --body-data --post-data \
         --user --password -e --execute -w --wait -Q -A -R -D -l --level",
    );
    if opts.has("--spider") {
        return;
    }
    let folder = opts.value("-P --directory-prefix").unwrap_or(".");
    for log in opts.value("-o --output-file").into_iter().chain(opts.value("-a --append-output")) {
        writes(machine, &Arg::new(log), Verb::Truncate, env);
    }
    match opts.value("-O --output-document") {
        Some("-") => {}
        Some(file) => writes(machine, &Arg::new(file), Verb::Truncate, env),
        None if opts.has("-r --recursive -m --mirror -i --input-file -p --page-requisites") => {
            below(machine, folder, env);
        }
        None => {
            let names: Vec<&str> = opts.operands.iter().map(|url| last_of(&url.text)).collect();
            fetched(machine, folder, &names, env);
        }
    }
}

/// Notes downloaded files by name; a name that is not in the address is unknown.
fn fetched(machine: &mut Machine<'_>, folder: &str, names: &[&str], env: &Env) {
    for name in names {
        let path = if folder == "." { (*name).to_owned() } else { format!("{folder}/{name}") };
        let arg = if name.is_empty() { Arg::unknown() } else { Arg::new(path) };
        writes(machine, &arg, Verb::Truncate, env);
    }
}

/// The last part of an address's path.
fn last_of(url: &str) -> &str {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = bare.split_once('/').map_or("", |(_, path)| path);
    let path = path.split(['?', '#']).next().unwrap_or("");
    path.rsplit('/').next().unwrap_or("")
}
