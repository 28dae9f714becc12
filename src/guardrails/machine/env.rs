//! What the shell remembers while it runs: variables, functions, directory, files.
//!
//! - A copy is cheap, so that a subshell is one.
//!
//! Not here: who changes it (`machine::exec`, `machine::builtin`).

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::guardrails::machine::value::{Data, HOLE};
use crate::guardrails::parse::Node;
use crate::guardrails::paths;

static NOTHING: Data = Data::nothing();

/// The value of a variable.
#[derive(Clone, Debug)]
pub enum Var {
    /// One text.
    Scalar(String),
    /// An array.
    List(Vec<String>),
    /// Another name for a variable.
    Ref(String),
}

/// The shell's memory.
#[derive(Clone, Debug)]
pub struct Env {
    vars: Rc<BTreeMap<String, Var>>,
    funcs: Rc<BTreeMap<String, Rc<Node>>>,
    files: Rc<BTreeMap<String, Data>>,
    aliases: Rc<BTreeMap<String, String>>,
    /// `$1`…; `None` when nobody said.
    pub args: Option<Rc<Vec<String>>>,
    /// `$0`.
    pub zero: Rc<str>,
    /// The directory, absolute; holds a hole when unknown.
    pub cwd: Rc<str>,
    home: Rc<str>,
    /// Scripts that run at the end.
    pub traps: Rc<Vec<String>>,
    /// Bodies of the functions on the stack: a name may get another body on the way.
    pub calls: Rc<Vec<Rc<Node>>>,
}

impl Env {
    /// A fresh shell in `cwd`.
    #[must_use]
    pub fn new(cwd: &str, home: &str) -> Self {
        Self {
            vars: Rc::default(),
            funcs: Rc::default(),
            files: Rc::default(),
            aliases: Rc::default(),
            args: None,
            zero: "bash".into(),
            cwd: cwd.into(),
            home: home.into(),
            traps: Rc::default(),
            calls: Rc::default(),
        }
    }

    /// The person's home directory.
    #[must_use]
    pub fn home(&self) -> &str {
        &self.home
    }

