//! A real PostgreSQL for the tests: a cluster of its own in a private folder, reached by a socket
//! there.
//!
//! - No port is opened, so tests that run side by side cannot meet.
//! - It ends with the test however that ends: a keeper process waits for the test's end of a pipe
//!   to close, stops the server and removes the folder.
//! - It runs as `nobody` when the tests run as root, which Postgres refuses.
//!
//! Not here: what is in the database.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use postgres::{Client, Config, NoTls};

/// A running server; stopped and removed when dropped.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    options: String,
    keeper: Child,
}

/// Makes a cluster in `$1` with the programs of `$2`, says `ready`, and takes all away when the
/// pipe closes.
const KEEPER: &str = r#"
trap '"$2/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null 2>&1; rm -rf "$1"' EXIT
"$2/initdb" -D "$1/data" -U coord -A trust --no-sync -E UTF8 --locale=C >"$1/log" 2>&1 &&
"$2/pg_ctl" -D "$1/data" -l "$1/log" -w -o "$3" start >/dev/null 2>&1 || { cat "$1/log"; exit 1; }
echo ready
read -r _
"#;

/// What was committed survives the death of the server, though not that of the machine.
pub const SURVIVING: &str =
    "-c listen_addresses='' -c fsync=off -c shared_buffers=32MB -c timezone=UTC";

/// Data is thrown away at the end: nothing has to reach a disk.
const OPTIONS: &str = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off \
                       -c full_page_writes=off -c shared_buffers=32MB -c timezone=UTC";

impl Postgres {
    /// Starts a server; fails the test if there is no PostgreSQL on this machine.
    pub fn start() -> Self {
        Self::start_with(OPTIONS)
    }

    /// The same with these options.
    pub fn start_with(options: &str) -> Self {
        let programs = programs().expect("initdb and pg_ctl of PostgreSQL are installed");
        let folder = tempfile::Builder::new()
            .prefix("coord-pg-")
            .tempdir_in(ground())
            .expect("a private folder can be made")
            .keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("it is ours");
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&folder).arg(&programs);
        let options = format!("-k {} {options}", folder.display());
        keeper.arg(&options);
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A test that is interrupted takes its process group with it; the keeper must outlive that.
        keeper.process_group(0).current_dir("/tmp");
        if rustix::process::geteuid().is_root() {
            let (user, group) = nobody();
            chown(&folder, Some(user), Some(group)).expect("root may give a folder away");
            keeper.uid(user).gid(group);
        }
        let mut keeper = keeper.spawn().expect("there is a shell");
        let mut said = BufReader::new(keeper.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("the keeper speaks text");
        if line != "ready\n" {
            said.read_to_string(&mut line).expect("the keeper speaks text");
        }
        assert_eq!(line, "ready\n", "PostgreSQL did not start");
        Self { folder, programs, options, keeper }
    }

    /// The server dies at once, as by `kill -9`, and starts again.
    pub fn crash(&self) {
        for act in [&["-m", "immediate", "stop"][..], &["-o", &self.options, "start"]] {
            let mut control = Command::new(self.programs.join("pg_ctl"));
            control
                .arg("-D")
                .arg(self.folder.join("data"))
                .arg("-w")
                .args(["-l", "/dev/null"])
                .args(act);
            control.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            control.process_group(0).current_dir("/tmp");
            if rustix::process::geteuid().is_root() {
                let (user, group) = nobody();
                control.uid(user).gid(group);
            }
            assert!(control.status().expect("pg_ctl is there").success(), "pg_ctl {act:?}");
        }
    }

    /// Connects to a new, empty database.
    pub fn database(&self, name: &str) -> Client {
        self.connect("postgres")
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("the name is new");
        self.connect(name)
    }

    /// One more connection to a database.
    pub fn connect(&self, name: &str) -> Client {
        self.reach(name).connect(NoTls).expect("the server runs and the database is there")
    }

    /// Where a database is reached.
    pub fn reach(&self, name: &str) -> Config {
        let mut config = Config::new();
        config.host_path(&self.folder).user("coord").dbname(name);
        config
    }

    /// The same as a URL, for other programs.
    pub fn url(&self, name: &str) -> String {
        format!("postgresql://coord@localhost/{name}?host={}", self.folder.display())
    }

    /// The same as this binary reads it, which would try `localhost` first.
    pub fn socket_url(&self, name: &str) -> String {
        format!("postgresql:///{name}?user=coord&host={}", self.folder.display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().expect("the keeper ends when its input does");
    }
}

/// Where clusters lie: in memory where there is room for many, because half of the time of a short test is making
/// their files.
///
/// Not the folder for temporary files: a socket's path must be short.
fn ground() -> &'static str {
    const ROOM: u64 = 4 << 30;
    let memory = "/dev/shm";
    let room = rustix::fs::statvfs(memory).map(|fs| fs.f_bavail.saturating_mul(fs.f_frsize));
    if room.is_ok_and(|room| room >= ROOM) { memory } else { "/tmp" }
}

/// The folder that has both programs: on the path, else where distributions put them, newest first.
fn programs() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests look for a program, not for a setting"
    )]
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    for place in ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"] {
        let mut versions: Vec<_> = fs::read_dir(place)
            .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
            .unwrap_or_default();
        versions.sort();
        folders.extend(versions.into_iter().rev());
    }
    folders.into_iter().find(|folder| ["initdb", "pg_ctl"].iter().all(|p| folder.join(p).is_file()))
}

/// Numbers of the user who owns nothing, and of the group.
fn nobody() -> (u32, u32) {
    let users = fs::read_to_string(Path::new("/etc/passwd")).expect("every Unix has its list");
    let line = users.lines().find(|line| line.starts_with("nobody:")).expect("nobody is listed");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().expect("ids are numbers"));
    let user = fields.next().expect("a user has a number");
    (user, fields.next().expect("a user has a group"))
}
