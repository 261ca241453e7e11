"""The schema of the state file: numbered migrations, each as it was released, never to be changed afterwards."""

from __future__ import annotations

APPLICATION = 0x6D6B6764
"""SQLite's `application_id` of our files, the letters `mkgd`: what tells them from another program's."""

MIGRATIONS: tuple[str, ...] = (
    f"""
    PRAGMA application_id = {APPLICATION};
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE sources (
        name TEXT PRIMARY KEY, site TEXT NOT NULL, cursor TEXT, crawled_at TEXT, policy TEXT NOT NULL DEFAULT '',
        last_good TEXT, trouble TEXT NOT NULL DEFAULT '', halted TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE TABLE tickets (
        site TEXT NOT NULL, id TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL, client TEXT NOT NULL,
        category TEXT NOT NULL, opened TEXT NOT NULL, resolved TEXT, live INTEGER NOT NULL, wake_at TEXT,
        labels TEXT NOT NULL DEFAULT '[]', due TEXT, due_written INTEGER NOT NULL DEFAULT 0,
        refused TEXT NOT NULL DEFAULT '{{}}', PRIMARY KEY (site, id)
    ) WITHOUT ROWID;
    CREATE INDEX tickets_wake ON tickets (source, wake_at) WHERE wake_at IS NOT NULL;
    CREATE INDEX tickets_key ON tickets (key);
    CREATE INDEX tickets_client ON tickets (client);
    CREATE TABLE unread (
        source TEXT NOT NULL, id TEXT NOT NULL, wake_at TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (source, id)
    ) WITHOUT ROWID;
    CREATE TABLE said (
        site TEXT NOT NULL, ticket TEXT NOT NULL, mark TEXT NOT NULL, comment TEXT NOT NULL, at TEXT NOT NULL,
        promise TEXT NOT NULL, occasion TEXT NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (site, ticket, mark)
    ) WITHOUT ROWID;
    CREATE TABLE journal (
        number INTEGER PRIMARY KEY, site TEXT NOT NULL, ticket TEXT NOT NULL, run TEXT NOT NULL,
        kind TEXT NOT NULL, detail TEXT NOT NULL, outcome TEXT NOT NULL, intended_at TEXT NOT NULL,
        ended_at TEXT, note TEXT NOT NULL
    );
    CREATE INDEX journal_open ON journal (site, ticket) WHERE outcome IN ('intended', 'unknown');
    CREATE INDEX journal_ticket ON journal (site, ticket);
    CREATE TABLE observations (
        site TEXT NOT NULL, ticket TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL, field TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL, PRIMARY KEY (site, ticket, number)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE tickets ADD COLUMN told TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE tickets ADD COLUMN standing TEXT NOT NULL DEFAULT '';
    ALTER TABLE sources ADD COLUMN left_firm TEXT NOT NULL DEFAULT '[]';
    CREATE TABLE notices (
        mark TEXT PRIMARY KEY, site TEXT NOT NULL, ticket TEXT NOT NULL, comment INTEGER NOT NULL,
        detail TEXT NOT NULL, outcome TEXT NOT NULL, intended_at TEXT NOT NULL, ended_at TEXT,
        note TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE INDEX notices_open ON notices (outcome) WHERE outcome IN ('intended', 'unknown');
    CREATE TABLE suggestions (
        content TEXT PRIMARY KEY, category TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE granted (
        site TEXT NOT NULL, ticket TEXT NOT NULL, promise TEXT NOT NULL, occasion TEXT NOT NULL, at TEXT NOT NULL,
        promised TEXT, PRIMARY KEY (site, ticket, promise, occasion)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE tickets ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
    """,
    """
    CREATE TABLE overrides (
        site TEXT NOT NULL, ticket TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL, rule TEXT NOT NULL,
        at TEXT NOT NULL, PRIMARY KEY (site, ticket, what, reason)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE sites (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    INSERT INTO sites (name)
        SELECT site FROM tickets UNION SELECT site FROM said UNION SELECT site FROM journal
        UNION SELECT site FROM observations UNION SELECT site FROM notices UNION SELECT site FROM granted
        UNION SELECT site FROM overrides ORDER BY 1;

    CREATE TABLE smaller (
        number INTEGER PRIMARY KEY, site INTEGER NOT NULL, id TEXT NOT NULL, source TEXT NOT NULL,
        key TEXT NOT NULL, client TEXT NOT NULL, category TEXT NOT NULL, opened TEXT NOT NULL, resolved TEXT,
        live INTEGER NOT NULL, wake_at TEXT, labels TEXT NOT NULL DEFAULT '[]', due TEXT,
        due_written INTEGER NOT NULL DEFAULT 0, refused TEXT NOT NULL DEFAULT '{}',
        told TEXT NOT NULL DEFAULT '{}', standing TEXT NOT NULL DEFAULT '', stale INTEGER NOT NULL DEFAULT 0,
        UNIQUE (site, id)
    );
    INSERT INTO smaller
        SELECT NULL, sites.number, id, source, key, client, category, opened, resolved, live, wake_at, labels, due,
            due_written, refused,
            CASE WHEN live OR NOT json_valid(told) OR coalesce(
                json_extract(told, '$.told.request'), json_extract(told, '$.record.root_cause'),
                json_extract(told, '$.record.prevention'), json_extract(told, '$.record.lesson')
            ) IS NOT NULL THEN told ELSE json_remove(told, '$.record.title', '$.record.url') END,
            standing, stale
        FROM tickets JOIN sites ON sites.name = tickets.site ORDER BY sites.number, id;
    DROP TABLE tickets;
    ALTER TABLE smaller RENAME TO tickets;
    CREATE INDEX tickets_source ON tickets (source, wake_at);
    CREATE INDEX tickets_live ON tickets (source) WHERE live;
    CREATE INDEX tickets_standing ON tickets
        (source, json_extract(standing, '$.severity'), json_extract(standing, '$.dues[0].at'))
        WHERE live AND json_valid(standing);
    CREATE INDEX tickets_key ON tickets (key COLLATE NOCASE);
    CREATE INDEX tickets_client ON tickets (client);

    CREATE TABLE smaller (
        site INTEGER NOT NULL, ticket TEXT NOT NULL, mark TEXT NOT NULL, comment TEXT NOT NULL, at TEXT NOT NULL,
        promise TEXT NOT NULL, occasion TEXT NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (site, ticket, mark)
    ) WITHOUT ROWID;
    INSERT INTO smaller
        SELECT sites.number, ticket, mark, comment, at, promise, occasion, step
        FROM said JOIN sites ON sites.name = said.site ORDER BY sites.number, ticket, mark;
    DROP TABLE said;
    ALTER TABLE smaller RENAME TO said;

    CREATE TABLE smaller (
        number INTEGER PRIMARY KEY, site INTEGER NOT NULL, ticket TEXT NOT NULL, run TEXT NOT NULL,
        kind TEXT NOT NULL, detail TEXT NOT NULL, outcome TEXT NOT NULL, intended_at TEXT NOT NULL,
        ended_at TEXT, note TEXT NOT NULL
    );
    INSERT INTO smaller
        SELECT journal.number, sites.number, ticket, run, kind, detail, outcome, intended_at, ended_at, note
        FROM journal JOIN sites ON sites.name = journal.site ORDER BY journal.number;
    DROP TABLE journal;
    ALTER TABLE smaller RENAME TO journal;
    CREATE INDEX journal_open ON journal (site, ticket) WHERE outcome IN ('intended', 'unknown');
    CREATE INDEX journal_ticket ON journal (site, ticket);
    CREATE INDEX journal_asked ON journal (intended_at) WHERE kind = 'comment';

    CREATE TABLE smaller (
        site INTEGER NOT NULL, ticket TEXT NOT NULL, number INTEGER NOT NULL, at TEXT NOT NULL,
        field TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, PRIMARY KEY (site, ticket, number)
    ) WITHOUT ROWID;
    INSERT INTO smaller
        SELECT sites.number, ticket, observations.number, at, field, before, after
        FROM observations JOIN sites ON sites.name = observations.site
        ORDER BY sites.number, ticket, observations.number;
    DROP TABLE observations;
    ALTER TABLE smaller RENAME TO observations;

    CREATE TABLE smaller (
        mark TEXT PRIMARY KEY, site INTEGER NOT NULL, ticket TEXT NOT NULL, comment INTEGER NOT NULL,
        detail TEXT NOT NULL, outcome TEXT NOT NULL, intended_at TEXT NOT NULL, ended_at TEXT,
        note TEXT NOT NULL DEFAULT ''
    );
    INSERT INTO smaller
        SELECT mark, sites.number, ticket, comment,
            CASE WHEN outcome IN ('settled', 'failed', 'void')
            THEN json_set(detail, '$.subject', '', '$.body', '') ELSE detail END,
            outcome, intended_at, ended_at, note
        FROM notices JOIN sites ON sites.name = notices.site;
    DROP TABLE notices;
    ALTER TABLE smaller RENAME TO notices;
    CREATE INDEX notices_open ON notices (comment) WHERE outcome = 'intended';
    CREATE INDEX notices_ticket ON notices (site, ticket);

    CREATE TABLE smaller (
        site INTEGER NOT NULL, ticket TEXT NOT NULL, promise TEXT NOT NULL, occasion TEXT NOT NULL,
        at TEXT NOT NULL, promised TEXT, PRIMARY KEY (site, ticket, promise, occasion)
    ) WITHOUT ROWID;
    INSERT INTO smaller
        SELECT sites.number, ticket, promise, occasion, at, promised
        FROM granted JOIN sites ON sites.name = granted.site;
    DROP TABLE granted;
    ALTER TABLE smaller RENAME TO granted;

    CREATE TABLE smaller (
        site INTEGER NOT NULL, ticket TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL, rule TEXT NOT NULL,
        at TEXT NOT NULL, PRIMARY KEY (site, ticket, what, reason)
    ) WITHOUT ROWID;
    INSERT INTO smaller
        SELECT sites.number, ticket, what, reason, rule, at
        FROM overrides JOIN sites ON sites.name = overrides.site;
    DROP TABLE overrides;
    ALTER TABLE smaller RENAME TO overrides;
    """,
)
