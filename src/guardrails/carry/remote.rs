//! Commands carried to another machine or into a container.
//!
//! - There, no relative path is known to lie in the repository.
//!
//! Not here: option values that hold a line of shell (`carry::listed`).

use crate::guardrails::carry::{joined, run};
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};

/// Plays what runs elsewhere; `None` when nothing does.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) -> Option<Data> {
    let inner = match call.name {
        "ssh" | "autossh" | "tsh" | "dbclient" | "slogin" => {
            return Some(ssh(machine, call, env));
        }
        "mosh" | "lxc" | "incus" | "multipass" | "kubectl" | "oc" | "k3s" | "microk8s" | "k"
        | "minikube" | "machinectl" | "wsl" | "gcloud" => after_dashes(call)?,
        "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" | "finch" => {
            container(call.args)?
        }
        "pct" | "lxc-attach" | "ctr" | "crictl" => after_word(call.args, "exec")?,
        "adb" => after_word(call.args, "shell")?,
        "pssh" | "parallel-ssh" | "pdsh" | "clush" | "dsh" => {
            let valued = "-h -H -l -p -t -o -w -x -u -f -g";
            return Some(lines(machine, call, operands_from(call.args, valued, 0)));
        }
        _ => return None,
    };
    // A container starts in its application's directory, which is the repository's like.
    Some(run(machine, &inner, &mut machine.shell(), call.stdin))
}

fn lines(machine: &mut Machine<'_>, call: &Call<'_>, args: &[Arg]) -> Data {
    let mut shell = Machine::elsewhere();
    machine.text(&joined(args.iter()), &mut shell, call.stdin)
}

/// The arguments after `skip` operands, options stepped over.
fn operands_from<'a>(args: &'a [Arg], valued: &str, mut skip: usize) -> &'a [Arg] {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let text = arg.text.as_str();
        if text == "--" {
            at += 1;
            if skip == 0 {
                break;
            }
        } else if text.starts_with('-') && text.len() > 1 {
            let takes = !text.contains('=') && valued.split(' ').any(|known| known == text);
            at += 1 + usize::from(takes);
        } else if skip == 0 {
            break;
        } else {
            skip -= 1;
            at += 1;
        }
    }
    args.get(at..).unwrap_or(&[])
}

fn ssh(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) -> Data {
    const VALUED: &str = "-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w -B -P";
    let args = match call.args.first() {
        Some(sub) if call.name == "tsh" && sub.text == "ssh" => &call.args[1..],
        _ => call.args,
    };
    let command = operands_from(args, VALUED, 1);
    let mut shell = Machine::elsewhere();
    if command.is_empty() {
        if let Data::Text(script) = call.stdin {
            return machine.text(script, &mut shell, &Data::Unknown);
        }
        return Data::Unknown;
    }
    let here = matches!(call.stdin, Data::Unknown).then(|| env.read("/dev/stdin").cloned());
    let stdin = here.flatten().unwrap_or_else(|| call.stdin.clone());
    machine.text(&joined(command.iter()), &mut shell, &stdin)
}

/// What follows `--`, or for `exec` without it, the words after the pod.
fn after_dashes(call: &Call<'_>) -> Option<Vec<Arg>> {
    const CARRY: [&str; 10] =
        ["exec", "run", "debug", "shell", "ssh", "rsh", "attach", "kubectl", "enter", "console"];
    let carries = call.args.iter().take(8).any(|arg| CARRY.contains(&arg.text.as_str()));
    if matches!(call.name, "k3s" | "microk8s" | "minikube")
        && call.args.first().is_some_and(|arg| arg.text == "kubectl")
    {
        let rest = call.args.get(1..).unwrap_or(&[]);
        let rest = if rest.first().is_some_and(|arg| arg.text == "--") { &rest[1..] } else { rest };
        return Some(std::iter::once(Arg::new("kubectl")).chain(rest.iter().cloned()).collect());
    }
    if !carries && !matches!(call.name, "mosh" | "wsl") {
        return None;
    }
    let dry = |arg: &Arg| arg.text.starts_with("--dry-run") && arg.text != "--dry-run=none";
    if call.args.iter().take_while(|arg| arg.text != "--").any(dry) {
        return None;
    }
    if let Some(at) = call.args.iter().position(|arg| arg.text == "--" || arg.text == "-e") {
        return Some(call.args[at + 1..].to_vec());
    }
    let exec = call.args.iter().position(|arg| matches!(arg.text.as_str(), "exec" | "rsh"))?;
    let valued = "-n --namespace -c --container --context --kubeconfig -f";
    let rest = operands_from(&call.args[exec + 1..], valued, 1);
    (!rest.is_empty()).then(|| rest.to_vec())
}

fn after_word(args: &[Arg], word: &str) -> Option<Vec<Arg>> {
    let at = args.iter().position(|arg| arg.text == word)?;
    let skip = usize::from(word == "exec");
    let rest = operands_from(&args[at + 1..], "-n --name", skip);
    (!rest.is_empty()).then(|| rest.to_vec())
}

fn container(args: &[Arg]) -> Option<Vec<Arg>> {
    const GLOBAL: &str = "-H --host -c --context -l --log-level --config --namespace -n -f --file \
                          -p --project-name --profile --env-file --project-directory --ansi";
    const RUN: &str = "-v --volume -e --env -w --workdir -u --user -p --publish --name --network \
                       --net --entrypoint --mount --env-file --platform -l --label -m --memory \
                       --cpus --gpus -h --hostname --add-host --cap-add --cap-drop --device \
                       --security-opt --restart --shm-size --ulimit --tmpfs --pull --pid --ipc \
                       --userns --index --detach-keys --service-ports --link --volumes-from \
                       --log-driver --log-opt --runtime --cidfile --ip --dns --expose -a --attach";
    let rest = operands_from(args, GLOBAL, 0);
    let sub = rest.first()?.text.as_str();
    match sub {
        "compose" | "container" => container(&rest[1..]),
        "exec" | "run" => {
            let tail = &rest[1..];
            let inner = operands_from(tail, RUN, 1);
            let head = &tail[..tail.len() - inner.len()];
            let entry = head.iter().enumerate().find_map(|(at, arg)| {
                match arg.text.strip_prefix("--entrypoint") {
                    Some("") => head.get(at + 1).map(|next| next.text.as_str()),
                    Some(value) => value.strip_prefix('='),
                    None => None,
                }
            });
            let mut argv: Vec<Arg> =
                entry.filter(|entry| !entry.is_empty()).map(Arg::new).into_iter().collect();
            argv.extend_from_slice(inner);
            (!argv.is_empty()).then_some(argv)
        }
        _ => None,
    }
}
