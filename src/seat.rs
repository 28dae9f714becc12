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
use crate::hooks;
use crate::os::Process;
use crate::repo::Repo;
use crate::service::Service;
use crate::wire::{Hello, Request, Role, Subagent};

/// A connection after its hello.
pub struct Seat {
    service: Arc<Service>,
    hello: Hello,
    caller: Caller,
    watched: Option<Process>,
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
        let watched = identity.client.clone().filter(|_| hello.role == Role::Hook);
        let known =
            service.store().read(|tx| agents::standing(tx, &identity, watched.is_some()))?;
        let caller = match (identity.person(), known) {
            (Some(person), _) => person,
            // Hooks and commands come often, and mostly from somebody who is here already.
            (None, Some(caller)) if hello.role != Role::Mcp => caller,
            (None, _) => arrive(&service, identity, &repo, hello.role).await?,
        };
        let watched = watched.filter(|_| !caller.person);
        let resent = Mutex::new(hello.pending.iter().cloned().collect());
        Ok(Self {
            service,
            hello,
            caller,
            watched,
            repo,
            settings,
            others: Mutex::default(),
            resent,
        })
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

    /// What it said when it came.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
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

    /// The client's process, where it is that process which tells of the session's end.
    #[must_use]
    pub const fn watched(&self) -> Option<&Process> {
        self.watched.as_ref()
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

    /// The circumstances of a request of our own processes, at `place` if it is about
    /// another one than where the hello was said.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn context_of(
        &self,
        request: &Request,
        place: Option<(Arc<Repo>, Settings)>,
    ) -> Outcome<Context> {
        let mut ctx = self.context(&request.id.to_string(), None).await?;
        if let Some((repo, settings)) = place {
            (ctx.repo, ctx.settings) = (repo, settings);
        }
        if let Some(Subagent { id, kind }) = &request.subagent
            && !self.caller.person
        {
            let whole = identity::identify(&self.hello);
            ctx.caller = self.other(identity::subagent(&whole, id, kind.as_deref())).await?;
        }
        Ok(ctx)
    }

    async fn caller_of(&self, meta: Option<&Value>) -> Outcome<Caller> {
        let Some(meta) = meta else { return Ok(self.caller.clone()) };
        if let Some(id) = identity::tool_use(meta) {
            let now = self.service.clock().now();
            let told = self.service.store().read(|tx| hooks::caller_of(tx, id, now))?;
            if let Some(caller) = told.filter(|one| self.is_mine(&one.session_id)) {
                return Ok(caller);
            }
        }
        match identity::within(&self.hello, &self.caller, meta) {
            Some(other) => self.other(other).await,
            None => Ok(self.caller.clone()),
        }
    }

    /// Whether a session is that of a subagent of whoever sits here.
    fn is_mine(&self, session: &str) -> bool {
        session.strip_prefix(&self.caller.session_id).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Somebody else who speaks through this connection.
    async fn other(&self, other: identity::Identity) -> Outcome<Caller> {
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
            // Commands come and go; a shim stays as long as its client, and the client of a
            // hook is watched.
            let stays = role == Role::Mcp || (role == Role::Hook && identity.client.is_some());
            if stays {
                agents::connected(tx, &caller.session_id, now)?;
            }
            Ok(caller)
        })
        .await
}
