//! What is done to secrets: read, written, copied, deleted, staged, opened to others.
//!
//! Not here: which paths are secret (`programs::secret`), secret stores behind a command
//! line (`programs::tables`).

use crate::guardrails::effect::Verb;
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Env, Machine};
use crate::guardrails::paths::contains_word;
use crate::guardrails::programs::hit;
use crate::guardrails::programs::secret::{Secret, secret};

fn note(machine: &mut Machine<'_>, rule: &'static str, what: &str, arg: &Arg) {
    let text = format!("{what} {}", arg.text);
    machine.report.hit(rule, &text, machine.span());
}

/// A secret is read.
pub fn read(machine: &mut Machine<'_>, arg: &Arg, env: &Env) {
    // Keys have no blanks in their names; sentences about keys do.
    if arg.text.contains([' ', '\n']) {
        return;
    }
    let rule = match secret(&env.resolve(&arg.text)) {
        Some(Secret::Key) => "ssh_key_read",
        Some(Secret::Shadow) => "account_files",
        Some(Secret::Cloud) => "cloud_credentials_read",
        Some(Secret::Token) => "registry_token",
        Some(Secret::EnvFile | Secret::File) => "secret_file_read",
        _ => return,
    };
    note(machine, rule, "read", arg);
}

/// A secret is written.
pub fn written(machine: &mut Machine<'_>, arg: &Arg, verb: Verb, env: &Env) {
    let Some(kind) = secret(&env.resolve(&arg.text)) else { return };
    let rule = match kind {
        Secret::Key | Secret::Authorized => "ssh_key_modify",
        Secret::SshConfig => "ssh_config_modify",
        Secret::Cloud if verb == Verb::Truncate => "cloud_credentials_delete",
        Secret::Cloud => "credentials_file",
        Secret::Token => "registry_token",
        Secret::EnvFile => "env_file_modify",
        Secret::File => "credentials_file",
        Secret::Accounts | Secret::Shadow => "account_files",
    };
    note(machine, rule, "write", arg);
}

/// A secret is deleted or moved away.
pub fn deleted(machine: &mut Machine<'_>, call: &Call<'_>, arg: &Arg, env: &Env) {
    let rule = match secret(&env.resolve(&arg.text)) {
        Some(Secret::Key | Secret::Authorized) => "ssh_key_modify",
        Some(Secret::SshConfig) => "ssh_config_modify",
        Some(Secret::Cloud) => "cloud_credentials_delete",
        Some(Secret::Token) => "registry_token",
        Some(Secret::EnvFile) => "env_file_modify",
        Some(Secret::File) => "credentials_file",
        Some(Secret::Accounts | Secret::Shadow) => "account_files",
        None => return,
    };
    hit(machine, rule, call);
}

/// A secret is copied.
pub fn copied(machine: &mut Machine<'_>, from: &Arg, to: &Arg, env: &Env) {
    match secret(&env.resolve(&from.text)) {
        Some(Secret::Key) => note(machine, "ssh_key_read", "copy", from),
        Some(Secret::Shadow) => note(machine, "account_files", "copy", from),
        Some(Secret::Cloud) => note(machine, "cloud_credentials_read", "copy", from),
        Some(Secret::Token) => note(machine, "registry_token", "copy", from),
        Some(Secret::EnvFile | Secret::File) if to.text.contains(':') => {
            note(machine, "credentials_file", "copy", from);
        }
        _ => {}
    }
}

/// A secret's permissions change.
pub fn permissions(machine: &mut Machine<'_>, call: &Call<'_>, arg: &Arg, mode: &str, env: &Env) {
    let open = mode.len() >= 3 && mode.bytes().all(|b| b.is_ascii_digit()) && !mode.ends_with("00");
    match secret(&env.resolve(&arg.text)) {
        Some(Secret::Key) if open && call.name == "chmod" && !arg.text.ends_with(".ssh") => {
            hit(machine, "ssh_key_modify", call);
        }
        Some(Secret::Shadow | Secret::Accounts) => hit(machine, "account_files", call),
        _ => {}
    }
}

/// Files are staged in git.
pub fn staged(machine: &mut Machine<'_>, call: &Call<'_>, args: &[Arg]) {
    let opts = Opts::parse(
        args,
        "--chmod --pathspec-from-file -m --message -F --file -C -c --author --date -t --fixup --trailer",
    );
    if opts.has("-n --dry-run") {
        return;
    }
    for arg in &opts.operands {
        let path = format!("/repo/{}", arg.text.trim_start_matches("./"));
        match secret(&path) {
            Some(Secret::EnvFile | Secret::File | Secret::Token | Secret::Cloud) => {
                hit(machine, "secret_staged", call);
            }
            Some(Secret::Key) => hit(machine, "ssh_key_read", call),
            _ => {}
        }
    }
}

