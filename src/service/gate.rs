//! The policies' say in a call: what it is about, and whether it may be made.
//!
//! - Every call passes, reads too, in the transaction or snapshot that it runs in.
//! - A call that a person must approve is refused with the question's id; the same
//!   call, made again after the approval, uses it up together with its deed.
//! - What frees, renews or finishes something is never refused for a limit.

use serde_json::{Map, Value};

use super::catalogue::{Call, Entry};
use crate::approvals::{self, Wanted};
use crate::context::Context;
use crate::failure::Outcome;
use crate::hooks::{EditFile, RunCommand};
use crate::locks::AcquireLock;
use crate::operations::Operation;
use crate::policy::{self, Effect, PolicyRefusal, Question, Resource};
use crate::profiles::{self, Held};
use crate::repo::{Kind, Target};
use crate::store::Tx;
use crate::tool::{Access, Audience, Progress, Tool as _};

/// What a call is about.
pub struct Subject {
    operation: Operation,
    resources: Vec<Resource>,
    /// Keys of the files that it is going to change.
    files: Vec<String>,
    /// What else policies are told.
    context: Map<String, Value>,
    /// Whether limits hold it back.
    limited: bool,
}

/// Whether the call may be made.
pub enum Admission {
    /// It may, once this is entered.
    Granted(Granted),
    /// That cannot be told without writing; ask again in a transaction.
    InTransaction {
        /// A person has approved it, so that it may unless that is taken back.
        approved: bool,
    },
}

/// A call that may be made.
pub struct Granted {
    held: Held,
    approval: Option<String>,
}

impl Subject {
    /// Reads it from the arguments. Looks at the file system, so it has no place in a
    /// transaction.
    pub fn of(entry: &Entry, ctx: &Context, arguments: &Value) -> Self {
        let operation = Operation {
            name: entry.name,
            access: entry.access,
            people: entry.audience == Audience::People,
        };
        let limited = entry.access == Access::Read || entry.grows;
        let context = told(entry, arguments);
        let mut subject =
            Self { operation, resources: Vec::new(), files: Vec::new(), context, limited };
        if entry.access == Access::Write {
            let takes = [AcquireLock::NAME, EditFile::NAME].contains(&entry.name);
            let changes = takes && arguments.get("mode").and_then(Value::as_str) != Some("shared");
            for target in targets(ctx, arguments) {
                if changes && target.kind != Kind::Resource {
                    subject.files.push(target.key);
                }
                subject.resources.push(Resource::File(target.shown));
            }
        }
        if let Some(id) = arguments.get("task_id").and_then(Value::as_str) {
            subject.resources.push(Resource::Task(id.to_owned()));
        }
        if subject.resources.is_empty() {
            subject.resources.push(Resource::Project);
        }
        subject
    }
}

/// The command that is to be run, which policies may speak of.
fn told(entry: &Entry, arguments: &Value) -> Map<String, Value> {
    let command = arguments.get("command").filter(|_| entry.name == RunCommand::NAME);
    command.map(|text| ("command".to_owned(), text.clone())).into_iter().collect()
}

/// The paths that a call names; those that are none are refused by its tool.
fn targets(ctx: &Context, arguments: &Value) -> Vec<Target> {
    let one = arguments.get("file_path").into_iter();
    let many = arguments.get("file_paths").and_then(Value::as_array).into_iter().flatten();
    let paths = one.chain(many).filter_map(Value::as_str);
    paths.filter_map(|path| ctx.repo.resolve(path).ok()).collect()
}

/// Asks the engine in force about every resource, then the limits.
///
/// # Errors
/// The refusals of `policy`, `approvals` and `profiles`.
pub fn admit(
    tx: &Tx<'_>,
    ctx: &Context,
    subject: &Subject,
    arguments: &Value,
) -> Outcome<Admission> {
    let held = profiles::held(tx, ctx)?;
    let mut asking = None;
    for resource in &subject.resources {
        let decision =
            policy::decide(tx, ctx, &held, (subject.operation, resource), &subject.context)?;
        let question = Question {
            caller: &ctx.caller,
            profile: &held.profile,
            project: ctx.project(),
            operation: subject.operation,
            resource,
            context: &subject.context,
        };
        match decision.effect {
            Effect::Allow => {}
            Effect::Deny => return Err(PolicyRefusal::of(&question, &decision).into()),
            Effect::Ask => asking = Some((policy::reason(&question, &decision), decision)),
        }
    }
    let approval = match asking {
        Some((reason, decision)) => {
            let policy = decision.policies.join(", ");
            let operation = subject.operation.name;
            let wanted = Wanted { operation, arguments, reason: &reason, policy: &policy };
            if !tx.can_write() {
                let approved = approvals::is_given(tx, ctx, &wanted)?;
                return Ok(Admission::InTransaction { approved });
            }
            Some(approvals::granted(tx, ctx, &wanted)?)
        }
        None => None,
    };
    profiles::charge(tx, ctx, &held, subject.limited)?;
    Ok(Admission::Granted(Granted { held, approval }))
}

/// Runs a call in its transaction if the policies let it. A question to a person outlives
/// the refusal; what the call uses up does not.
///
/// # Errors
/// As [`admit`], and what the call ends with.
pub fn run(
    tx: &Tx<'_>,
    ctx: &Context,
    subject: &Subject,
    arguments: &Value,
    call: &dyn Call,
) -> Outcome<Progress<Value>> {
    let granted = match admit(tx, ctx, subject, arguments)? {
        Admission::Granted(granted) => granted,
        Admission::InTransaction { .. } => {
            return Err(anyhow::anyhow!("this is a transaction").into());
        }
    };
    tx.attempt(|tx| {
        granted.enter(tx, ctx, subject)?;
        call.run(tx, ctx)
    })
}

impl Granted {
    /// Uses up what the call uses up, with its deed or not at all.
    fn enter(&self, tx: &Tx<'_>, ctx: &Context, subject: &Subject) -> Outcome<()> {
        if let Some(approval) = &self.approval {
            approvals::consume(tx, ctx, approval)?;
        }
        profiles::note_files(tx, ctx, &self.held, &subject.files)
    }
}
