//! The server's side: functions in a real PostgreSQL, called as Supabase's API calls them.
//!
//! `rest` and `gateway` stand in for `PostgREST`, whose own server is not to be had everywhere; `clients` holds them
//! against the official JavaScript client.

mod arbiter;
mod audit;
mod clients;
mod dependencies;
mod differences;
mod enrolment;
mod errors;
pub mod gateway;
mod locks;
mod lookup;
pub mod migrating;
mod people;
mod privileges;
mod pulling;
mod pushing;
mod project;
pub mod rest;
mod self_hosted;
mod work;

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use coord::audit::chain::digest;
use coord::cloud::{connect, migrate};
use postgres::NoTls;
use serde_json::{Value, json};

use crate::schema::pg::Postgres;
use crate::schema::{migrations, postgres_with};
use project::Project;
use rest::{Reply, Request, Rest};

/// The newest migration, which every device in these tests knows.
pub static SCHEMA: LazyLock<i64> = LazyLock::new(|| {
    let files = migrations();
    let newest = files.last().and_then(|(path, _)| path.file_name()?.to_str()?.split('_').next());
    newest.and_then(|number| number.parse().ok()).expect("files are numbered")
});

/// A database with every migration, and what answers for it.
pub struct Cloud {
    place: Place,
    way: Way,
    /// What it is asked through; a server that was killed has cut it.
    asking: Mutex<Option<postgres::Client>>,
}

/// Where the database is.
enum Place {
    Here(Postgres),
    There(String),
}

/// How functions are called.
enum Way {
    Here(Rest),
    There(Project),
}

impl Cloud {
    /// One of its own, or the project that `tests/cloud-suite` names, made empty.
    pub fn start() -> Self {
        if let Some((project, database)) = Project::named() {
            return Self::of_project(project, database);
        }
        Self::on(Postgres::start())
    }

    /// One on this server.
    pub fn on(server: Postgres) -> Self {
        let mut client = postgres_with(&server, "cloud");
        // What Supabase sets for its roles.
        client.batch_execute("alter role anon set statement_timeout = '3s'").expect("ours");
        let rest = rest_of(&server);
        Self { place: Place::Here(server), way: Way::Here(rest), asking: Mutex::default() }
    }

    fn of_project(project: Project, database: String) -> Self {
        let (place, way) = (Place::There(database), Way::There(project));
        let cloud = Self { place, way, asking: Mutex::default() };
        let mut client = cloud.sql();
        client.batch_execute(project::EMPTY).expect("the project is for tests");
        migrate::migrate(&mut client).expect("the migrations can be applied");
        // PostgREST learns of new functions when it is told.
        client.batch_execute("notify pgrst, 'reload schema'").expect("it can be told");
        cloud
    }

    /// Its own server, which a project does not have.
    pub fn server(&self) -> &Postgres {
        match &self.place {
            Place::Here(server) => server,
            Place::There(_) => panic!("this test needs a server of its own"),
        }
    }

    /// Another way to call its functions, for a gateway.
    pub fn rest(&self) -> Rest {
        rest_of(self.server())
    }

    /// Past every function, as who owns the database.
    pub fn sql(&self) -> postgres::Client {
        match &self.place {
            Place::Here(server) => server.connect("cloud"),
            Place::There(url) => connect::connect(url, None).expect("the database answers"),
        }
    }

    /// One value that a query gives, as text.
    pub fn ask(&self, query: &str) -> String {
        let asked = format!("select (select {query})::text");
        let row = self.through(|sql| sql.query_one(&asked, &[]));
        let row = row.unwrap_or_else(|error| panic!("{query}: {error:?}"));
        row.get::<_, Option<String>>(0).unwrap_or_else(|| "null".into())
    }

    /// Does this to it, past every function.
    pub fn run(&self, statements: &str) {
        self.through(|sql| sql.batch_execute(statements)).expect(statements);
    }

    /// Through the one connection that is kept for questions.
    fn through<T>(&self, deed: impl FnOnce(&mut postgres::Client) -> T) -> T {
        let mut kept = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_mut().is_none_or(|sql| sql.simple_query("").is_err()) {
            *kept = Some(self.sql());
        }
        deed(kept.as_mut().expect("it was just made"))
    }

    /// Calls a function with the publishable key.
    pub fn call(&self, function: &str, token: Option<&str>, p: &Value) -> Reply {
        self.call_as("anon", function, token, p)
    }

    pub fn call_as(&self, role: &str, function: &str, token: Option<&str>, p: &Value) -> Reply {
        let headers = token.map(|token| ("x-coord-token".to_owned(), token.to_owned()));
        let request = Request {
            role: role.into(),
            method: "POST".into(),
            function: function.into(),
            headers: headers.into_iter().collect(),
            arguments: json!({ "p": p }),
        };
        match &self.way {
            Way::Here(rest) => rest.answer(&request),
            Way::There(project) => project.answer(&request),
        }
    }

    /// A new device in a workspace.
    pub fn device(&self, workspace: &str) -> Device {
        let code = self.ask(&format!("coord.invite('{workspace}')"));
        let device = Device::new();
        let reply = self.call("coord_enrol", None, &device.enrolment(&code));
        assert_eq!(reply.json()["status"], "ok", "{reply:?}");
        device
    }
}

