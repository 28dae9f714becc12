//! What a story's machines are set to: keys, tables that are left out, a project that stays on its machine.
//!
//! In each story of such a kind one machine is the odd one, and so are its copies.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use coord::mirror::catalogue::Table;
use coord::mirror::cipher::{self, Reading};
use coord::mirror::kept;
use coord::mirror::key::Key;
use coord::repo::Repo;
use serde_json::{Map, Value};

use super::super::fleet::{self, Machine};
use super::story::Story;
use crate::world::World;

/// What is told under which settings, by seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Usual,
    /// Free text is encrypted from the beginning.
    Encrypted,
    /// One machine gets the key later.
    LateKey,
    /// All get another key on the way.
    OtherKey,
    /// One machine keeps some tables to itself, for a while or for good.
    LeftOut,
    /// One machine's project stays on it, for a while or for good.
    Stays,
}

/// Tables that are left out together.
const TOGETHER: [&[&str]; 5] = [
    &["work_queue", "work_dependencies"],
    &["episodic_memories", "handoff_documents"],
    &["network_domains"],
    &["audit_log", "audit_seals"],
    &["file_locks", "agent_sessions"],
];

/// The project that stays.
const STAYING: &str = "staying/project";

pub struct Setting {
    pub kind: Kind,
    /// The last one is the one that all have in the end.
    pub keys: Vec<Key>,
    /// Tables that the odd ones leave out.
    pub left_out: Vec<String>,
    /// Whether what is special ends before the story does.
    ends: bool,
    odd: BTreeSet<usize>,
    /// Where the project lies that stays.
    root: Option<PathBuf>,
}

impl Setting {
    pub fn of(seed: u64) -> Self {
        let kind = match seed % 8 {
            1 => Kind::Encrypted,
            3 => Kind::LateKey,
            4 => Kind::OtherKey,
            6 => Kind::LeftOut,
            7 => Kind::Stays,
            _ => Kind::Usual,
        };
        let many = match kind {
            Kind::Encrypted | Kind::LateKey => 1,
            Kind::OtherKey => 2,
            _ => 0,
        };
        let keys = (0..many).map(|_| Key::random().expect("there is randomness")).collect();
        let of_tables = TOGETHER[usize::try_from(seed / 8 % 5).expect("few")];
        let left_out = of_tables.iter().filter(|_| kind == Kind::LeftOut);
        let left_out = left_out.map(ToString::to_string).collect();
        Self {
            kind,
            keys,
            left_out,
            ends: !(seed / 8).is_multiple_of(3),
            odd: [0].into(),
            root: None,
        }
    }

    /// Whether the machine has anything special to the end.
    pub fn is_odd_in_the_end(&self, at: usize) -> bool {
        let special = matches!(self.kind, Kind::LeftOut | Kind::Stays);
        special && !self.ends && self.odd.contains(&at)
    }

    /// Whether what the machine says about that table is for the mirror in the end.
    pub fn is_told(&self, at: usize, table: &str) -> bool {
        let of_table = self.kind != Kind::LeftOut || self.left_out.iter().any(|name| name == table);
        !(self.is_odd_in_the_end(at) && of_table)
    }

    /// A row of the mirror as someone with the first of these keys that fits reads it.
    pub fn read(
        keys: &[Key],
        table: &Table,
        pk: &str,
        row: Map<String, Value>,
    ) -> Map<String, Value> {
        let digest =
            row["row_hash"].as_i64().map(|digest| format!("{:016x}", digest.cast_unsigned()));
        let whole = Value::Object(row.clone());
        let mut foreign = false;
        for key in keys.iter().rev() {
            match cipher::decrypt(Some(key), table, pk, &sent(table, &row), digest.as_deref()) {
                Reading::Clear => return row,
                Reading::Opened(Value::Object(opened)) => return opened,
                Reading::Altered(why) => panic!("{why}: {whole}"),
                _ => foreign = true,
            }
        }
        match cipher::without_body(table, &whole) {
            Value::Object(rest) if foreign => rest,
            _ => row,
        }
    }
}

fn sent(table: &Table, row: &Map<String, Value>) -> Value {
    let cells = table.sent().map(|column| (column.name.clone(), row[&column.name].clone()));
    Value::Object(cells.collect())
}