    /// The variable as one text; `None` if nothing is known of it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        match self.var(name) {
            Some(Var::Scalar(text)) => Some(text.clone()),
            Some(Var::List(list)) => Some(list.first().cloned().unwrap_or_default()),
            Some(Var::Ref(_)) => None,
            None => self.special(name),
        }
    }

    /// The variable itself.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&Var> {
        let mut name = name;
        for _ in 0..8 {
            match self.vars.get(name)? {
                Var::Ref(target) => name = target,
                var => return Some(var),
            }
        }
        None
    }

    /// Makes a variable that holds a name stand for the variable of that name.
    pub fn refer(&mut self, name: &str) {
        if let Some(Var::Scalar(target)) = self.vars.get(name) {
            let target = target.clone();
            self.set(name, Var::Ref(target));
        }
    }

    fn special(&self, name: &str) -> Option<String> {
        let text = match name {
            "HOME" => &*self.home,
            "PWD" => &*self.cwd,
            "IFS" => " \t\n",
            "0" => &*self.zero,
            "SHELL" | "BASH" => "/bin/bash",
            "?" => "0",
            "$" | "!" | "PPID" | "BASHPID" | "RANDOM" | "SRANDOM" | "SECONDS" | "LINENO"
            | "EPOCHSECONDS" => "4242",
            "UID" | "EUID" => "1000",
            "-" => "hB",
            "#" => return Some(self.args.as_ref().map_or(0, |args| args.len()).to_string()),
            _ => {
                let number: usize = name.parse().ok()?;
                let args = self.args.as_ref()?;
                return Some(args.get(number.checked_sub(1)?).cloned().unwrap_or_default());
            }
        };
        Some(text.to_owned())
    }

    /// All positional parameters.
    #[must_use]
    pub fn positional(&self) -> Vec<String> {
        self.args.as_ref().map_or_else(Vec::new, |args| args.to_vec())
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: Var) {
        let name = match self.vars.get(name) {
            Some(Var::Ref(target)) => target.clone(),
            _ => name.to_owned(),
        };
        Rc::make_mut(&mut self.vars).insert(name, value);
    }

    /// Sets a variable to a text.
    pub fn set_text(&mut self, name: &str, text: impl Into<String>) {
        self.set(name, Var::Scalar(text.into()));
    }

    /// Forgets a variable: it is empty from now on.
    pub fn unset(&mut self, name: &str) {
        self.set_text(name, "");
    }

    /// Defines a function.
    pub fn define(&mut self, name: &str, body: Rc<Node>) {
        Rc::make_mut(&mut self.funcs).insert(name.to_owned(), body);
    }

    /// A function's body.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<Rc<Node>> {
        self.funcs.get(name).cloned()
    }

    /// Defines an alias.
    pub fn alias(&mut self, name: &str, text: &str) {
        Rc::make_mut(&mut self.aliases).insert(name.to_owned(), text.to_owned());
    }

    /// An alias's text, if aliases expand at all.
    #[must_use]
    pub fn aliased(&self, name: &str) -> Option<&str> {
        if self.aliases.is_empty() || !self.aliases.contains_key("\u{1}expand") {
            return None;
        }
        self.aliases.get(name).map(String::as_str)
    }

    /// Remembers what a file holds.
    pub fn write(&mut self, path: &str, data: Data, append: bool) {
        if path.contains(HOLE) {
            return;
        }
        let path = self.resolve(path);
        if path.starts_with("/dev/") && !path.starts_with("/dev/fd/") {
            return;
        }
        let files = Rc::make_mut(&mut self.files);
        let data = match files.remove(&path) {
            Some(old) if append => old.then(data),
            _ => data,
        };
        files.insert(path, data);
    }

    /// What a file holds, if it was written here.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<&Data> {
        if path == "/dev/null" {
            return Some(&NOTHING);
        }
        if self.files.is_empty() {
            return None;
        }
        self.files.get(&self.resolve(path))
    }

    /// Takes over the files that another shell wrote.
    pub fn keep_files(&mut self, other: &Self) {
        self.files = Rc::clone(&other.files);
    }

    /// Takes over what either of several ways may have left behind: a variable that
    /// differs is unknown, but keeps one of its values behind the hole.
    pub fn join(&mut self, ways: &[Self]) {
        for way in ways {
            self.keep_files(way);
            if Rc::ptr_eq(&self.vars, &way.vars) {
                continue;
            }
            for (name, var) in way.vars.iter() {
                let same = match (self.vars.get(name), var) {
                    (Some(Var::Scalar(a)), Var::Scalar(b)) => a == b,
                    (Some(Var::List(a)), Var::List(b)) => a == b,
                    _ => false,
                };
                if !same {
                    let (old, new) =
                        (self.get(name).unwrap_or_default(), way.get(name).unwrap_or_default());
                    let kept = if new.is_empty() || old.starts_with('-') { old } else { new };
                    let text = format!("{HOLE}{}", kept.trim_start_matches(HOLE));
                    Rc::make_mut(&mut self.vars).insert(name.clone(), Var::Scalar(text));
                }
            }
        }
        if let Some(first) = ways.first()
            && ways.iter().any(|way| way.cwd != first.cwd)
        {
            self.cwd = HOLE.to_string().into();
        } else if let Some(first) = ways.first() {
            self.cwd = Rc::clone(&first.cwd);
        }
        for way in ways {
            for (name, body) in way.funcs.iter() {
                Rc::make_mut(&mut self.funcs).insert(name.clone(), Rc::clone(body));
            }
            let known = self.traps.len();
            Rc::make_mut(&mut self.traps).extend(way.traps.iter().skip(known).cloned());
        }
    }

    /// How many files are remembered: what a copy of the memory costs.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.files.len() / 4
    }

    /// A name for what a process substitution yields.
    pub fn pipe(&mut self, data: Data) -> String {
        let path = format!("/dev/fd/{}", 63 + self.files.len());
        Rc::make_mut(&mut self.files).insert(path.clone(), data);
        path
    }

    /// Makes one path hold what another holds.
    pub fn copy(&mut self, from: &str, to: &str) {
        if let Some(data) = self.read(from).cloned() {
            self.write(to, data, false);
        }
    }

    /// The absolute form of a path.
    #[must_use]
    pub fn resolve(&self, path: &str) -> String {
        paths::resolve(path, &self.cwd, &self.home)
    }
}
