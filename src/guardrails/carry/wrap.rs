//! Wrappers: programs whose remaining arguments are a command.
//!
//! - A wrapper's own options, assignments and leading operands are stepped over.
//!
//! Not here: wrappers that take a line of shell (`carry::listed`).

use crate::guardrails::carry::{joined, run};
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};

struct Wrapper {
    names: &'static str,
    /// Options that take the next word.
    valued: &'static str,
    /// Words to step over before the command.
    skip: usize,
    /// Words that must come first, such as `exec` in `bundle exec`.
    sub: &'static str,
    /// Options before the sub-command that take the next word.
    before: &'static str,
}

const fn wrapper(names: &'static str, valued: &'static str, skip: usize) -> Wrapper {
    Wrapper { names, valued, skip, sub: "", before: "" }
}

const fn under(names: &'static str, sub: &'static str, valued: &'static str) -> Wrapper {
    Wrapper { names, valued, skip: 0, sub, before: "" }
}

static WRAPPERS: [Wrapper; 65] = [
    wrapper(
        "sudo doas pkexec run0 sudoedit gosu-root",
        "-u -g -p -C -h -r -t -T -U -D -R --user --group --prompt --chdir --host --role --type \
         --chroot --close-from --other-user --command-timeout",
        0,
    ),
    wrapper("env genv", "-u -C --unset --chdir", 0),
    wrapper("command builtin nohup nocorrect noglob busybox toybox unbuffer", "", 0),
    wrapper("exec", "-a", 0),
    wrapper("nice gnice", "-n --adjustment", 0),
    wrapper("ionice", "-c -n --class --classdata", 0),
    wrapper("chrt", "-T -P -D", 1),
    wrapper("timeout gtimeout", "-s -k --signal --kill-after", 1),
    wrapper("time gtime", "-f -o --format --output", 0),
    wrapper("stdbuf gstdbuf", "-i -o -e --input --output --error", 0),
    wrapper(
        "setsid catchsegv caffeinate xvfb-run dbus-run-session firejail fakeroot wsl toybox",
        "-n --server-args",
        0,
    ),
    wrapper("proot", "-b -r -w -q", 0),
    wrapper("strace ltrace", "-e -o -p -s -u -E -a -b -I -O -P -S -X", 0),
    wrapper("flock", "-w -E --timeout --wait --conflict-exit-code", 1),
    wrapper("chroot", "--userspec --groups", 1),
    wrapper("unshare", "--map-user --map-group --root -R --wd -w -S -G", 0),
    wrapper("nsenter", "-t --target -S -G", 0),
    wrapper("taskset", "", 1),
    wrapper("numactl", "-N -m -C -i", 0),
    wrapper(
        "systemd-run",
        "-p -u --unit --property --slice --uid --gid -E --setenv -M -H --description --on-active --on-calendar",
        0,
    ),
    wrapper("systemd-inhibit", "--what --who --why --mode", 0),
    wrapper("gosu su-exec s6-setuidgid setuidgid chpst-user runas", "", 1),
    wrapper("setpriv capsh", "--reuid --regid --groups --init-groups --inh-caps", 0),
    wrapper("tini dumb-init catatonit", "-p -e -r", 0),
    wrapper("envdir", "", 1),
    wrapper("proxychains proxychains4 torsocks tsocks", "-f", 0),
    wrapper("cpulimit", "-l -p -e -P --limit", 0),
    wrapper("prlimit choom", "-n -p --pid --adjust", 0),
    wrapper("valgrind heaptrack gdbserver rlwrap", "-f -H -C -P", 0),
    wrapper("faketime", "-f", 1),
    wrapper("npx bunx pnpx tsx-run", "-p --package --node-options", 0),
    under("npm", "exec|x", "-p --package -w --workspace --prefix"),
    under("pnpm", "exec|dlx", "-C --dir --filter -F"),
    under("yarn", "exec|dlx", "-p --package --cwd"),
    under("bun", "x", ""),
    under(
        "uv",
        "run",
        "--with --python -p --extra --group --project --directory --env-file --package --index",
    ),
    under("uv", "tool", "--from --with"),
    wrapper("uvx pipx-run", "--from --with -p --python", 0),
    under(
        "poetry hatch pdm pipenv rye pixi conda mamba micromamba",
        "run",
        "-n --name -p --prefix -e --environment -C --directory -P",
    ),
    under("bundle rbenv pyenv nodenv goenv asdf mise", "exec", "-C --cd"),
    wrapper("dotenv dotenvx cross-env env-cmd dotenv-cli", "-e -f -c -p -v", 0),
    under(
        "dotenvx op doppler infisical sops teller envchain",
        "run",
        "--env-file -f -p -c --project --config --env --environment --account",
    ),
    Wrapper {
        names: "aws-vault aws-okta chamber",
        valued: "-d --duration --region",
        skip: 1,
        sub: "exec",
        before: "",
    },
    under("saml2aws", "exec", "-a --exec-profile"),
    under("sops", "exec-env|exec-file", ""),
    wrapper("envconsul", "-config", 0),
    wrapper(
        "watchexec",
        "-w -e -f -i -d -s --watch --exts --filter --ignore --debounce --signal",
        0,
    ),
    wrapper("entr", "", 0),
    wrapper("start-stop-daemon", "--pidfile --user --chuid -u -c -p --chdir -d --name -n", 0),
    wrapper("daemonize", "-c -p -o -e -u -l -E", 0),
    wrapper("sshpass", "-p -f -e -d", 0),
    wrapper("kitty alacritty foot", "-e --title -T", 0),
    wrapper("xterm urxvt konsole", "-e -T", 0),
    Wrapper { names: "direnv", valued: "", skip: 1, sub: "exec", before: "" },
    under(
        "devbox distrobox toolbox flox",
        "run|enter|activate",
        "-n --name -c --container -r --root",
    ),
    under("rustup", "run", ""),
    under("turbo nx lerna", "exec", "--scope --projects --filter"),
    under("heroku dokku", "run", "-a --app -s --size -r --remote --type"),
    under("pm2 forever", "start", "--name -n -i --cwd"),
    under("vagrant", "exec", ""),
    wrapper(
        "bwrap",
        "--bind --ro-bind --dev --proc --tmpfs --chdir --setenv --dir --symlink --unshare",
        0,
    ),
    wrapper("rtk retry chronic ts errno-run moreutils-ifne ifne ts-run sem", "-t -d", 0),
    wrapper("perf", "-e -o -F", 1),
    wrapper("hyperfine-run poetry-run", "", 0),
    wrapper("qemu-x86_64 qemu-aarch64 linux64 linux32 setarch i386", "", 0),
];

