//! What the daemon and its own processes say to each other on the socket.
//!
//! - The first line is `#hello` and one JSON object: who is at the other end.
//! - After it, a shim's lines are MCP, carried unread; everybody else's are
//!   [`Request`]s, answered by [`Reply`]s in any order.
//! - The version is in the hello, so that an old process meets a clear message.
//!
//! Not here: sockets (`daemon`, `client`), and what a caller is called (`agents`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Answer;
pub use crate::config::TELLING;
use crate::os::Process;

/// Version of this protocol; raised when an older process could not follow.
pub const PROTOCOL: u32 = 1;
/// What a hello line starts with; no JSON does.
pub const HELLO: &str = "#hello ";
/// What a refusal of the hello starts with.
pub const SORRY: &str = "#sorry ";
/// Longest line either side accepts, in bytes.
pub const LINE_MAX: usize = 16 << 20;

/// What kind of process is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `coord mcp`: carries an agent's MCP lines.
    Mcp,
    /// `coord` on the command line.
    Cli,
    /// `coord hook`.
    Hook,
}

/// The first thing a process says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// See [`PROTOCOL`].
    pub protocol: u32,
    /// The binary's version.
    pub version: String,
    /// What follows.
    pub role: Role,
    /// Names this process for ever, also over a reconnect.
    pub instance: String,
    /// The process itself.
    pub pid: u32,
    /// Its ancestors, nearest first, with the names of their executables. The
    /// first is the client that started a shim.
    pub ancestors: Vec<(Process, String)>,
    /// Where it stands.
    pub cwd: PathBuf,
    /// Those of [`TELLING`] that are set.
    pub env: BTreeMap<String, String>,
    /// A person sits there: output is a terminal, and so is input or the stream of errors.
    pub terminal: bool,
    /// Requests that it sent to a daemon which did not answer; they follow again.
    pub pending: Vec<String>,
    /// The binary that it runs, for a daemon that must make way for a newer one.
    pub exe: PathBuf,
}

/// A call of one tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The caller's number for it.
    pub id: u64,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Value,
    /// Where it is about, if not where the hello was said: a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<PathBuf>,
    /// The subagent for which a hook calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagent: Option<Subagent>,
}

/// A subagent, as its client's hooks tell it from its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subagent {
    /// The client's name for it.
    pub id: String,
    /// What sort it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The request's number.
    pub id: u64,
    /// How it ended.
    pub answer: Answer,
}

/// Why a hello was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sorry {
    /// Stable name of the reason.
    pub code: String,
    /// The fact, and what to do.
    pub message: String,
    /// The daemon's version.
    pub version: String,
}
