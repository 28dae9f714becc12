//! Everything that can end a command other than well, and how it is told.
//!
//! - A person reads `error:` and `hint:` lines on standard error; a program
//!   that asked for `--json` also gets one object on standard output.
//! - A reader that has gone away (`coord … | head`) is no error.

use std::io;

use serde_json::{Value, json};

use super::exit::Exit;
use super::render::clean;
use super::render::style::{BAD, NOTE, paint};
use crate::answer::{Answer, Incident, Refused};
use crate::failure::{Failure, Refusal};

/// A command that did not end well.
#[derive(Debug)]
pub enum Trouble {
    /// The answer is no.
    Refused(Box<Refused>),
    /// The daemon's trouble.
    Incident(Incident),
    /// The daemon could not be asked.
    NoDaemon(Box<Refused>),
    /// The command line asks for something that cannot be.
    #[expect(missing_docs, reason = "as in every refusal")]
    Usage { message: String, hint: String },
    /// Our own trouble.
    Internal(anyhow::Error),
    /// A check found something; the report was printed already.
    Found,
    /// Whoever read our output has gone away.
    PipeClosed,
}

impl Trouble {
    /// How the program ends.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) | Self::Found => Exit::Refused,
            Self::Usage { .. } => Exit::Usage,
            Self::NoDaemon(_) => Exit::NoDaemon,
            Self::Incident(_) | Self::Internal(_) => Exit::Internal,
            Self::PipeClosed => Exit::Done,
        }
    }

    /// The lines for standard error; empty when everything was said already.
    #[must_use]
    pub fn text(&self) -> String {
        let (message, hint) = match self {
            Self::Refused(refused) | Self::NoDaemon(refused) => {
                (refused.message.clone(), refused.hint.clone())
            }
            Self::Usage { message, hint } => (message.clone(), Some(hint.clone())),
            Self::Incident(incident) => (incident.message(), None),
            Self::Internal(error) => (format!("{error:#}"), None),
            Self::Found | Self::PipeClosed => return String::new(),
        };
        let mut text = format!("{} {}\n", paint(BAD, "error:"), clean(&message));
        if let Some(hint) = hint {
            text += &format!("{} {}\n", paint(NOTE, "hint:"), clean(&hint));
        }
        text
    }

    /// The object for a program; `None` when everything was said already.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        Some(match self {
            Self::Refused(refused) | Self::NoDaemon(refused) => {
                Answer::Refused(Refused::clone(refused)).flat()
            }
            Self::Incident(incident) => Answer::Fault(incident.clone()).flat(),
            Self::Usage { message, hint } => {
                json!({ "success": false, "code": "usage", "message": message, "hint": hint })
            }
            Self::Internal(error) => {
                json!({ "success": false, "code": "internal", "message": format!("{error:#}") })
            }
            Self::Found | Self::PipeClosed => return None,
        })
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(Box::new(Refused::from(&*refusal))),
            Failure::Fault(error) => Self::Internal(error),
        }
    }
}

impl<R: Refusal> From<R> for Trouble {
    fn from(refusal: R) -> Self {
        let refused = Box::new(Refused::from(&refusal as &dyn Refusal));
        if refused.code == "daemon_unreachable" {
            return Self::NoDaemon(refused);
        }
        Self::Refused(refused)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::PipeClosed;
        }
        Self::Internal(error.into())
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.into())
    }
}