/// The names of a row of wrappers; none behind the last.
pub const fn wrapper_names(row: usize) -> &'static str {
    if row < WRAPPERS.len() { WRAPPERS[row].names } else { "" }
}

/// Plays the wrapped command; `None` when this is no wrapper, or wraps nothing.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Option<Data> {
    let from = call.known.wrapper()?;
    let keeps =
        |arg: &Arg| matches!(arg.text.as_str(), "set" | "unset" | "list" | "get" | "encrypt");
    if call.name.starts_with("dotenv") && call.args.first().is_some_and(keeps) {
        return None;
    }
    for wrapper in WRAPPERS[from..].iter().filter(|w| names(w.names, call.name)) {
        if let Some(rest) = after_sub(wrapper, call.args) {
            return Some(peel(machine, wrapper, call, rest, env));
        }
    }
    None
}

fn names(table: &str, name: &str) -> bool {
    table.len() >= name.len() && table.split_ascii_whitespace().any(|known| known == name)
}

fn after_sub<'a>(wrapper: &Wrapper, args: &'a [Arg]) -> Option<&'a [Arg]> {
    if wrapper.sub.is_empty() {
        return Some(args);
    }
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        if !arg.text.starts_with('-') {
            break;
        }
        let valued = format!("{} {}", wrapper.valued, wrapper.before);
        at += 1 + usize::from(valued.split(' ').any(|known| known == arg.text));
    }
    let sub = args.get(at)?;
    wrapper.sub.split('|').any(|known| known == sub.text).then(|| &args[at + 1..])
}

fn peel(
    machine: &mut Machine<'_>,
    wrapper: &Wrapper,
    call: &Call<'_>,
    args: &[Arg],
    env: &mut Env,
) -> Data {
    let mut at = 0;
    let mut skip = wrapper.skip;
    let mut shell = env.clone();
    while let Some(arg) = args.get(at) {
        let text = arg.text.as_str();
        if text == "--" {
            at += 1;
            if skip == 0 {
                break;
            }
        } else if text.starts_with('-') && text.len() > 1 {
            if let Some(data) = special(machine, call, args, at, &mut shell) {
                return data;
            }
            at += 1 + usize::from(takes_next(wrapper.valued, text));
        } else if let Some((name, value)) = assignment(call.name, text) {
            shell.set_text(name, value);
            at += 1;
        } else if skip > 0 {
            skip -= 1;
            at += 1;
        } else {
            break;
        }
    }
    let inner = &args[at.min(args.len())..];
    if inner.is_empty() {
        return interactive(machine, call, &mut shell);
    }
    let data = run_inner(machine, call, inner, &mut shell, env);
    env.keep_files(&shell);
    data
}

