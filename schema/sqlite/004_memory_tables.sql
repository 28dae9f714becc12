-- Made from schema/004_memory_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What agents learned, so that others need not learn it again.

-- The words of a memory never change. A person may pin it, or have it forgotten, which leaves only the fact that it
-- was.
CREATE TABLE episodic_memories (
    memory_id    TEXT    NOT NULL CHECK (octet_length(memory_id) = 36 AND memory_id GLOB '????????-????-????-????-????????????' AND length(replace(memory_id, '-', '')) = 32 AND memory_id NOT GLOB '*[^0-9a-f-]*'),
    seq          INTEGER NOT NULL CHECK (seq >= 1), -- its place in the full-text index; counted on this device
    project      TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id     TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type   TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    session_id   TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    event_type   TEXT    NOT NULL CHECK (event_type IN ('error', 'success', 'decision', 'discovery', 'optimization')),
    summary      TEXT    NOT NULL CHECK (instr(summary, char(0)) = 0),
    details      TEXT    CHECK (json_valid(details) AND instr(details, char(0)) = 0),
    outcome      TEXT    CHECK (outcome IN ('positive', 'negative', 'neutral')),
    lessons      TEXT    NOT NULL CHECK (json_valid(lessons) AND json_type(lessons) = 'array' AND instr(lessons, char(0)) = 0),
    tags         TEXT    NOT NULL CHECK (json_valid(tags) AND json_type(tags) = 'array' AND instr(tags, char(0)) = 0),
    keywords     TEXT    NOT NULL CHECK (instr(keywords, char(0)) = 0), -- parts of the identifiers in it, by which it is found too
    norm_key     TEXT    NOT NULL CHECK (octet_length(norm_key) = 64 AND length(norm_key) = 64 AND norm_key NOT GLOB '*[^0-9a-f]*'), -- of the summary without case, spaces and punctuation; equal for what says the same
    branch       TEXT    CHECK (instr(branch, char(0)) = 0),
    commit_id    TEXT    CHECK (octet_length(commit_id) BETWEEN 1 AND 512 AND instr(commit_id, char(0)) = 0),
    pinned       INTEGER NOT NULL CHECK (pinned IN (0, 1)), -- it does not age
    created_at   INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    forgotten_at INTEGER CHECK (forgotten_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (memory_id),
    CONSTRAINT a_memory_says_something CHECK (summary <> '' OR forgotten_at IS NOT NULL),
    CONSTRAINT what_is_forgotten_is_gone CHECK (forgotten_at IS NULL OR (summary = '' AND details IS NULL AND keywords = ''))
) STRICT;

-- The full-text index finds its row, and the next memory comes after the last. Not unique: each device counts for
-- itself, and the mirror has the rows of many.
CREATE INDEX episodic_memories_by_seq ON episodic_memories (seq);

-- recall without words, and memories://recent: newest first.
CREATE INDEX episodic_memories_recent ON episodic_memories (project, created_at)
    WHERE forgotten_at IS NULL;

-- recall without words of what is pinned, however old.
CREATE INDEX episodic_memories_pinned ON episodic_memories (project, created_at)
    WHERE pinned AND forgotten_at IS NULL;

-- remember: was the same said within the hour?
CREATE INDEX episodic_memories_same ON episodic_memories (project, agent_id, norm_key, created_at)
    WHERE forgotten_at IS NULL;

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
