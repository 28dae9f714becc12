//! The machine: jobs, services, power, network.

use crate::guardrails::programs::table::{Program, row};
use crate::guardrails::programs::tables::program;

pub static PROGRAMS: &[Program] = &[
    program("crontab", "-u", &[row("", "crontab_remove").with("-r")]),
    program("atrm", "", &[row("*", "crontab_remove")]),
    program(
        "shutdown reboot halt poweroff",
        "",
        &[row("", "machine_stop").without("-c --show -k")],
    ),
    program("init telinit", "", &[row("0|6|1", "machine_stop")]),
    program(
        "systemctl",
        "-H -M -t --type --state -p -n -o",
        &[
            row("poweroff|reboot|halt|kexec|emergency|rescue", "machine_stop"),
            row("stop|disable|mask|kill", "service_stop"),
        ],
    ),
    program("service", "", &[row("* stop", "service_stop")]),
    program(
        "iptables ip6tables",
        "-t -A -I -D -p -j -s -d",
        &[row("", "firewall_flush").with("-F --flush -X")],
    ),
    program("nft", "", &[row("flush ruleset", "firewall_flush")]),
    program(
        "ufw",
        "",
        &[row("reset|disable", "firewall_flush"), row("… reset|disable", "firewall_flush")],
    ),
    program("kill", "", &[row("-1", "kill_all"), row("", "kill_all").with("-1")]),
    program("trash-empty", "", &[row("", "delete_outside")]),
    program("gio", "", &[row("trash", "delete_outside").with("--empty")]),
    program(
        "journalctl",
        "",
        &[row("", "log_vacuum").with("--vacuum-size --vacuum-time --vacuum-files")],
    ),
];