/// Programs that show, copy or send the files they name.
pub const READERS: &str = "cat less more head tail bat tac nl grep egrep fgrep rg xxd od hexdump strings \
    base64 cut sort scp sftp tar zip gzip 7z openssl jq yq curl wget nc xclip pbcopy wl-copy rsync \
    awk paste fold view emacs-read cmp diff  split gpg age zcat";

/// Judges commands that name secrets as operands.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    match call.name {
        "ssh-keygen" => keygen(machine, call, env),
        "gpg" | "gpg2" => gpg(machine, call),
        "vim" | "vi" | "nano" | "emacs" | "nvim" | "code" | "ed" | "ex" | "micro" | "pico" => {
            for arg in call.args.iter().filter(|arg| !arg.text.starts_with(['-', '+'])) {
                written(machine, arg, Verb::Write, env);
            }
        }
        _ if call.known.reads() => readers(machine, call, env),
        _ => {}
    }
}

fn readers(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let searches = contains_word("grep egrep fgrep rg awk jq yq", call.name);
    let opts = Opts::parse(call.args, reader_options(call.name));
    let skip = usize::from(searches && !opts.has("-e -f"));
    // `ssh -i key` uses a key; so does `curl --key`.
    let uses = contains_word("scp sftp curl wget rsync openssl", call.name);
    let lists = call.name == "tar"
        && call.args.first().is_some_and(|arg| arg.text.contains('t') && !arg.text.contains('c'));
    for arg in opts.operands.iter().skip(skip) {
        if !lists && call.name != "openssl" {
            read(machine, arg, env);
        }
    }
    if call.name == "openssl" {
        openssl_key(machine, call, env);
    }
    for value in opts.values("--post-file --body-file") {
        read(machine, &Arg::new(value), env);
    }
    if uses && call.name == "curl" {
        for value in opts.values("-d -F -T --data --data-binary --form --upload-file --data-raw") {
            let path = value.rsplit('@').next().unwrap_or(value);
            if path.len() < value.len() || opts.has("-T") {
                read(machine, &Arg::new(path), env);
            }
        }
    }
    if let ("scp" | "sftp", Some((target, _))) = (call.name, opts.operands.split_last()) {
        written(machine, target, Verb::Write, env);
    }
}

/// `openssl rsa -in key` shows the key, unless only its public half.
fn openssl_key(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::single_dash(call.args, "-in -out -inkey -passin -passout");
    let shows =
        matches!(opts.operand(0), "rsa" | "pkey" | "ec" | "pkcs8" | "base64" | "enc" | "pkcs12");
    if shows
        && !opts.has("-pubout -noout -check")
        && let Some(file) = opts.value("-in")
    {
        read(machine, &Arg::new(file), env);
    }
}

/// The options of a reader that take the next word.
fn reader_options(name: &str) -> &'static str {
    match name {
        "head" | "tail" => "-n -c --lines --bytes",
        "cut" | "sort" | "paste" | "fold" => "-d -f -c -b -k -t -w -o",
        "grep" | "egrep" | "fgrep" | "rg" => {
            "-e -f -A -B -C -m -g -t --include --exclude --exclude-dir --glob"
        }
        "awk" => "-F -v -f",
        "base64" | "xxd" => "-w -l -s -c",
        "scp" | "sftp" | "rsync" => "-i -o -P -F -c -J -S -l -e --exclude --include --rsh",
        "tar" | "zip" | "7z" => "-f -C -T -X --exclude --directory --file",
        "curl" | "wget" | "nc" => {
            "-H -X -o -O -u -d -F -T -e -A -b -c -m -w -x -E --cert --key --cacert --data --data-binary \
             --data-raw --form --post-file --body-file --header --request --output --user -p -q"
        }
        "openssl" => "",
        _ => "",
    }
}

fn keygen(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts =
        Opts::parse(call.args, "-f -t -b -C -N -m -R -F -E -P -O -I -s -n -V -z -D -Y -w -a");
    if opts.has("-l -R -F -y -L -B -H -e -i -k -Q -Y -s -r -G -M -A") && !opts.has("-p") {
        return;
    }
    match opts.value("-f") {
        Some(file) => written(machine, &Arg::new(file), Verb::Write, env),
        None => hit(machine, "ssh_key_modify", call),
    }
}

fn gpg(machine: &mut Machine<'_>, call: &Call<'_>) {
    let opts = Opts::parse(call.args, "-u -r --recipient --output -o --homedir --default-key");
    let exact = |names: &str| names.split(' ').any(|name| opts.is_exact(name));
    if exact(
        "--delete-secret-keys --delete-secret-key --delete-secret-and-public-key --delete-secret-and-public-keys --export-secret-keys --export-secret-key --export-secret-subkeys",
    ) {
        hit(machine, "gpg_secret_key", call);
    } else if exact("--delete-keys --delete-key") {
        hit(machine, "gpg_public_key", call);
    }
}
