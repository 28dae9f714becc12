//! `coord sync` with the real binary, a real daemon, and a gateway before a real Postgres.

mod commands;
mod doctor;
mod errors;
mod first;
mod keys;
mod lasting;
mod migrating;
mod secrets;
mod shown;
mod variables;
mod worker;
mod workspaces;

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;

use serde_json::{Value, json};

use super::site::{PATIENCE, Site, cache, signal, until};
use crate::cloud::Cloud;
use crate::cloud::gateway::{Gateway, PUBLISHABLE, SECRET};

/// A machine, and a project that it may be enrolled with.
pub struct Bench {
    pub site: Site,
    pub gateway: Gateway,
    pub cloud: Cloud,
}

impl Bench {
    pub fn new() -> Self {
        let cloud = Cloud::start();
        let gateway = Gateway::start(cloud.rest());
        Self { site: Site::new(), gateway, cloud }
    }

    /// One that is enrolled, with everything in the mirror.
    pub fn enrolled() -> Self {
        let bench = Self::new();
        let code = bench.invitation();
        let (exit, said) = bench.login(&["--code", &code]);
        assert_eq!(exit, 0, "{said}\n{}", bench.site.log());
        bench
    }

    pub fn invitation(&self) -> String {
        self.cloud.ask("coord.invite('team')")
    }

    /// Logs in with the publishable key.
    pub fn login(&self, arguments: &[&str]) -> (i32, String) {
        let url = self.gateway.url.clone();
        let arguments = [&["sync", "login", "--url", &url], arguments].concat();
        person(&self.site, &[("SUPABASE_KEY", PUBLISHABLE)], &arguments, "")
    }

    /// Runs a command as a person who has these variables.
    pub fn person(&self, variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
        person(&self.site, variables, arguments, "")
    }

    pub fn status(&self) -> Value {
        self.site.json(&["sync", "status"]).1
    }

    /// Waits until the status is so.
    pub fn until(&self, what: &str, mut is_so: impl FnMut(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        until(what, || {
            seen = self.status();
            std::thread::sleep(std::time::Duration::from_millis(50));
            is_so(&seen)
        });
        seen
    }

    /// Calls a tool as an agent.
    pub fn agent(&self, tool: &str, arguments: &Value) -> Value {
        let output = self
            .site
            .coord()
            .args(["call", tool, &arguments.to_string()])
            .env("AGENT_ID", "ann")
            .output()
            .expect("the binary runs");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{tool}: {output:?}"))
    }

    /// Makes a handoff, and so many more like it in the database itself, while no daemon runs.
    pub fn fill(&self, handoffs: usize) {
        let handoff = json!({ "summary": "a zebrafish handoff", "next_steps": ["go on"] });
        assert_eq!(self.agent("write_handoff", &handoff)["success"], true);
        self.site.run(&["daemon", "stop"]);
        let file = rusqlite::Connection::open(self.site.home().join("coord.db")).expect("it opens");
        let columns = "select group_concat(name, ', ') from pragma_table_info('handoff_documents')
                        where name <> 'handoff_id'";
        let columns: String = file.query_row(columns, [], |row| row.get(0)).expect("columns");
        let fill = format!(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < {handoffs})
             insert into handoff_documents (handoff_id, {columns})
             select printf('00000000-0000-7000-8000-%012x', i), {columns} from handoff_documents, n"
        );
        assert_eq!(file.execute(&fill, []), Ok(handoffs));
    }

    /// Something that the mirror is to hear of.
    pub fn remember(&self, what: &str) {
        let memory = json!({ "event_type": "discovery", "summary": what });
        assert_eq!(self.agent("remember", &memory)["success"], true);
    }

    /// Ends the daemon, and starts one that has these variables.
    pub fn daemon_with(&self, variables: &[(&str, &str)]) {
        self.site.run(&["daemon", "stop"]);
        let mut start = self.site.coord();
        let started = start.args(["daemon", "start"]).envs(variables.iter().copied()).output();
        assert!(started.expect("the binary runs").status.success());
    }

    /// The project and its service key.
    pub fn with_service_key(&self) -> [(&'static str, &str); 2] {
        [("SUPABASE_URL", &self.gateway.url), ("SUPABASE_SERVICE_KEY", SECRET)]
    }
}

/// Runs `coord` at a terminal where a person types; exit code and what was shown.
pub fn person(
    site: &Site,
    variables: &[(&str, &str)],
    arguments: &[&str],
    typed: &str,
) -> (i32, String) {
    let mut child = site
        .command(cache().join("python-2/bin/python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python/terminal.py"))
        .arg(env!("CARGO_BIN_EXE_coord"))
        .args(arguments)
        .envs(variables.iter().copied())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/setup has installed Python");
    let mut keys = child.stdin.take().expect("piped");
    let pid = child.id();
    let (done, late) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        // Whoever waits for input that never comes ends here, and not with the whole run.
        if late.recv_timeout(3 * PATIENCE).is_err_and(|error| error == RecvTimeoutError::Timeout) {
            signal(pid, "KILL");
        }
    });
    let (mut said, mut shown) = (Vec::new(), child.stdout.take().expect("piped"));
    let mut chunk = [0; 4096];
    let mut typed = typed.lines();
    while let Ok(length @ 1..) = shown.read(&mut chunk) {
        said.extend_from_slice(&chunk[..length]);
        // A person types when asked.
        if (said.ends_with(b": ") || said.ends_with(b"[y/N] "))
            && let Some(line) = typed.next()
        {
            writeln!(keys, "{line}").expect("it reads");
        }
    }
    let status = child.wait().expect("it ends");
    drop(done);
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

/// Runs a line of shell at a terminal, with the program as `$0`.
pub fn shell(site: &Site, line: &str) -> (i32, String) {
    let output = site
        .command(cache().join("python-2/bin/python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python/terminal.py"))
        .args(["sh", "-c", line, env!("CARGO_BIN_EXE_coord")])
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("tests/setup has installed Python");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), said)
}
