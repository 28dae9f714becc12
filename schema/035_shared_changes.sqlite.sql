-- Whether a change of a row that several devices write has not been sent yet: asked for every such row that comes,
-- while the log may have a million rows that were not sent. Rows of other tables cost nothing here.
CREATE INDEX change_log_shared ON change_log(tbl, pk) WHERE tbl IN (
    'handoff_documents',
    'episodic_memories',
    'operation_guardrails',
    'agent_profiles',
    'agent_profile_assignments',
    'network_domains',
    'cedar_policies',
    'cedar_entities'
);

-- Whether a change was set aside because it cannot be sent: asked for every change that is read.
CREATE INDEX sync_aside_by_change ON sync_aside(seq) WHERE code = 'untransportable';