fn run_inner(
    machine: &mut Machine<'_>,
    call: &Call<'_>,
    inner: &[Arg],
    shell: &mut Env,
    env: &mut Env,
) -> Data {
    match call.name {
        // `exec`, `command` and `builtin` stay in the same shell, and so does a `cd`.
        "exec" | "noglob" => run(machine, inner, env, call.stdin),
        "command" | "builtin" => {
            machine.no_functions = true;
            run(machine, inner, env, call.stdin)
        }
        "npx" | "bunx" | "uvx" | "npm" | "pnpm" | "yarn" | "bun" => {
            let mut argv = inner.to_vec();
            if let Some((name, _)) =
                argv[0].text.split_once('@').filter(|(name, _)| !name.is_empty())
            {
                argv[0].text = name.to_owned();
            }
            run(machine, &argv, shell, call.stdin)
        }
        _ => run(machine, inner, shell, call.stdin),
    }
}

/// Options that change what a wrapper does.
fn special(
    machine: &mut Machine<'_>,
    call: &Call<'_>,
    args: &[Arg],
    at: usize,
    shell: &mut Env,
) -> Option<Data> {
    let text = args[at].text.as_str();
    let rest = &args[at + 1..];
    let looks_up = |flags: &str| flags.len() == 2 && flags.contains(['v', 'V']);
    match call.name {
        "command" if looks_up(text) => {
            let name = rest.first().map_or("", |arg| arg.text.as_str());
            Some(Data::Text(format!("/usr/bin/{name}\n")))
        }
        "sudo" | "doas" if matches!(text, "-l" | "-v" | "-k" | "-K" | "--list" | "--validate") => {
            Some(Data::Unknown)
        }
        "sudo" if matches!(text, "-e" | "--edit") => {
            for file in rest {
                crate::guardrails::programs::file::writes(
                    machine,
                    file,
                    crate::guardrails::effect::Verb::Write,
                    shell,
                );
            }
            Some(Data::Unknown)
        }
        "env" | "genv" if text.starts_with("-S") || text.starts_with("--split-string") => {
            let head = text.trim_start_matches("-S").trim_start_matches("--split-string");
            let head = Arg::new(head.trim_start_matches('='));
            let line = joined(std::iter::once(&head).chain(rest));
            Some(machine.text(&line, shell, call.stdin))
        }
        "env" | "genv"
            if text.starts_with('-') && !text.starts_with("--") && text.ends_with('S') =>
        {
            Some(machine.text(&joined(rest.iter()), shell, call.stdin))
        }
        "env" if text == "-C" || text == "--chdir" => {
            if let Some(dir) = rest.first() {
                shell.cwd = shell.resolve(&dir.text).into();
            }
            None
        }
        "entr" if text.ends_with('s') => {
            Some(machine.text(&joined(rest.iter().take(1)), shell, call.stdin))
        }
        "flock" if text == "-c" || text == "--command" => {
            Some(machine.text(&joined(rest.iter().take(1)), shell, call.stdin))
        }
        "npx" | "npm" | "pnpm" | "nix" if matches!(text, "-c" | "--call" | "--command") => {
            if call.name == "nix" {
                return Some(run(machine, rest, shell, call.stdin));
            }
            Some(machine.text(&joined(rest.iter().take(1)), shell, call.stdin))
        }
        "start-stop-daemon" if matches!(text, "--exec" | "-x" | "--startas" | "-a") => {
            let argv: Vec<Arg> = rest.iter().filter(|arg| arg.text != "--").cloned().collect();
            Some(run(machine, &argv, shell, call.stdin))
        }
        _ => None,
    }
}

fn takes_next(valued: &str, text: &str) -> bool {
    if text.starts_with("--") {
        return !text.contains('=') && names(valued, text);
    }
    if names(valued, text) {
        return true;
    }
    // The last letter of a cluster may take a value: `sudo -nu root`.
    let last = text.chars().last().unwrap_or('-');
    text.len() > 2
        && text.len() < 5
        && names(valued, &format!("-{last}"))
        && !text.chars().skip(1).any(|c| c.is_ascii_digit())
        && !valued.split(' ').any(|known| known.len() == 2 && text.starts_with(known))
}

fn assignment<'t>(wrapper: &str, text: &'t str) -> Option<(&'t str, &'t str)> {
    const TAKE: &str = "sudo doas env genv dotenv dotenvx cross-env env-cmd nohup run0 rtk";
    let (name, value) = text.split_once('=')?;
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (plain && !name.is_empty() && names(TAKE, wrapper)).then_some((name, value))
}

/// A wrapper without a command: perhaps a shell that reads its input.
fn interactive(machine: &mut Machine<'_>, call: &Call<'_>, shell: &mut Env) -> Data {
    let shells = matches!(call.name, "sudo" | "doas" | "chroot" | "unshare" | "nsenter" | "exec");
    match call.stdin {
        Data::Text(text) if shells && !text.is_empty() => machine.text(text, shell, &Data::Unknown),
        _ => Data::Unknown,
    }
}
