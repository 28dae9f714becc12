-- Words to memories. The index keeps no text of its own: it is made from this view, and made anew from it by
-- INSERT INTO memory_index (memory_index) VALUES ('rebuild').

-- Facets are one word each, so that a search stays in its project, and with a kind or an agent, without reading rows.
CREATE VIEW memory_texts AS
SELECT seq,
       'p' || hex(project) || ' e' || event_type || ' a' || hex(agent_id) AS facets,
       summary,
       lessons,
       tags,
       coalesce(details, '') AS details,
       keywords
  FROM episodic_memories
 WHERE forgotten_at IS NULL;

CREATE VIRTUAL TABLE memory_index USING fts5 (
    facets, summary, lessons, tags, details, keywords,
    content = 'memory_texts', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);

-- The words there are, for those who misspell them.
CREATE VIRTUAL TABLE memory_words USING fts5vocab (memory_index, row);

CREATE TRIGGER episodic_memories_are_indexed AFTER INSERT ON episodic_memories
BEGIN
    INSERT INTO memory_index (rowid, facets, summary, lessons, tags, details, keywords)
    SELECT seq, facets, summary, lessons, tags, details, keywords FROM memory_texts WHERE seq = new.seq;
END;

CREATE TRIGGER episodic_memories_leave_the_index BEFORE DELETE ON episodic_memories
BEGIN
    INSERT INTO memory_index (memory_index, rowid, facets, summary, lessons, tags, details, keywords)
    SELECT 'delete', seq, facets, summary, lessons, tags, details, keywords FROM memory_texts WHERE seq = old.seq;
END;

CREATE TRIGGER episodic_memories_leave_the_index_when_forgotten
BEFORE UPDATE OF forgotten_at ON episodic_memories WHEN old.forgotten_at IS NULL
BEGIN
    INSERT INTO memory_index (memory_index, rowid, facets, summary, lessons, tags, details, keywords)
    SELECT 'delete', seq, facets, summary, lessons, tags, details, keywords FROM memory_texts WHERE seq = old.seq;
END;

CREATE TRIGGER episodic_memories_keep_their_words
BEFORE UPDATE OF seq, project, agent_id, event_type, summary, lessons, tags, details, keywords ON episodic_memories
WHEN new.forgotten_at IS NULL OR old.forgotten_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'memories are immutable: one is pinned or forgotten, never rewritten');
END;
