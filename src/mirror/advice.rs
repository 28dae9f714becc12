//! What a person can do about whatever keeps the mirror from going on, by its code.

/// What to do about a stall.
#[must_use]
pub fn advice(code: &str) -> &'static str {
    match code {
        "offline" => {
            "see whether this machine is online and SUPABASE_URL is right; it is tried again by itself"
        }
        "paused" => "restore the project in Supabase's dashboard; it is tried again by itself",
        "not_supabase" => {
            "a page answered in its place: log in to this network, or see whether SUPABASE_URL is right"
        }
        "busy" => "nothing need be done; it is tried again by itself",
        "wrong_key" => "the project's key is not accepted: `coord sync login` takes a new one",
        "not_enrolled" => {
            "the mirror does not know this device any more: `coord sync login` enrols it anew"
        }
        "shut_out" => "ask whoever runs the workspace; `coord sync login --code` takes a new code",
        "missing_migration" => {
            "the mirror lacks its functions: `coord sync migrate --db-url …` applies them"
        }
        "upgrade_server" => "the mirror is older than this coord: `coord sync migrate --db-url …`",
        "upgrade_client" => "this coord is older than the mirror: update it",
        "store" => "`coord doctor` looks at the database",
        _ => here(code),
    }
}

/// The reasons that lie on this machine.
fn here(code: &str) -> &'static str {
    match code {
        "local" => "mode = \"mirror\" in config.toml, then `coord daemon stop`, lets it go on",
        "no_login" => {
            "`coord sync login` makes this machine a new device; `coord sync logout` ends it"
        }
        "needs_code" => {
            "`coord sync enrol` on a machine with the service key makes a code; here `coord sync login --code CODE`"
        }
        "logged_out" => "`coord sync login` begins it again; the variables alone do not",
        "encryption_key_missing" | "encryption_key_damaged" => {
            "`coord sync key import` brings the key back; `coord sync key off` goes on without encryption"
        }
        "key_missing" => {
            "set SUPABASE_KEY (the publishable key) or SUPABASE_SERVICE_KEY in config.toml, or `coord sync login`"
        }
        "login_damaged" => "`coord sync login` writes it anew",
        "worker_ended" => "it is started again by itself; the daemon's log has the rest",
        "not_running" => "`coord sync now` starts it; the daemon's log says why it did not",
        _ => "the mirror's answer makes no sense; see the daemon's log, and report it",
    }
}
