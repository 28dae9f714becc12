//! A real project by its URL, asked with Supabase's own client; `tests/cloud-suite` names it.

use std::env;

use serde_json::{Value, json};

use super::clients::play;
use super::rest::{Reply, Request};

/// Takes everything of ours out of a project that is for tests.
pub const EMPTY: &str = "
drop schema if exists coord cascade;
do $$ declare f regprocedure; begin
    for f in select oid::regprocedure from pg_proc
              where pronamespace = 'public'::regnamespace and proname like 'coord\\_%' loop
        execute format('drop function %s', f);
    end loop;
    if to_regclass('supabase_migrations.schema_migrations') is not null then
        delete from supabase_migrations.schema_migrations where version ~ '^[0-9]{3}$';
    end if;
end $$;";

/// Where a project is and how it is opened.
pub struct Project {
    url: String,
    publishable: String,
    secret: String,
}

impl Project {
    pub fn at(url: &str, publishable: &str, secret: &str) -> Self {
        Self { url: url.into(), publishable: publishable.into(), secret: secret.into() }
    }

    /// The project that the environment names, and the URL of its database.
    #[expect(clippy::disallowed_methods, reason = "switches of the tests, not settings")]
    pub fn named() -> Option<(Self, String)> {
        let named = |name: &str| env::var(format!("COORD_SUITE_{name}")).ok();
        let project = Self::at(&named("URL")?, &named("KEY")?, &named("SERVICE_KEY")?);
        Some((project, named("DB_URL")?))
    }

    /// One call. Headers of the answer do not pass through the client.
    pub fn answer(&self, request: &Request) -> Reply {
        let key = if request.role == "anon" { &self.publishable } else { &self.secret };
        let mut headers = json!({ "apikey": key });
        for (name, value) in &request.headers {
            headers[name] = json!(value);
        }
        let call = json!({
            "function": request.function, "arguments": request.arguments, "headers": headers,
        });
        let told = play(&self.url, &[call]).swap_remove(0);
        let body: &Value = if told["error"].is_null() { &told["data"] } else { &told["error"] };
        let status = told["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        Reply { status: status.unwrap_or_default(), headers: vec![], body: body.to_string() }
    }
}