impl Story<'_> {
    /// A machine before it joins.
    pub fn prepare(&mut self, at: usize, world: &mut World) {
        let odd = self.setting.odd.contains(&at);
        match self.setting.kind {
            Kind::LateKey if odd => {}
            Kind::Encrypted | Kind::LateKey | Kind::OtherKey => {
                let key = self.setting.keys.first().expect("there is one");
                key.save(&fleet::home(world)).expect("it can be written");
            }
            Kind::Stays if odd => {
                let root = world.folder.path().join("staying");
                fs::create_dir_all(root.join(".git")).expect("the folder is ours");
                world.repo = Arc::new(Repo {
                    project: STAYING.into(),
                    root: root.clone(),
                    git_dir: None,
                    common_dir: None,
                    case_insensitive: false,
                    warnings: Vec::new(),
                });
                self.setting.root = Some(root);
                self.set_mode("local");
            }
            _ => {}
        }
    }

    /// Tables that a machine leaves out when it joins.
    pub fn first_left_out(&mut self, at: usize) -> Vec<String> {
        let now = self.setting.odd.contains(&at) && self.dice.bool();
        if now { self.setting.left_out.clone() } else { vec![] }
    }

    /// The machine was copied: so was what it is set to.
    pub fn copy_setting(&mut self, from: usize, to: usize) {
        if self.setting.odd.contains(&from) {
            self.setting.odd.insert(to);
        }
        self.machines[to].left_out = self.machines[from].left_out.clone();
        self.machines[to].restart();
    }

    /// Somebody changes what a machine is set to.
    pub fn change_setting(&mut self, at: usize) {
        match self.setting.kind {
            Kind::LateKey | Kind::OtherKey => self.give_key(at),
            Kind::LeftOut if self.setting.odd.contains(&at) => {
                let left_out = self.setting.left_out.clone();
                let machine = &mut self.machines[at];
                machine.left_out = if machine.left_out.is_empty() { left_out } else { vec![] };
                machine.restart();
            }
            _ => return,
        }
        self.note(at, "another setting");
    }

    fn give_key(&self, at: usize) {
        let key = self.setting.keys.last().expect("there is one");
        key.save(&fleet::home(&self.machines[at].world)).expect("it can be written");
    }

    /// What a session says when it comes, as the daemon notes it.
    pub fn tell_mode(&self, at: usize) {
        let machine = &self.machines[at];
        let (project, root) = (machine.world.repo.project.clone(), &machine.world.repo.root);
        if project != STAYING {
            return;
        }
        let root = root.display().to_string();
        if machine.store().kept::<kept::Heard>().note(&project, &root, true) {
            let written =
                machine.store().write_blocking(move |tx| kept::remember(tx, &project, &root, true));
            written.expect("it can be noted");
        }
    }

    fn set_mode(&self, mode: &str) {
        let file = self.setting.root.as_ref().expect("it was made").join(".coordinator.toml");
        fs::write(file, format!("mode = \"{mode}\"\n")).expect("the folder is ours");
    }

    /// Near the end everything is as it shall be.
    pub fn last_setting(&mut self) {
        let ends = self.setting.ends;
        match self.setting.kind {
            Kind::LateKey | Kind::OtherKey => {
                (0..self.machines.len()).for_each(|at| self.give_key(at));
            }
            Kind::LeftOut => {
                let left_out = if ends { vec![] } else { self.setting.left_out.clone() };
                for at in self.setting.odd.clone() {
                    self.machines[at].left_out.clone_from(&left_out);
                    self.machines[at].restart();
                }
            }
            Kind::Stays if ends => {
                self.set_mode("mirror");
                self.machines.iter_mut().for_each(Machine::restart);
            }
            _ => {}
        }
    }

    /// What words of a machine begin with: some must never be seen in the mirror.
    pub fn prefix(&self, at: usize) -> String {
        let machine = &self.machines[at];
        let hides = match self.setting.kind {
            Kind::Encrypted | Kind::LateKey | Kind::OtherKey => {
                fleet::home(&machine.world).sync_key().exists()
            }
            Kind::Stays => !self.setting.ends && machine.world.repo.project == STAYING,
            _ => false,
        };
        if hides { format!("hidden-{}-", self.seed) } else { "words ".into() }
    }

    /// No table of the mirror has a word that was to be hidden.
    pub fn check_what_is_hidden(&self) {
        let tables = "json_agg(c.relname) from pg_class c
                       where c.relnamespace = 'coord'::regnamespace and c.relkind = 'r'";
        let names: Vec<String> = serde_json::from_str(&self.mirror.ask(tables)).expect("names");
        assert!(names.len() > 20, "{names:?}");
        for name in names {
            let word = format!("hidden-{}-", self.seed);
            let count = format!("count(*) from coord.{name} t where strpos(t::text, '{word}') > 0");
            assert_eq!(
                self.mirror.ask(&count),
                "0",
                "seed {}: {name} has what is hidden",
                self.seed
            );
        }
    }
}
