//! One connection's place: who sits there, and the contexts of its calls.
//!
//! - The caller is found once, at the hello, and looked at again for each call
//!   that tells more about itself (a thread, a subagent).
//! - A seat's calls have names that no other process ever uses, so that a call
//!   which is sent again after a restart is recognised.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::agents::{self, identity};
use crate::context::{Caller, Context, Settings};
use crate::failure::Outcome;
use crate::os::Process;
use crate::repo::Repo;
use crate::service::Service;
use crate::wire::{Hello, Role};

/// A connection after its hello.
pub struct Seat {
    service: Arc<Service>,
    hello: Hello,
    caller: Caller,
    repo: Arc<Repo>,
    settings: Settings,
    others: Mutex<HashMap<String, Caller>>,
    resent: Mutex<HashSet<String>>,
}

impl Seat {
    /// Finds out who has come, and notes the arrival.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn take(
        service: Arc<Service>,
        hello: Hello,
        repo: Arc<Repo>,
        settings: Settings,
    ) -> Outcome<Self> {
        let identity = identity::identify(&hello);
        let caller = match identity.person() {
            Some(person) => person,
            None => arrive(&service, identity, &repo, hello.role).await?,
        };
        let resent = Mutex::new(hello.pending.iter().cloned().collect());
        Ok(Self { service, hello, caller, repo, settings, others: Mutex::default(), resent })
    }

    /// The service that the seat's calls go to.
    #[must_use]
    pub const fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The repository that it was opened in.
    #[must_use]
    pub const fn repo(&self) -> &Arc<Repo> {
        &self.repo
    }

    /// Who sits there, as far as the hello told.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What kind of process sits there.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.hello.role
    }

    /// The client process that opened the connection, as far as it is known.
    #[must_use]
    pub fn client(&self) -> Option<&Process> {
        self.hello.ancestors.first().map(|(process, _)| process)
    }

    /// Every session that was heard on this connection.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<String> =
            others.values().map(|caller| caller.session_id.clone()).collect();
        if !self.caller.person {
            all.push(self.caller.session_id.clone());
        }
        all
    }

    /// The circumstances of the call numbered `id`, which brought `meta` along.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn context(&self, id: &str, meta: Option<&Value>) -> Outcome<Context> {
        let resent = self.resent.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        Ok(Context {
            caller: self.caller_of(meta).await?,
            repo: Arc::clone(&self.repo),
            now: self.service.clock().now(),
            request_key: Some(format!("{}/{id}", self.hello.instance)),
            resent,
            settings: self.settings,
            ticket: None,
            ruling: None,
        })
    }

    async fn caller_of(&self, meta: Option<&Value>) -> Outcome<Caller> {
        let Some(other) = meta.and_then(|meta| identity::within(&self.hello, &self.caller, meta))
        else {
            return Ok(self.caller.clone());
        };
        let key = other.session_id.clone();
        let known = self.others.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let caller = arrive(&self.service, other, &self.repo, self.hello.role).await?;
        self.others.lock().unwrap_or_else(PoisonError::into_inner).insert(key, caller.clone());
        Ok(caller)
    }
}

async fn arrive(
    service: &Service,
    identity: identity::Identity,
    repo: &Arc<Repo>,
    role: Role,
) -> Outcome<Caller> {
    let (repo, now) = (Arc::clone(repo), service.clock().now());
    service
        .store()
        .write(move |tx| {
            let worktree = repo.root.display().to_string();
            let caller = agents::arrive(tx, &identity, &repo.project, Some(&worktree), now)?;
            // Hooks and commands come and go; only a shim stays as long as its client.
            if role == Role::Mcp {
                agents::connected(tx, &caller.session_id, now)?;
            }
            Ok(caller)
        })
        .await
}
