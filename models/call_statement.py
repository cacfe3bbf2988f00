"""The statements of `CallIndex` on its temporary SQLite database, in the order of running."""

_CACHE_KIBIBYTES = 32 * 1024

SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{_CACHE_KIBIBYTES};
CREATE TABLE agent (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    run_key TEXT NOT NULL,
    job_key TEXT NOT NULL,
    agent_type TEXT NOT NULL,
    initiator TEXT NOT NULL,
    UNIQUE (run_key, job_key, project, agent_type, initiator)
);
CREATE TABLE spawned_type (spawn_key TEXT PRIMARY KEY, agent_type TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE spawned_job (
    run_key TEXT NOT NULL,
    job_key TEXT NOT NULL,
    spawn_key TEXT NOT NULL,
    PRIMARY KEY (run_key, job_key)
) WITHOUT ROWID;
CREATE TABLE report (
    event_key TEXT NOT NULL,
    agent_id INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    model TEXT NOT NULL,
    service_tier TEXT NOT NULL,
    is_failed INTEGER NOT NULL,
    provider TEXT NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    PRIMARY KEY (event_key, agent_id)
) WITHOUT ROWID;
CREATE TABLE doubt (
    event_key TEXT PRIMARY KEY,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    understood TEXT NOT NULL
) WITHOUT ROWID;
"""

ADD_AGENT = """
INSERT INTO agent (project, run_key, job_key, agent_type, initiator) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
FIND_AGENT = """
SELECT id FROM agent
WHERE project = ? AND run_key = ? AND job_key = ? AND agent_type = ? AND initiator = ?
"""
# Of several answers the least: any fixed choice keeps the outcome independent of the order.
ADD_SPAWNED_TYPE = """
INSERT INTO spawned_type VALUES (?, ?)
ON CONFLICT (spawn_key) DO UPDATE SET agent_type = min(agent_type, excluded.agent_type)
"""
ADD_SPAWNED_JOB = """
INSERT INTO spawned_job VALUES (?, ?, ?)
ON CONFLICT (run_key, job_key) DO UPDATE SET spawn_key = min(spawn_key, excluded.spawn_key)
"""
ADD_REPORT = """
INSERT INTO report VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (event_key, agent_id) DO UPDATE SET
    (first_at, model, service_tier, is_failed, provider) = (
        SELECT first_at, model, service_tier, is_failed, provider
        UNION ALL
        SELECT excluded.first_at, excluded.model, excluded.service_tier, excluded.is_failed,
            excluded.provider
        ORDER BY 1, 2, 3, 4, 5 LIMIT 1
    ),
    last_at = max(last_at, excluded.last_at),
    input = max(input, excluded.input),
    cache_read = max(cache_read, excluded.cache_read),
    cache_write_5m = max(cache_write_5m, excluded.cache_write_5m),
    cache_write_1h = max(cache_write_1h, excluded.cache_write_1h),
    output = max(output, excluded.output),
    reasoning = max(reasoning, excluded.reasoning)
"""

# A call may be told in several ways, one of them sound: then nothing is in doubt.
ADD_DOUBT = """
INSERT INTO doubt VALUES (?, ?, ?, ?, ?)
ON CONFLICT (event_key) DO UPDATE SET
    (understood, reason, file, line) = (
        SELECT understood, reason, file, line
        UNION ALL
        SELECT excluded.understood, excluded.reason, excluded.file, excluded.line
        ORDER BY 1, 2, 3, 4 LIMIT 1
    )
"""
COUNT_DOUBTS = "SELECT count(*) FROM doubt WHERE event_key NOT IN (SELECT event_key FROM report)"
FIND_DOUBTS = """
SELECT event_key, file, line, reason, understood FROM doubt
WHERE event_key NOT IN (SELECT event_key FROM report) ORDER BY event_key
"""

# A resumed session repeats calls with their times, so that the first report alone does not tell
# whose a call is. It is the session's that began first, and of two that began alike the one's that
# ended first: the other one went on from there.
RANK_AGENTS = """
CREATE TABLE agent_rank AS
WITH run AS (
    SELECT run_key, min(first_at) AS started_at, max(last_at) AS ended_at
    FROM report JOIN agent ON agent.id = report.agent_id GROUP BY run_key
)
SELECT agent.id AS agent_id, row_number() OVER (
    ORDER BY started_at, ended_at, run_key, job_key, project, agent_type, initiator
) AS place
FROM agent JOIN run USING (run_key)
"""
INDEX_RANKS = "CREATE UNIQUE INDEX agent_rank_key ON agent_rank (agent_id, place)"
RESOLVE_CALLS = """
CREATE TABLE call AS
SELECT event_key, agent_id, first_at, last_at, model, service_tier, is_failed, provider,
    most_input, most_cache_read, most_cache_write_5m, most_cache_write_1h, most_output,
    most_reasoning
FROM (
    SELECT report.*,
        row_number() OVER (PARTITION BY event_key ORDER BY first_at, place) AS choice,
        max(input) OVER call_reports AS most_input,
        max(cache_read) OVER call_reports AS most_cache_read,
        max(cache_write_5m) OVER call_reports AS most_cache_write_5m,
        max(cache_write_1h) OVER call_reports AS most_cache_write_1h,
        max(output) OVER call_reports AS most_output,
        max(reasoning) OVER call_reports AS most_reasoning
    FROM report JOIN agent_rank USING (agent_id)
    WINDOW call_reports AS (PARTITION BY event_key)
)
WHERE choice = 1
ORDER BY first_at, event_key
"""
SPAN_JOBS = """
CREATE TABLE job AS
SELECT agent_id, min(first_at) AS started_at, max(last_at) AS finished_at
FROM call GROUP BY agent_id ORDER BY agent_id
"""
INDEX_JOBS = "CREATE UNIQUE INDEX job_key ON job (agent_id)"
SPAN_RUNS = """
CREATE TABLE run AS
SELECT run_key, project, min(started_at) AS started_at, max(finished_at) AS finished_at
FROM job JOIN agent ON agent.id = job.agent_id GROUP BY run_key, project
"""
INDEX_RUNS = "CREATE UNIQUE INDEX run_key ON run (run_key, project)"
RESOLUTION = (
    RANK_AGENTS,
    INDEX_RANKS,
    RESOLVE_CALLS,
    SPAN_JOBS,
    INDEX_JOBS,
    SPAN_RUNS,
    INDEX_RUNS,
)
FIND_JOB = """
SELECT agent.project, agent.run_key, agent.job_key,
    coalesce(spawned_type.agent_type, agent.agent_type), agent.initiator,
    job.started_at, job.finished_at, run.started_at, run.finished_at
FROM agent
JOIN job ON job.agent_id = agent.id
JOIN run ON run.run_key = agent.run_key AND run.project = agent.project
LEFT JOIN spawned_job
    ON spawned_job.run_key = agent.run_key AND spawned_job.job_key = agent.job_key
LEFT JOIN spawned_type ON spawned_type.spawn_key = spawned_job.spawn_key
WHERE agent.id = ?
"""
