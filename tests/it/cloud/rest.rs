//! What `PostgREST` does with a call of a function: one transaction, a role, headers, an answer.
//!
//! - One transaction for each request, READ ONLY when the function is not VOLATILE or the method is GET.
//! - The role and `request.*` are set for that transaction alone; the role's own settings and the function's
//!   `statement_timeout` are hoisted, because inside a running statement they come too late.
//! - Arguments are named and come from the body; which function is meant follows from their names.
//! - Errors become statuses by their SQLSTATE; `PTxyz` and `PGRST` say their status themselves.
//!
//! Not here: HTTP and keys (`gateway`). After `PostgREST` 12 to 14 as their documentation describes them.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use postgres::Client;
use postgres::error::DbError;
use serde_json::{Value, json};

use super::errors;

/// What came in, after its key was read.
pub struct Request {
    pub role: String,
    pub method: String,
    pub function: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Of the body, or for GET of the query.
    pub arguments: Value,
}

/// What goes out.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A function of the exposed schema.
struct Function {
    arguments: Vec<(String, String)>,
    reads_only: bool,
    returns_nothing: bool,
    settings: Vec<(String, String)>,
}

type Connect = Box<dyn Fn() -> Result<Client, postgres::Error> + Send + Sync>;

/// A pool of connections and what is asked through them.
pub struct Rest {
    connect: Connect,
    idle: Mutex<Pool>,
    freed: Condvar,
    patience: Duration,
}

struct Pool {
    clients: Vec<Client>,
    unused: usize,
}

const FUNCTIONS: &str = "
select coalesce(p.proargnames, '{}')::text[], p.provolatile <> 'v', p.prorettype = 'void'::regtype,
       coalesce(p.proconfig, '{}')::text[],
       array(select format_type(t, null) from unnest(p.proargtypes) with ordinality a(t, n) order by n)
  from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.proname = $1";

/// Those that a function may set for the whole transaction.
const HOISTED: [&str; 2] = ["statement_timeout", "default_transaction_isolation"];

impl Rest {
    /// At most `connections` at once; whoever waits longer than `patience` for one is turned away.
    pub fn new(connect: Connect, connections: usize, patience: Duration) -> Self {
        let pool = Pool { clients: vec![], unused: connections };
        Self { connect, idle: Mutex::new(pool), freed: Condvar::new(), patience }
    }

    /// Carries out one request.
    pub fn answer(&self, request: &Request) -> Reply {
        let Some(client) = self.take() else {
            let why = "Timed out acquiring connection from connection pool.";
            return Reply::error(504, "PGRST003", why);
        };
        let client = client.or_else(|| (self.connect)().ok());
        let Some(mut client) = client else {
            self.give(None);
            return Reply::error(
                503,
                "PGRST001",
                "Database connection error. Retrying the connection.",
            );
        };
        let reply = run(&mut client, request);
        self.give((!client.is_closed()).then_some(client));
        reply
    }

    /// A connection, or the right to make one; None if there is neither in time.
    fn take(&self) -> Option<Option<Client>> {
        let pool = self.idle.lock().expect("nobody panicked");
        let none_left = |pool: &mut Pool| pool.clients.is_empty() && pool.unused == 0;
        let (mut pool, waited) =
            self.freed.wait_timeout_while(pool, self.patience, none_left).expect("nobody panicked");
        if waited.timed_out() {
            return None;
        }
        let client = pool.clients.pop();
        if client.is_none() {
            pool.unused -= 1;
        }
        Some(client)
    }

    fn give(&self, client: Option<Client>) {
        let mut pool = self.idle.lock().expect("nobody panicked");
        match client {
            Some(client) => pool.clients.push(client),
            None => pool.unused += 1,
        }
        self.freed.notify_one();
    }
}

