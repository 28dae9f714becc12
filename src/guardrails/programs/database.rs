//! Databases: the SQL that clients send, and the commands of those without SQL.
//!
//! Not here: SQL itself (`sql`), framework tasks (`programs::tables`).

use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Data, Env, Machine};
use crate::guardrails::programs::hit;
use crate::guardrails::scripting::{self, Language};

/// A client: options with SQL, options with a file, the first operand that is SQL.
struct Client {
    names: &'static str,
    sql: &'static str,
    file: &'static str,
    valued: &'static str,
    operand: usize,
    single: bool,
}

const NO_OPERAND: usize = usize::MAX;

const fn client(names: &'static str, sql: &'static str, valued: &'static str) -> Client {
    Client { names, sql, file: "-f --file", valued, operand: NO_OPERAND, single: false }
}

static CLIENTS: [Client; 16] = [
    client(
        "psql pgcli usql vsql gsql",
        "-c --command",
        "-d -h -p -U -v -o -L -F -R -P -T --dbname --host --port --username --set --variable --output",
    ),
    client(
        "mysql mariadb mycli tidb",
        "-e --execute",
        "-h -P -u -D -S --host --port --user --database --socket --defaults-file --protocol",
    ),
    Client {
        names: "sqlite3 sqlite litecli sqlcipher libsql",
        sql: "-cmd",
        file: "-init",
        valued: "-separator -newline -nullvalue",
        operand: 1,
        single: true,
    },
    Client {
        names: "duckdb",
        sql: "-c -s -cmd",
        file: "-f -init",
        valued: "-separator -newline",
        operand: 1,
        single: true,
    },
    client(
        "clickhouse-client clickhouse chdb",
        "-q --query",
        "-h --host --port -u --user --password -d --database --queries-file",
    ),
    client("cqlsh", "-e --execute", "-u -p -k --keyspace"),
    client("sqlcmd mssql-cli osql isql go-sqlcmd", "-Q -q", "-S -U -P -d -i -o -E"),
    client("snowsql snow", "-q --query", "-a -u -d -s -w -r -c --connection"),
    Client {
        names: "bq",
        sql: "--none",
        file: "--none",
        valued: "--project_id --location --format",
        operand: 1,
        single: false,
    },
    client(
        "trino presto impala-shell beeline hive spark-sql athenacli",
        "--execute -e -q",
        "--server --catalog --schema --user -u -n -p -i -d",
    ),
    client("cockroach", "-e --execute", "--url --host -p --database -d --certs-dir"),
    Client {
        names: "influx influx3",
        sql: "-execute",
        file: "-f",
        valued: "-database -host -port",
        operand: NO_OPERAND,
        single: true,
    },
    Client {
        names: "cypher-shell arangosh surreal",
        sql: "--command",
        file: "-f --file",
        valued: "-u -p -a -d --username --password --address --database --endpoint",
        operand: 0,
        single: false,
    },
    Client {
        names: "turso wrangler d1 planetscale pscale neonctl sql dbshell steampipe",
        sql: "--command --sql --query",
        file: "--file",
        valued: "--env -c --config",
        operand: 2,
        single: false,
    },
    client("aws gcloud az", "--sql --query-string --execute-sql --statement", "--none"),
    client(
        "sqlplus sql psql-none wp drush heroku fly supabase",
        "-c --command --sql",
        "-a --app -u",
    ),
];

/// The names of a row of clients; none behind the last.
pub const fn client_names(row: usize) -> &'static str {
    if row < CLIENTS.len() { CLIENTS[row].names } else { "" }
}

/// Judges a database client.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    match call.name {
        "redis-cli" | "valkey-cli" | "keydb-cli" | "iredis" => return redis(machine, call),
        "mongosh" | "mongo" => return mongo(machine, call, env),
        "nc" | "ncat" | "netcat" | "telnet" | "socat" => return wire(machine, call),
        _ => {}
    }
    let shells = |arg: &crate::guardrails::machine::Arg| {
        matches!(
            arg.text.as_str(),
            "dbshell" | "dbconsole" | "db:console" | "pg:psql" | "db" | "dbsh"
        )
    };
    if let Some(text) = call.stdin.known().filter(|_| call.args.iter().take(3).any(shells)) {
        sql(machine, text);
    }
    let Some(client) = call.known.client().map(|row| &CLIENTS[row]) else { return };
    let valued = format!("{} {} {}", client.sql, client.file, client.valued);
    let opts = if client.single {
        Opts::single_dash(call.args, &valued)
    } else {
        Opts::parse(call.args, &valued)
    };
    if call.name == "bq" && (opts.operand(0) != "query" || opts.has("--dry_run")) {
        return;
    }
    let mut texts: Vec<String> = opts.values(client.sql).into_iter().map(str::to_owned).collect();
    for file in opts.values(client.file) {
        texts.extend(env.read(file).and_then(Data::known).map(str::to_owned));
    }
    if client.operand != NO_OPERAND {
        let operands = opts.operands.iter().skip(client.operand);
        texts.extend(operands.map(|arg| arg.text.clone()));
    }
    if matches!(call.name, "wp" | "drush") {
        texts.extend(opts.operands.iter().skip(1).map(|arg| arg.text.clone()));
    }
    texts.extend(call.stdin.known().map(str::to_owned));
    for text in texts {
        sql(machine, &text);
    }
}

