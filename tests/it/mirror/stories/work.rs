//! Random work in every domain whose rows are mirrored.

use coord::agents::Reason;
use coord::life;
use serde_json::{Value, json};

use super::super::fleet::Machine;
use super::story::Story;
use super::told::Fact;
use crate::world::{Actor, fields};

const AGENTS: [&str; 3] = ["ann", "bob", "cat"];

impl Story<'_> {
    /// Somebody on a machine does something.
    pub fn work(&mut self, at: usize) {
        self.events.work += 1;
        self.tell_mode(at);
        match self.dice.u32(0..24) {
            0..3 => self.locks(at),
            3..6 => self.tasks(at),
            6..10 => self.memories(at),
            10..12 => self.handoff(at),
            12..16 => self.hosts(at),
            16..20 => self.policies(at),
            20 => self.approval(at),
            21 => self.sessions(at),
            22 => self.breach(at),
            _ => self.looks(at),
        }
    }

    fn locks(&mut self, at: usize) {
        let path = format!("{}.rs", self.dice.u32(0..3));
        let agent = self.dice.usize(0..AGENTS.len());
        match self.dice.u32(0..6) {
            0 => drop(self.agent(at, agent).asks("release_lock", json!({}))),
            1 => {
                let force = json!({ "file_path": path, "reason": "needed" });
                drop(self.person(at).asks("force_release_lock", force));
            }
            _ => {
                let free = self.holder(at, &path).is_none();
                let lock = json!({ "file_path": path, "reason": "ä\u{1F980}\n\"\\" });
                let got = self.asks(at, AGENTS[agent], "acquire_lock", lock);
                if let (true, Some(fence)) = (free, got["fence"].as_i64()) {
                    self.told.fence(at, &path, fence);
                }
            }
        }
    }

    /// Who holds a path, by its rows.
    fn holder(&self, at: usize, path: &str) -> Option<String> {
        let held = self.machines[at].store().read(|tx| {
            let sql = "SELECT session_id FROM file_locks WHERE path = ?1";
            Ok(tx.one(sql, [path], |row| row.get(0))?)
        });
        held.expect("locks can be read")
    }

    fn tasks(&mut self, at: usize) {
        let agent = AGENTS[self.dice.usize(0..AGENTS.len())];
        let known: Vec<String> =
            self.told.tasks.iter().filter(|(of, _)| *of == at).map(|(_, id)| id.clone()).collect();
        match self.dice.u32(0..5) {
            0..2 => {
                let on: Vec<&String> = known.iter().rev().take(self.dice.usize(0..3)).collect();
                let task = json!({ "task_type": "t", "description": self.words(at), "depends_on": on,
                                   "input_data": { "n": [1, 2.5, null], "s": "\u{2028}" } });
                let done = self.asks(at, agent, "submit_work", task);
                if let Some(id) = done["task_id"].as_str() {
                    self.told.tasks.insert((at, id.to_owned()));
                }
            }
            2..4 => {
                let got = self.asks(at, agent, "get_work", json!({}));
                if got["task_id"].is_string() && self.dice.bool() {
                    let end = json!({ "task_id": got["task_id"], "success": self.dice.bool(),
                                      "retry": self.dice.bool(), "result": { "ok": 1 } });
                    self.asks(at, agent, "complete_work", end);
                }
            }
            _ => {
                let tool = ["cancel_work", "retry_work"][self.dice.usize(0..2)];
                if let Some(id) = known.last() {
                    drop(self.person(at).asks(tool, json!({ "task_id": id })));
                }
            }
        }
    }

    fn memories(&mut self, at: usize) {
        if self.dice.u32(0..3) > 0 {
            let memory = json!({ "event_type": "discovery", "summary": self.words(at), "tags": ["t"],
                                 "details": { "n": [1, 2.5, null, true], "s": "\u{7f}\u{2028}" } });
            let done = self.asks(at, "ann", "remember", memory);
            self.acknowledged(at, "episodic_memories", &done["memory_id"], false);
            return;
        }
        let Some(id) = self.some_memory(at) else { return };
        // The newest image of a row stays: what is pinned by one is not forgotten by another.
        let forget = id.as_bytes().last().is_some_and(|byte| byte % 2 == 0);
        let tool = if forget { "forget_memory" } else { "pin_memory" };
        let done = self.person(at).asks(tool, json!({ "memory_id": id }));
        if forget && done.success() {
            self.acknowledged(at, "episodic_memories", &json!(id), true);
        }
    }

    fn some_memory(&mut self, at: usize) -> Option<String> {
        let all: Vec<String> = self.machines[at]
            .store()
            .read(|tx| {
                let sql = "SELECT memory_id FROM episodic_memories WHERE forgotten_at IS NULL";
                Ok(tx.all(sql, [], |row| row.get(0))?)
            })
            .expect("memories can be read");
        (!all.is_empty()).then(|| all[self.dice.usize(0..all.len())].clone())
    }

    fn handoff(&mut self, at: usize) {
        let handoff = json!({ "summary": self.words(at), "next_steps": ["the rest"] });
        let done = self.asks(at, "bob", "write_handoff", handoff);
        self.acknowledged(at, "handoff_documents", &done["handoff_id"], false);
    }

    /// Hosts under a few names that all machines decide about; each change says what it was made on.
    fn hosts(&mut self, at: usize) {
        let domain = format!("h{}.example", self.dice.u32(0..4));
        let before = self.reason(at, &domain);
        let tool = ["allow_domain", "block_domain"][self.dice.usize(0..2)];
        if self.dice.u32(0..6) == 0 {
            let back = json!({ "domain": domain, "remove": true });
            if self.person(at).asks(tool, back).success() {
                self.told.removed(at, &domain, before);
            }
            return;
        }
        let mark = self.told.mark(at, &domain, before);
        // Whoever changes what is undecided has decided.
        if let Some(theirs) = self.undecided(at, &domain) {
            self.told.preferred(&mark, &theirs);
        }
        let rule = json!({ "domain": domain, "reason": mark });
        assert!(self.person(at).asks(tool, rule).success());
    }

    fn reason(&self, at: usize, domain: &str) -> Option<String> {
        let read = self.machines[at].store().read(|tx| {
            let sql = "SELECT reason FROM network_domains WHERE pattern = ?1 AND project = ?2";
            Ok(tx.one(sql, [domain, &self.machines[at].world.repo.project], |row| row.get(0))?)
        });
        read.expect("hosts can be read")
    }

    /// What the mirror has of a host about which somebody is asked here.
    fn undecided(&self, at: usize, domain: &str) -> Option<String> {
        let read = self.machines[at].store().read(|tx| {
            let sql = "SELECT theirs ->> 'reason' FROM sync_aside
                        WHERE tbl = 'network_domains' AND pk ->> 2 = ?1 AND resolved_at IS NULL";
            Ok(tx.one(sql, [domain], |row| row.get::<_, Option<String>>(0))?.flatten())
        });
        read.expect("conflicts can be read")
    }

    fn policies(&mut self, at: usize) {
        let n = self.dice.u32(0..2);
        let trust = self.dice.i64(0..4);
        let (tool, arguments) = match self.dice.u32(0..9) {
            0 => (
                "add_guardrail",
                json!({ "pattern_name": format!("g{n}"), "min_trust": trust, "pattern": "foo",
                        "category": "git", "severity": "block", "explanation": "never" }),
            ),
            1 => ("disable_guardrail", json!({ "pattern_name": format!("g{n}") })),
            2 => ("enable_guardrail", json!({ "pattern_name": format!("g{n}") })),
            3 => (
                "set_profile",
                json!({ "name": format!("p{n}"), "trust_level": trust, "blocked_operations": ["forget_memory"],
                        "ask_operations": ["acquire_lock"] }),
            ),
            4 => ("assign_profile", json!({ "agent_id": "eve", "profile": format!("p{n}") })),
            5 => {
                let effect = ["permit", "forbid"][self.dice.usize(0..2)];
                let text = format!("{effect} (principal, action, resource) when {{ false }};");
                ("add_policy", json!({ "policy_id": format!("c{n}"), "policy_text": text }))
            }
            6 => {
                let remove = self.dice.bool();
                ("disable_policy", json!({ "policy_id": format!("c{n}"), "remove": remove }))
            }
            _ => {
                let remove = self.dice.u32(0..3) == 0;
                let kind = ["agent_type", "domain"][self.dice.usize(0..2)];
                (
                    "change_group",
                    json!({ "group": "guests", kind: format!("t{n}.example"), "remove": remove }),
                )
            }
        };
        drop(self.person(at).asks(tool, arguments));
    }

    /// Eve's profile may have her ask for every lock.
    fn approval(&mut self, at: usize) {
        let asked = self.asks(at, "eve", "acquire_lock", json!({ "file_path": "eve.rs" }));
        if asked["approval_id"].is_string() {
            let tool = ["approve", "deny"][self.dice.usize(0..2)];
            drop(self.person(at).asks(tool, json!({ "approval_id": asked["approval_id"] })));
        }
        self.asks(at, "eve", "release_lock", json!({}));
    }

    fn sessions(&mut self, at: usize) {
        let agent = AGENTS[self.dice.usize(0..AGENTS.len())];
        if self.dice.bool() {
            let known = json!({ "capabilities": ["rust", "sql"], "current_task": self.words(at) });
            self.asks(at, agent, "register_session", known);
            return;
        }
        let (session, now) = (format!("session-of-{agent}"), self.machines[at].world.clock.now());
        let ended = self.machines[at]
            .store()
            .write_blocking(move |tx| life::end(tx, &session, Reason::Finished, now));
        ended.expect("sessions end");
    }

    /// What the watcher of files writes down.
    fn breach(&mut self, at: usize) {
        let id = uuid::Uuid::new_v4().to_string();
        let now = self.machines[at].world.clock.now();
        let more = self.dice.bool();
        let written = self.machines[at].store().write_blocking(move |tx| {
            if more {
                tx.run("UPDATE breaches SET times = times + 1, last_at = max(last_at, ?1)", [now])?;
            }
            tx.run(
                "INSERT INTO breaches VALUES (?1, 'p', 'a.rs', '/w', 'written', 's', 'ann', 1, NULL,
                                              NULL, ?2, ?2, 1)",
                rusqlite::params![id, now],
            )?;
            Ok(())
        });
        written.expect("a breach can be written");
    }

    /// Looking leaves rows as well.
    fn looks(&mut self, at: usize) {
        let (tool, arguments) = match self.dice.u32(0..4) {
            0 => ("check_guardrails", json!({ "operation_text": "git push --force origin main" })),
            1 => {
                ("check_policy", json!({ "operation": "network_access", "resource": "h1.example" }))
            }
            2 => ("recall", json!({ "query": "words" })),
            _ => ("heartbeat", json!({ "current_task": "y" })),
        };
        self.asks(at, "ann", tool, arguments);
    }

    fn acknowledged(&mut self, at: usize, table: &'static str, id: &Value, forgotten: bool) {
        if let Some(id) = id.as_str().filter(|_| self.setting.is_told(at, table)) {
            self.told.facts.insert(Fact { table, id: id.to_owned(), forgotten });
        }
    }

    fn words(&mut self, at: usize) -> String {
        format!("{}{}", self.prefix(at), self.dice.u64(..))
    }

    fn agent(&self, at: usize, which: usize) -> Actor<'_> {
        self.machines[at].world.agent(AGENTS[which])
    }

    pub fn person(&self, at: usize) -> Actor<'_> {
        self.machines[at].world.person()
    }

    fn asks(&self, at: usize, agent: &str, tool: &str, arguments: Value) -> Value {
        let machine: &Machine = &self.machines[at];
        let answer = machine.world.agent(agent).asks(tool, arguments);
        assert_ne!(answer.code(), Some("internal"), "{tool}: {}", answer.flat());
        fields(&answer)
    }
}