impl Reply {
    /// An answer of `PostgREST` itself.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"code": code, "details": null, "hint": null, "message": message});
        Self { status, headers: vec![], body: body.to_string() }
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

fn run(client: &mut Client, request: &Request) -> Reply {
    match attempt(client, request) {
        Ok(reply) => reply,
        Err(error) => {
            // After a lost connection there is nothing to roll back.
            let _gone = client.batch_execute("ROLLBACK");
            error.as_db_error().map_or_else(
                || Reply::error(503, "PGRST001", "Database client error. Retrying the connection."),
                |told| refused(told, &request.role),
            )
        }
    }
}

fn attempt(client: &mut Client, request: &Request) -> Result<Reply, postgres::Error> {
    let Some(function) = find(client, request)? else { return Ok(unknown(request)) };
    let access =
        if function.reads_only || request.method == "GET" { "READ ONLY" } else { "READ WRITE" };
    client.batch_execute(&format!("BEGIN ISOLATION LEVEL READ COMMITTED {access}"))?;
    enter(client, request, &function)?;
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (mut named, mut typed) = (vec![], vec![]);
    for (name, kind) in &function.arguments {
        named.push(format!("{0} := body.{0}", quoted(name)));
        typed.push(format!("{} {kind}", quoted(name)));
    }
    let name = quoted(&request.function);
    let source = if typed.is_empty() {
        "(select $1::text) body".to_owned()
    } else {
        format!("json_to_record($1::text::json) as body({})", typed.join(", "))
    };
    let call = format!("select to_json(public.{name}({}))::text from {source}", named.join(", "));
    let row = client.query_one(&call, &[&request.arguments.to_string()])?;
    client.batch_execute("COMMIT")?;
    if function.returns_nothing {
        return Ok(Reply { status: 204, headers: vec![], body: String::new() });
    }
    let body: Option<String> = row.get(0);
    Ok(Reply { status: 200, headers: vec![], body: body.unwrap_or_else(|| "null".into()) })
}

/// The function whose arguments are those of the request.
fn find(client: &mut Client, request: &Request) -> Result<Option<Function>, postgres::Error> {
    let sent: Vec<&String> =
        request.arguments.as_object().map(|o| o.keys().collect()).unwrap_or_default();
    for row in client.query(FUNCTIONS, &[&request.function])? {
        let (names, types): (Vec<String>, Vec<String>) = (row.get(0), row.get(4));
        if names.len() != sent.len() || !sent.iter().all(|name| names.contains(name)) {
            continue;
        }
        let settings: Vec<String> = row.get(3);
        let settings = settings.iter().filter_map(|setting| setting.split_once('='));
        return Ok(Some(Function {
            arguments: names.into_iter().zip(types).collect(),
            reads_only: row.get(1),
            returns_nothing: row.get(2),
            settings: settings.map(|(name, value)| (name.into(), value.into())).collect(),
        }));
    }
    Ok(None)
}

fn unknown(request: &Request) -> Reply {
    let names: Vec<&String> =
        request.arguments.as_object().map(|o| o.keys().collect()).unwrap_or_default();
    let asked = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let why = format!(
        "Could not find the function public.{}({asked}) in the schema cache",
        request.function
    );
    Reply::error(404, "PGRST202", &why)
}

/// Sets what holds for this transaction.
fn enter(
    client: &mut Client,
    request: &Request,
    function: &Function,
) -> Result<(), postgres::Error> {
    let own = client.query(
        "select unnest(coalesce(rolconfig, '{}'))::text from pg_roles where rolname = $1",
        &[&request.role],
    )?;
    let own: Vec<String> = own.iter().map(|row| row.get(0)).collect();
    let own = own.iter().filter_map(|setting| setting.split_once('='));
    let hoisted = function.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let hoisted = hoisted.filter(|(name, _)| HOISTED.contains(name));
    let headers: serde_json::Map<_, _> =
        request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let settings = [
        ("search_path", "public".to_owned()),
        ("role", request.role.clone()),
        ("request.jwt.claims", json!({"role": request.role}).to_string()),
        ("request.method", request.method.clone()),
        ("request.path", format!("/rpc/{}", request.function)),
        ("request.headers", Value::Object(headers).to_string()),
        ("request.cookies", "{}".to_owned()),
    ];
    let settings = own.chain(hoisted).chain(settings.iter().map(|(n, v)| (*n, v.as_str())));
    let (names, values): (Vec<&str>, Vec<&str>) = settings.unzip();
    let set = "select set_config(s.name, s.value, true) from unnest($1::text[], $2::text[]) s(name, value)";
    client.query(set, &[&names, &values])?;
    Ok(())
}

/// An error of the database as `PostgREST` tells it.
fn refused(error: &DbError, role: &str) -> Reply {
    let code = error.code().code();
    if code == "PGRST" {
        return spoken(error).unwrap_or_else(|| {
            Reply::error(
                500,
                "PGRST121",
                "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
            )
        });
    }
    let body = json!({
        "code": code, "details": error.detail(), "hint": error.hint(), "message": error.message(),
    });
    Reply { status: errors::status(code, role), headers: vec![], body: body.to_string() }
}

/// `RAISE SQLSTATE 'PGRST'`: the message is the body, the detail has status and headers.
fn spoken(error: &DbError) -> Option<Reply> {
    let body: Value = serde_json::from_str(error.message()).ok()?;
    let detail: Value = serde_json::from_str(error.detail()?).ok()?;
    let headers = detail["headers"].as_object()?.iter();
    Some(Reply {
        status: u16::try_from(detail["status"].as_u64()?).ok()?,
        headers: headers.map(|(n, v)| (n.clone(), v.as_str().unwrap_or_default().into())).collect(),
        body: json!({
            "code": body.get("code")?, "message": body.get("message")?,
            "details": body.get("details"), "hint": body.get("hint"),
        })
        .to_string(),
    })
}