/// Judges a SQL text that would run.
pub fn sql(machine: &mut Machine<'_>, text: &str) {
    machine.spend(2 + text.len() / 64);
    for rule in crate::guardrails::sql::judge(text) {
        machine.report.hit(rule, text.trim(), machine.span());
    }
}

fn redis(machine: &mut Machine<'_>, call: &Call<'_>) {
    let opts = Opts::parse(call.args, "-h -p -s -a -u -n --user --pass -r -i --eval -x-none");
    let words: Vec<String> =
        opts.operands.iter().map(|arg| arg.text.to_ascii_uppercase()).collect();
    let line = words.join(" ");
    if flushes(&line) {
        hit(machine, "database_flush", call);
    } else if line.starts_with("SHUTDOWN NOSAVE")
        || words.first().is_some_and(|word| matches!(word.as_str(), "DEL" | "UNLINK"))
            && opts.operands.iter().any(|arg| arg.dynamic())
    {
        hit(machine, "keys_delete", call);
    }
    if let Some(text) = call.stdin.known().filter(|_| words.is_empty()) {
        wire_text(machine, text);
    }
}

fn flushes(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or("");
    matches!(first, "FLUSHALL" | "FLUSHDB" | "FLUSH_ALL")
        || (first == "EVAL" || first == "--CLUSTER" || first == "CALL")
            && (line.contains("FLUSHALL") || line.contains("FLUSHDB"))
        || line.starts_with("DEBUG FLUSHALL")
        || line.contains(" FLUSHALL") && first.contains(':')
}

/// Commands sent over a bare connection.
fn wire(machine: &mut Machine<'_>, call: &Call<'_>) {
    if let Some(text) = call.stdin.known() {
        wire_text(machine, text);
    }
}

fn wire_text(machine: &mut Machine<'_>, text: &str) {
    for line in text.lines().take(256) {
        if flushes(&line.trim().to_ascii_uppercase()) {
            machine.report.hit("database_flush", line.trim(), machine.span());
        }
    }
}

fn mongo(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(
        call.args,
        "--eval --host --port -u --username -p --password -f --file --authenticationDatabase",
    );
    let mut texts: Vec<String> = opts.values("--eval").into_iter().map(str::to_owned).collect();
    for file in opts
        .values("-f --file")
        .into_iter()
        .chain(opts.operands.iter().map(|arg| arg.text.as_str()))
    {
        texts.extend(env.read(file).and_then(Data::known).map(str::to_owned));
    }
    texts.extend(call.stdin.known().map(str::to_owned));
    for text in texts {
        if text.contains("dropDatabase:") || text.contains("dropDatabase\":") {
            hit(machine, "drop_database", call);
        }
        scripting::play(machine, Language::Node, &text, env);
    }
}

/// A method call in a one-liner.
#[derive(Clone, Debug)]
pub struct Method<'m> {
    /// Names shortly before it.
    pub before: Vec<&'m str>,
    /// Its name.
    pub name: &'m str,
    /// Its arguments: signs as they are, `n` for a name, `t` for a text.
    pub inside: String,
}

/// Judges a method that destroys data by its name.
pub fn method(machine: &mut Machine<'_>, call: &Method<'_>) {
    let empty = call.inside.is_empty();
    let all = matches!(call.inside.as_str(), "" | "{}" | "{},{}" | "()");
    let before = |name: &str| call.before.contains(&name);
    let rule = match call.name {
        "dropDatabase" | "drop_database" | "drop_all" | "dropSchema" | "drop_tables"
        | "drop_all_tables" | "dropAllTables" | "wipe_database" => "drop_database",
        "dropTable" | "drop_table" | "dropCollection" | "drop_collection" | "dropTableIfExists" => {
            "drop_table"
        }
        "drop"
            if all
                && (before("db")
                    || before("collection")
                    || before("__table__")
                    || before("getSiblingDB")) =>
        {
            "drop_table"
        }
        "flushall" | "flushdb" | "flushAll" | "flushDb" | "flush_all" => "database_flush",
        "deleteMany" | "delete_many" if all => "delete_no_where",
        "remove" if call.inside == "{}" && !call.before.is_empty() => "delete_no_where",
        "delete" if empty && before("all") && before("objects") => "delete_no_where",
        "delete_all" | "destroy_all" if empty && !before("where") && !call.before.is_empty() => {
            "delete_no_where"
        }
        "truncate" | "truncate_all" if empty && !call.before.is_empty() => "truncate_table",
        "delete_bucket"
        | "terminate_instances"
        | "delete_db_instance"
        | "delete_stack"
        | "delete_table"
        | "delete_cluster"
        | "delete_function" => "cloud_delete",
        _ => return,
    };
    let text = format!("{}.{}({})", call.before.last().unwrap_or(&""), call.name, call.inside);
    machine.report.hit(rule, &text, machine.span());
}
