//! The list of tools: the whole protocol on one screen.

use std::sync::LazyLock;

use super::arguments::{self, ArgumentRefusal};
use super::catalogue::Entry;
use crate::agents;
use crate::approvals;
use crate::audit;
use crate::breaches;
use crate::failure::Outcome;
use crate::guard;
use crate::handoffs;
use crate::hooks;
use crate::life;
use crate::locks;
use crate::memory;
use crate::mirror;
use crate::network;
use crate::policy;
use crate::profiles;
use crate::work;

/// Every tool, in the order in which clients see them.
pub static TOOLS: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    vec![
        Entry::of::<locks::AcquireLock>(),
        Entry::of::<locks::ReleaseLock>(),
        Entry::of::<locks::CheckLocks>(),
        Entry::of::<work::SubmitWork>(),
        Entry::of::<work::GetWork>(),
        Entry::of::<work::CompleteWork>(),
        Entry::of::<handoffs::WriteHandoff>(),
        Entry::of::<handoffs::ReadHandoff>(),
        Entry::of::<agents::RegisterSession>(),
        Entry::of::<agents::DiscoverAgents>(),
        Entry::of::<agents::Heartbeat>(),
        Entry::of::<memory::Remember>(),
        Entry::of::<memory::Recall>(),
        Entry::of::<guard::CheckGuardrails>(),
        Entry::of::<profiles::GetMyProfile>(),
        Entry::of::<audit::QueryAudit>(),
        Entry::of::<policy::CheckPolicy>(),
        Entry::of::<policy::ValidateCedarPolicy>(),
        Entry::of::<work::PendingWork>(),
        Entry::of::<work::ListWork>(),
        Entry::of::<work::ShowWork>(),
        Entry::of::<work::WorkGraph>(),
        Entry::of::<work::CancelWork>(),
        Entry::of::<work::RetryWork>(),
        Entry::of::<locks::ForceReleaseLock>(),
        Entry::of::<handoffs::ListHandoffs>(),
        Entry::of::<handoffs::ShowHandoff>(),
        Entry::of::<memory::ListMemories>(),
        Entry::of::<memory::ShowMemory>(),
        Entry::of::<memory::PinMemory>(),
        Entry::of::<memory::ForgetMemory>(),
        Entry::of::<memory::ExportMemories>(),
        Entry::of::<memory::ImportMemories>(),
        Entry::of::<breaches::ListBreaches>(),
        Entry::of::<audit::AuditRows>(),
        Entry::of::<audit::SealAudit>(),
        Entry::of::<guard::ListGuardrails>(),
        Entry::of::<guard::AddGuardrail>(),
        Entry::of::<guard::DisableGuardrail>(),
        Entry::of::<guard::EnableGuardrail>(),
        Entry::of::<guard::SetGuardrail>(),
        Entry::of::<profiles::ListProfiles>(),
        Entry::of::<profiles::ShowProfile>(),
        Entry::of::<profiles::AssignProfile>(),
        Entry::of::<profiles::SetProfile>(),
        Entry::of::<policy::ListPolicies>(),
        Entry::of::<policy::ExplainPolicy>(),
        Entry::of::<policy::AddPolicy>(),
        Entry::of::<policy::DisablePolicy>(),
        Entry::of::<policy::ListGroups>(),
        Entry::of::<policy::ChangeGroup>(),
        Entry::of::<network::ListDomains>(),
        Entry::of::<network::CheckDomain>(),
        Entry::of::<network::DomainLog>(),
        Entry::of::<network::AllowDomain>(),
        Entry::of::<network::BlockDomain>(),
        Entry::of::<network::ImportDomains>(),
        Entry::of::<approvals::ListApprovals>(),
        Entry::of::<approvals::Approve>(),
        Entry::of::<approvals::Deny>(),
        Entry::of::<hooks::EditFile>(),
        Entry::of::<hooks::RunCommand>(),
        Entry::of::<hooks::StartSession>(),
        Entry::of::<hooks::SessionNews>(),
        Entry::of::<hooks::CheckpointSession>(),
        Entry::of::<life::EndSession>(),
        Entry::of::<hooks::CheckCommit>(),
        Entry::of::<mirror::standing::SyncStatus>(),
        Entry::of::<mirror::tools::SyncNow>(),
        Entry::of::<mirror::tools::SyncSwitch>(),
        Entry::of::<mirror::tools::ListConflicts>(),
        Entry::of::<mirror::tools::ResolveConflict>(),
    ]
});

/// The tool of that name.
///
/// # Errors
/// `unknown_tool`, with the nearest name.
pub fn find(name: &str) -> Outcome<&'static Entry> {
    TOOLS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = TOOLS.iter().map(|entry| entry.name).collect();
        let nearest = arguments::nearest(name, &known);
        ArgumentRefusal::UnknownTool { name: name.chars().take(80).collect(), nearest }.into()
    })
}