fn rest_of(server: &Postgres) -> Rest {
    let reach = server.reach("cloud");
    Rest::new(Box::new(move || reach.connect(NoTls)), 8, Duration::from_secs(10))
}

/// What a device remembers of its change log.
#[derive(Clone)]
pub struct Device {
    pub id: String,
    pub token: String,
    pub last: i64,
    pub hash: String,
}

impl Device {
    pub fn new() -> Self {
        let token = digest(uuid::Uuid::new_v4().to_string());
        Self { id: uuid::Uuid::now_v7().to_string(), token, last: 0, hash: "0".repeat(64) }
    }

    pub fn enrolment(&self, code: &str) -> Value {
        json!({
            "code": code, "device_id": self.id, "token_sha256": digest(&self.token), "name": "a laptop",
            "platform": "linux", "proto": 1, "schema": *SCHEMA,
        })
    }

    /// The next batch; each change gets its place.
    pub fn batch(&self, changes: &[Value]) -> Value {
        let changes: Vec<Value> = (self.last + 1..)
            .zip(changes)
            .map(|(place, change)| {
                let mut change = change.clone();
                change["s"] = place.into();
                if change.get("h").is_none() {
                    change["h"] = place.to_string().into();
                }
                change
            })
            .collect();
        let last = self.last + i64::try_from(changes.len()).expect("few");
        let hash = digest(format!("{}{}", self.hash, json!(changes)));
        json!({
            "proto": 1, "schema": *SCHEMA, "first": self.last + 1, "last": last, "prev": self.hash, "hash": hash,
            "changes": changes,
        })
    }

    /// Takes a batch as carried out.
    pub fn acknowledge(&mut self, batch: &Value) {
        self.last = batch["last"].as_i64().expect("a number");
        self.hash = batch["hash"].as_str().expect("text").into();
    }

    /// Sends changes, which must be taken, and gives the answer.
    pub fn push(&mut self, cloud: &Cloud, changes: &[Value]) -> Value {
        let batch = self.batch(changes);
        let answer = self.send(cloud, &batch);
        assert_eq!(answer["status"], "ok", "{answer}");
        self.acknowledge(&batch);
        answer
    }

    pub fn send(&self, cloud: &Cloud, batch: &Value) -> Value {
        self.call(cloud, "coord_push", batch)
    }

    /// Calls a function, which must answer.
    pub fn call(&self, cloud: &Cloud, function: &str, p: &Value) -> Value {
        let reply = cloud.call(function, Some(&self.token), p);
        assert_eq!(reply.status, 200, "{function} {p}: {reply:?}");
        reply.json()
    }

    /// Everything after a cursor, page by page.
    pub fn pull_all(&self, cloud: &Cloud, limit: i64) -> Vec<Value> {
        let mut seen = vec![];
        let mut ask = json!({"proto": 1, "schema": *SCHEMA, "cursor": 0, "limit": limit});
        loop {
            let page = self.call(cloud, "coord_pull", &ask);
            assert_eq!(page["status"], "ok", "{page}");
            seen.extend(page["changes"].as_array().expect("a list").iter().cloned());
            for field in ["cursor", "cursor_dev", "cursor_seq"] {
                ask[field] = page[field].clone();
            }
            if page["more"] == false {
                return seen;
            }
        }
    }
}

/// A change that puts a row; `x` is made from it.
pub fn put(table: &str, key: Value, row: Value) -> Value {
    json!({"t": table, "k": key.to_string(), "o": "i", "x": &digest(row.to_string())[..16], "v": row})
}

/// A row that only its device writes.
pub fn project(name: &str, last_fence: i64) -> Value {
    let row =
        json!({"project": name, "root_hint": null, "last_fence": last_fence, "created_at": 1});
    put("projects", json!([name]), row)
}

/// A row that persons decide on.
pub fn profile(name: &str, trust: i64, base: i64) -> Value {
    let mut change = put(
        "agent_profiles",
        json!([name]),
        json!({
            "name": name, "agent_type": null, "description": "", "trust_level": trust, "allowed_operations": null,
            "blocked_operations": [], "ask_operations": [], "max_files_per_day": null, "max_seconds_per_day": null,
            "max_calls_per_hour": null, "updated_by": "ann", "updated_at": 1,
        }),
    );
    change["b"] = base.into();
    change
}

/// A row of everybody.
pub fn memory(id: &str, summary: &str, hlc: i64) -> Value {
    let mut change = put(
        "episodic_memories",
        json!([id]),
        json!({
            "memory_id": id, "project": "p", "agent_id": "ann", "agent_type": "test", "session_id": "s",
            "event_type": "decision", "summary": summary, "details": {"b": 1, "a": [1.5, null]}, "outcome": null,
            "lessons": [], "tags": ["x"], "keywords": "", "norm_key": digest(summary), "branch": null,
            "commit_id": null, "pinned": false, "created_at": 1, "forgotten_at": null,
        }),
    );
    change["h"] = hlc.to_string().into();
    change
}

/// An id that tells its number.
pub fn id(number: u64) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}
